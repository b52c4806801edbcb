// Recipes: TOML to what it means, with every mistake named by line.
#include "train/recipe.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/file.h"
#include "train/callbacks/callback_card.h"
#include "train/layer_sizes.h"
#include "train/layers.h"
#include "train/metrics.h"
#include "train/recipe_section.h"

namespace slipway::train {

namespace {

constexpr int64_t kMostThreads = 1024;

Result<LayerParameter> layer_parameter(const toml::node& node) {
  if (auto value = node.value_exact<bool>()) return LayerParameter(*value);
  if (auto value = node.value_exact<int64_t>()) return LayerParameter(*value);
  if (auto value = node.value_exact<double>()) return LayerParameter(*value);
  if (auto value = node.value_exact<std::string>()) return LayerParameter(*value);
  if (const toml::array* items = node.as_array()) {
    std::vector<int64_t> values;
    for (const toml::node& item : *items) {
      if (!item.is_integer()) return invalid("expected a list of whole numbers");
      values.push_back(*item.value<int64_t>());
    }
    return LayerParameter(values);
  }
  return invalid("expected a number, a text, true, false or a list of whole numbers");
}

// One layer: its type, name, inputs and what it shares; every other key an argument.
Result<Layer> read_layer(const toml::table& table) {
  Layer layer;
  for (const auto& [key, value] : table) {
    if (key.str() == "inputs" && value.is_array()) {
      for (const toml::node& item : *value.as_array()) {
        if (!item.is_string()) return invalid("inputs: expected names of layers");
        layer.inputs.push_back(*item.value<std::string>());
      }
      continue;
    }
    Result<LayerParameter> read = layer_parameter(value);
    if (!read.ok()) return read.status().at(key.str());
    const std::string* text = std::get_if<std::string>(&*read);
    std::string* own = key.str() == "type"     ? &layer.type
                       : key.str() == "name"   ? &layer.name
                       : key.str() == "shares" ? &layer.shares
                                               : nullptr;
    if (own == nullptr && key.str() != "inputs") {
      layer.parameters.emplace(std::string(key.str()), *read);
      continue;
    }
    if (text == nullptr) return invalid(fmt::format("{}: expected text, found {}", key.str(), kind_of(value)));
    if (own != nullptr) {
      *own = *text;
    } else {
      layer.inputs = {*text};
    }
  }
  RETURN_IF_ERROR(check(layer));
  return layer;
}

void read_layers(Section& section, Recipe& recipe) {
  const toml::array* list = section.list("layers");
  if (list == nullptr) return;
  for (const toml::node& node : *list) {
    const toml::table* table = node.as_table();
    if (table == nullptr || !(*table)["type"].is_string()) {
      return section.fail_at(&node, "layers: expected tables like { type = \"Dense\", units = 10 }");
    }
    Result<Layer> layer = read_layer(*table);
    if (!layer.ok()) {
      return section.fail_at(&node, fmt::format("layer {} ({}): {}", recipe.layers.size() + 1,
                                                *(*table)["type"].value<std::string>(), layer.status().message()));
    }
    recipe.layers.push_back(*std::move(layer));
    recipe.layer_lines.push_back(node.source().begin.line);
  }
}

// Layers are the model or, beside a file, what takes the place of the file's last ones. They may stand in [model] or
// as [[layers]] of their own.
Status read_model(Section model, Section& root, Recipe& recipe) {
  model.read("file", recipe.model_file);
  model.read("freeze", recipe.trainer.training.freeze);
  model.read("cut", recipe.cut);
  if (model.has("layers") && root.has("layers")) model.fail("layers", "given twice, in [model] and as [[layers]]");
  read_layers(model, recipe);
  read_layers(root, recipe);
  RETURN_IF_ERROR(root.status());
  RETURN_IF_ERROR(model.finish());
  if (recipe.layers.empty() && recipe.model_file.empty())
    model.fail("layers", "expected either layers or file in [model]");
  bool cuts = !recipe.layers.empty() && !recipe.model_file.empty();
  if (model.has("cut") && !cuts) model.fail("cut", "needs file and layers: the layers stand behind it in the file");
  return model.status();
}

Status read_optimizer(Section optimizer, Optimizer& to) {
  optimizer.read("type", to.type);
  Result<std::vector<Field<Optimizer>>> fields = optimizer_fields(to.type);
  if (!fields.ok()) {
    optimizer.fail("type", fields.status().message());
    return optimizer.status();
  }
  optimizer.read_fields(to, std::span<const Field<Optimizer>>(*fields));
  RETURN_IF_ERROR(optimizer.finish());
  if (Status fits = check(to); !fits.ok()) optimizer.fail("type", fits.message());
  return optimizer.status();
}

Status read_schedule(Section schedule, Schedule& to) {
  schedule.read("type", to.type);
  Result<std::span<const Field<Schedule>>> fields = schedule_fields(to.type);
  if (!fields.ok()) {
    schedule.fail("type", fields.status().message());
    return schedule.status();
  }
  schedule.read_fields(to, *fields);
  RETURN_IF_ERROR(schedule.finish());
  if (Status fits = check(to); !fits.ok()) schedule.fail("type", fits.message());
  return schedule.status();
}

bool is_text(Section& section, const char* key) { return section.has(key) && section.raw()->get(key)->is_string(); }

Status read_loss(Section loss, Recipe& recipe) {
  Loss& to = recipe.trainer.training.loss;
  loss.read("type", to.type);
  Result<std::vector<Field<Loss>>> fields = loss_fields(to.type);
  if (!fields.ok()) {
    loss.fail("type", fields.status().message());
    return loss.status();
  }
  recipe.balanced = is_text(loss, "class_weight");
  std::vector<Field<Loss>> others;
  for (const Field<Loss>& field : *fields) {
    if (!recipe.balanced || std::string_view(field.name) != "class_weight") others.push_back(field);
  }
  if (recipe.balanced) read_choice<bool>(loss, "class_weight", {{"balanced", true}}, recipe.balanced);
  loss.read_fields(to, std::span<const Field<Loss>>(others));
  RETURN_IF_ERROR(loss.finish());
  if (Status fits = check(to); !fits.ok()) loss.fail("type", fits.message());
  return loss.status();
}

Status read_train(Section train, Recipe& recipe) {
  std::vector<std::string> metrics = {"accuracy"};
  train.read("metrics", metrics);
  for (const std::string& metric : metrics) {
    if (Status known = make_metric(metric).status(); !known.ok()) train.fail("metrics", known.message());
    if (metric != "accuracy") recipe.trainer.metrics.push_back(metric);
  }
  train.read("epochs", recipe.trainer.epochs, 1);
  train.read("batch_size", recipe.trainer.batch_size, 1);
  int64_t threads = recipe.trainer.threads;
  train.read("threads", threads, 0, kMostThreads);
  recipe.trainer.threads = static_cast<int>(threads);
  RETURN_IF_ERROR(read_loss(train.table("loss", "type"), recipe));
  const Loss& loss = recipe.trainer.training.loss;
  if (train.has("metrics") && std::ranges::find(metrics, "accuracy") != metrics.end() && !classifies(loss)) {
    train.fail("metrics", fmt::format("accuracy counts right classes, but {} compares numbers; take a loss of classes, "
                                      "or a metric of numbers such as mae",
                                      full_loss_name(loss.type)));
  }
  read_choice<Precision>(train, "precision", {{"fp32", Precision::f32}, {"bf16", Precision::bf16}},
                         recipe.trainer.training.precision);
  RETURN_IF_ERROR(read_optimizer(train.table("optimizer", "type"), recipe.trainer.training.optimizer));
  RETURN_IF_ERROR(read_schedule(train.table("schedule", "type"), recipe.trainer.schedule));
  return train.finish();
}

Status read_callbacks(Section callbacks, Recipe& recipe) {
  for (const CallbackCard* card : all_callbacks()) {
    if (!callbacks.has(card->name)) continue;
    if (card->path != nullptr) {
      callbacks.read(card->name, recipe.fit.callbacks.*card->path);
    } else {
      RETURN_IF_ERROR(card->read(callbacks, recipe));
    }
  }
  callbacks.read("restore_best", recipe.fit.restore_best);
  callbacks.read("checkpoints", recipe.fit.checkpoints);
  return callbacks.finish();
}

Result<toml::table> parse_toml(const std::string& text, const std::string& where) {
  try {
    return toml::parse(text, where);
  } catch (const toml::parse_error& error) {
    const std::string_view why = error.description();  // of words that begin with t or f: no "true", no "false"
    const bool bare = why.find("could not determine value type") != std::string_view::npos ||
                      why.find("parsing boolean") != std::string_view::npos;
    return invalid(fmt::format("{}:{}:{}: not TOML: {}{}", where, error.source().begin.line,
                               error.source().begin.column, error.description(),
                               bare ? "; text stands in quotes: target = \"price\"" : ""));
  }
}

void make_absolute(std::filesystem::path& path, const std::filesystem::path& folder) {
  if (!path.empty() && path.is_relative()) path = folder / path;
}

}  // namespace

Result<Recipe> parse_recipe(const std::string& text, const std::string& where, const std::filesystem::path& folder) {
  const toml::table table = TRY(parse_toml(text, where));
  Recipe recipe;
  recipe.text = text;
  recipe.where = where;
  recipe.fit.restore_best = true;
  int64_t seed = 1;
  Section root(where, "", &table);
  root.read("name", recipe.name);
  root.read("seed", seed, 0);
  recipe.trainer.seed = static_cast<uint64_t>(seed);
  recipe.trainer.training.seed = recipe.trainer.seed;
  for (const char* section : {"data", "model", "layers", "train", "callbacks"}) root.has(section);
  RETURN_IF_ERROR(root.finish());
  RETURN_IF_ERROR(read_data(root.table("data"), recipe));
  RETURN_IF_ERROR(read_model(root.table("model"), root, recipe));
  RETURN_IF_ERROR(read_train(root.table("train"), recipe));
  RETURN_IF_ERROR(read_callbacks(root.table("callbacks"), recipe));
  RETURN_IF_ERROR(root.status());
  for (std::filesystem::path* path : {&recipe.data.path, &recipe.data.labels, &recipe.data.test_path,
                                      &recipe.data.test_labels, &recipe.model_file, &recipe.fit.checkpoints}) {
    make_absolute(*path, folder);
  }
  for (const CallbackCard* card : all_callbacks()) {
    if (card->path != nullptr) make_absolute(recipe.fit.callbacks.*card->path, folder);
  }
  return recipe;
}

Status at_layer_line(const Recipe& recipe, const Status& status) {
  constexpr std::string_view kLayer = "layer ";
  const std::string& message = status.message();
  const size_t at = message.find(kLayer);
  size_t number = 0;
  if (at != std::string::npos) {
    const char* begin = message.data() + at + kLayer.size();
    std::from_chars(begin, message.data() + message.size(), number);
  }
  const bool known = number >= 1 && number <= recipe.layer_lines.size();
  return status.at(known ? fmt::format("{}:{}", recipe.where, recipe.layer_lines[number - 1]) : recipe.where);
}

namespace {

// Whether numbers may be classes: 0 and 1, perhaps 2, ….
bool few_classes(const Dataset& train) {
  constexpr float kMost = 100;
  return std::ranges::all_of(train.labels.data<float>(),
                             [](float y) { return y >= 0 && y <= kMost && y == std::floor(y); });
}

}  // namespace

Status balance(Recipe& recipe, const Dataset& train) {
  Result<std::vector<Layer>> sized = sized_by(recipe.layers, train);
  if (!sized.ok()) return at_layer_line(recipe, sized.status());
  recipe.layers = *std::move(sized);
  if (!recipe.balanced) return {};
  if (train.labels.dtype() == DType::f32 && train.window == 0 && train.classes.empty() && !few_classes(train)) {
    return invalid(recipe.where +
                   ": class_weight = \"balanced\" needs labels that are classes, and the target is a number; for "
                   "regression take loss = \"mean_squared_error\" without it, for classes task = \"classification\" in "
                   "[data]");
  }
  std::map<int64_t, int64_t> counts;
  for (size_t c = 0; c < train.classes.size(); ++c) counts[static_cast<int64_t>(c)] = 0;
  const bool one = train.label_width() == 1;
  if (train.labels.dtype() == DType::i64 && one) {
    for (int64_t label : train.labels.data<int64_t>()) ++counts[label];
  } else if (one && train.window == 0) {
    for (float label : train.labels.data<float>()) ++counts[std::llround(static_cast<double>(label))];
  }
  const auto classes = static_cast<double>(counts.size()), n = static_cast<double>(train.size());
  int64_t next = 0;
  std::vector<double> weights;
  for (const auto& [label, count] : counts) {
    if (label != next++ || count == 0) {
      return invalid(fmt::format("{}: class_weight = \"balanced\": class {} has no training example", recipe.where,
                                 count == 0 ? label : next - 1));
    }
    weights.push_back(n / (classes * static_cast<double>(count)));
  }
  if (weights.size() < 2) {
    return invalid(recipe.where +
                   ": class_weight = \"balanced\" needs labels that are classes; give every weight yourself");
  }
  recipe.trainer.training.loss.class_weight = std::move(weights);
  return {};
}

Result<Recipe> read_recipe(const std::filesystem::path& path, const std::vector<Setting>& settings) {
  std::string text = TRY(read_file(path, 1 << 20));
  // A file that is no TOML is refused with its line.
  if (!settings.empty()) RETURN_IF_ERROR(parse_toml(text, path.string()).status());
  for (const Setting& setting : settings) {
    Result<std::string> edited = with_setting(text, setting);
    if (!edited.ok()) {
      return invalid(fmt::format("--set {}={}: {}", setting.key, setting.value, edited.status().message()));
    }
    text = *std::move(edited);
  }
  Result<Recipe> recipe = parse_recipe(text, path.string(), path.parent_path());
  return recipe.ok() ? std::move(recipe) : Result<Recipe>(at_setting(settings, recipe.status()));
}

}  // namespace slipway::train
