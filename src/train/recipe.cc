// Recipes: TOML to what it means, with every mistake named by line.
#include "train/recipe.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/nearest.h"
#include "base/toml.h"
#include "train/layers.h"
#include "train/metrics.h"

namespace slipway::train {

namespace {

constexpr int64_t kMostDigits = 10'000'000;  // 784 bytes each
constexpr int64_t kMostThreads = 1024;

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string: return "text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::array: return "a list";
    case toml::node_type::table: return "a table";
    default: return "a date";
  }
}

// One table of the recipe. Remembers the first error and which keys were asked for; finish() refuses the others.
class Section {
 public:
  // `from`: what the table stands for, where its own entries come from no line.
  Section(std::string where, std::string path, const toml::table* table, const toml::node* from = nullptr)
      : where_(std::move(where)), path_(std::move(path)), table_(table), from_(from) {}

  bool has(const char* key) {
    asked_.insert(key);
    return table_ != nullptr && table_->contains(key);
  }

  void read(const char* key, std::string& to) { read_as<std::string>(key, to, "text"); }
  void read(const char* key, bool& to) { read_as<bool>(key, to, "true or false"); }
  void read(const char* key, std::filesystem::path& to) {
    std::string text;
    read(key, text);
    if (!text.empty()) to = text;
  }
  void read(const char* key, int64_t& to, int64_t least = std::numeric_limits<int64_t>::min(),
            int64_t most = std::numeric_limits<int64_t>::max()) {
    read_as<int64_t>(key, to, "a whole number");
    if (!has(key) || !status_.ok()) return;
    if (to < least) fail(key, fmt::format("expected at least {}, found {}", least, to));
    if (to > most) fail(key, fmt::format("expected at most {}, found {}", most, to));
  }
  void read(const char* key, double& to) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    auto value = node->value<double>();
    if (!value || !node->is_number()) return wrong_type(key, *node, "a number");
    if (!std::isfinite(*value)) return fail(key, fmt::format("expected a finite number, found {}", *value));
    to = *value;
  }
  void read(const char* key, std::vector<std::string>& to) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    to.clear();
    if (node->is_string()) to.push_back(*node->value<std::string>());
    if (const toml::array* items = node->as_array()) {
      for (const toml::node& item : *items) {
        if (!item.is_string()) return wrong_type(key, item, "a list of texts");
        to.push_back(*item.value<std::string>());
      }
    } else if (!node->is_string()) {
      wrong_type(key, *node, "a list of texts");
    }
  }

  template <typename T>
  void read(const char* key, std::vector<T>& to) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const toml::array* items = node->as_array();
    if (items == nullptr) return wrong_type(key, *node, "a list of numbers");
    to.clear();
    for (const toml::node& item : *items) {
      bool fits = std::is_same_v<T, double> ? item.is_number() : item.is_integer();
      if (!fits) return wrong_type(key, item, std::is_same_v<T, double> ? "a number" : "a whole number");
      to.push_back(*item.value<T>());
    }
  }
  // The members that a kind of thing takes, with their ranges.
  template <typename T>
  void read_fields(T& to, std::span<const Field<T>> fields) {
    for (const Field<T>& field : fields) {
      std::visit([&](auto member) { read(field.name, to.*member); }, field.member);
      if (!has(field.name) || !status_.ok()) continue;
      Status fits = check_fields(path_, to, std::span(&field, 1));
      if (!fits.ok()) fail_at(table_->get(field.name), fits.message());
    }
  }

  // The table under `key`; a text counts as a table with only `shorthand`.
  Section table(const char* key, const char* shorthand = nullptr) {
    const toml::node* node = find(key);
    std::string path = path_.empty() ? key : path_ + "." + key;
    if (node == nullptr) return {where_, path, nullptr};
    if (const toml::table* table = node->as_table()) return {where_, path, table};
    if (shorthand != nullptr && node->is_string()) {
      owned_.push_back(std::make_unique<toml::table>());
      owned_.back()->insert(shorthand, *node->value<std::string>());
      return {where_, path, owned_.back().get(), node};
    }
    wrong_type(key, *node, "a table");
    return {where_, path, nullptr};
  }
  const toml::array* list(const char* key) {
    const toml::node* node = find(key);
    if (node != nullptr && !node->is_array()) wrong_type(key, *node, "a list");
    return node == nullptr ? nullptr : node->as_array();
  }

  void fail(const char* key, const std::string& what) {
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    fail_at(node, fmt::format("{}: {}", full(key), what));
  }
  void fail_at(const toml::node* node, const std::string& what) {
    if (!status_.ok()) return;
    if (node == nullptr || node->source().begin.line == 0) node = from_;
    std::string line =
        node == nullptr || node->source().begin.line == 0 ? "" : fmt::format(":{}", node->source().begin.line);
    status_ = invalid(fmt::format("{}{}: {}", where_, line, what));
  }

  // Refuses keys that nobody asked for.
  Status finish() {
    if (!status_.ok() || table_ == nullptr) return status_;
    std::vector<std::string> known(asked_.begin(), asked_.end());
    for (const auto& [key, node] : *table_) {
      std::string name(key.str());
      if (asked_.contains(name)) continue;
      fail_at(&node, fmt::format("unknown key \"{}\"{}", full(name), did_you_mean(name, known)));
    }
    return status_;
  }
  const toml::table* raw() const { return table_; }
  const Status& status() const { return status_; }

 private:
  std::string full(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  }
  const toml::node* find(const char* key) { return has(key) ? table_->get(key) : nullptr; }
  void wrong_type(const char* key, const toml::node& node, const char* expected) {
    fail_at(&node, fmt::format("{}: expected {}, found {}", full(key), expected, kind_of(node)));
  }
  template <typename T>
  void read_as(const char* key, T& to, const char* expected) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (auto value = node->value_exact<T>()) {
      to = *value;
    } else {
      wrong_type(key, *node, expected);
    }
  }

  std::string where_;
  std::string path_;
  const toml::table* table_;
  const toml::node* from_;
  std::set<std::string> asked_;
  Status status_;
  std::vector<std::unique_ptr<toml::table>> owned_;
};

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

// One layer: its type, name and inputs, every other key an argument.
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
    if (key.str() == "type" || key.str() == "name" || key.str() == "inputs") {
      if (text == nullptr) return invalid(fmt::format("{}: expected text, found {}", key.str(), kind_of(value)));
      if (key.str() == "type") layer.type = *text;
      if (key.str() == "name") layer.name = *text;
      if (key.str() == "inputs") layer.inputs = {*text};
      continue;
    }
    layer.parameters.emplace(std::string(key.str()), *read);
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
  }
}

// One of several words.
template <typename T>
void read_choice(Section& section, const char* key, const std::vector<std::pair<std::string, T>>& choices, T& to) {
  std::string word;
  section.read(key, word);
  if (!section.has(key)) return;
  std::string expected;
  for (const auto& [name, value] : choices) {
    if (name == word) {
      to = value;
      return;
    }
    expected += (expected.empty() ? "" : ", ") + name;
  }
  section.fail(key, fmt::format("expected one of {}, found \"{}\"", expected, word));
}

// size = 32 or size = [height, width]
void read_size(Section& data, int64_t& height, int64_t& width) {
  if (!data.has("size")) return;
  const toml::node& node = *data.raw()->get("size");
  const toml::array* sides = node.as_array();
  if (std::optional<int64_t> side = node.value_exact<int64_t>()) {
    height = width = *side;
  } else if (sides != nullptr && sides->size() == 2 && (*sides)[0].is_integer() && (*sides)[1].is_integer()) {
    height = *(*sides)[0].value<int64_t>();
    width = *(*sides)[1].value<int64_t>();
  } else {
    data.fail("size", "expected a whole number or [height, width]");
  }
}

void read_columns(Section& data, TabularOptions& tabular) {
  data.read("target", tabular.target);
  data.read("drop", tabular.drop);
  data.read("sample_weight", tabular.weight);
  read_choice<Task>(
      data, "task",
      {{"automatic", Task::automatic}, {"classification", Task::classification}, {"regression", Task::regression}},
      tabular.task);
  data.read("standardize", tabular.standardize);
  data.read("no_standardize", tabular.no_standardize);
  data.read("categorical", tabular.categorical);
  data.read("missing_indicator", tabular.missing_indicator);
  read_choice<Missing>(
      data, "missing",
      {{"mean", Missing::mean}, {"median", Missing::median}, {"most_frequent", Missing::most_frequent}},
      tabular.missing);
  read_choice<Categories>(data, "categories", {{"one_hot", Categories::one_hot}, {"index", Categories::index}},
                          tabular.categories);
}

void read_text(Section& data, TextOptions& text) {
  data.read("tokenizer", text.tokenizer);
  data.read("vocabulary", text.vocabulary, 2);
  data.read("sequence_length", text.sequence_length, 1);
  data.read("stride", text.stride, 1);
}

void read_audio(Section& data, AudioOptions& audio) {
  SpectrumOptions& spectrum = audio.spectrum;
  bool mfcc = false;
  read_choice<bool>(data, "features", {{"log_mel", false}, {"mfcc", true}}, mfcc);
  if (mfcc) spectrum.coefficients = 13;
  data.read("coefficients", spectrum.coefficients, 1);
  if (data.has("coefficients") && !mfcc) data.fail("coefficients", "belongs to features = \"mfcc\"");
  data.read("sample_rate", spectrum.rate, 1);
  data.read("seconds", audio.seconds);
  data.read("fft", spectrum.fft, 2);
  data.read("window", spectrum.window, 1);
  data.read("hop", spectrum.hop, 1);
  data.read("mels", spectrum.mels, 1);
  data.read("low", spectrum.low);
  data.read("high", spectrum.high);
  read_choice<MelScale>(data, "mel_scale", {{"slaney", MelScale::slaney}, {"htk", MelScale::htk}}, spectrum.scale);
}

Status read_augmentation(Section augment, Augmentation& to) {
  augment.read("flip", to.flip);
  augment.read("vertical_flip", to.vertical_flip);
  augment.read("crop_padding", to.crop_padding, 0);
  augment.read("rotation", to.rotation);
  augment.read("brightness", to.brightness);
  augment.read("cutout", to.cutout, 0);
  return augment.finish();
}

Status read_data(Section data, Recipe& recipe) {
  data.read("kind", recipe.data.kind);
  const std::vector<std::string> kinds = data_kinds();
  if (std::ranges::find(kinds, recipe.data.kind) == kinds.end()) {
    data.fail("kind", fmt::format("expected one of {}, found \"{}\"", fmt::join(kinds, ", "), recipe.data.kind));
  }
  data.read("path", recipe.data.path);
  data.read("labels", recipe.data.labels);
  data.read("test_path", recipe.data.test_path);
  data.read("test_labels", recipe.data.test_labels);
  data.read("test_fraction", recipe.data.test_fraction);
  read_columns(data, recipe.data.tabular);
  recipe.data.interactions.target = recipe.data.tabular.target.empty() ? "rating" : recipe.data.tabular.target;
  data.read("user", recipe.data.interactions.user);
  data.read("item", recipe.data.interactions.item);
  read_text(data, recipe.data.text);
  read_size(data, recipe.data.images.height, recipe.data.images.width);
  read_choice<bool>(data, "color", {{"rgb", false}, {"gray", true}}, recipe.data.images.gray);
  read_choice<BrokenFiles>(data, "broken", {{"refuse", BrokenFiles::refuse}, {"skip", BrokenFiles::skip}},
                           recipe.data.images.broken);
  recipe.data.audio.broken = recipe.data.images.broken;
  read_audio(data, recipe.data.audio);
  RETURN_IF_ERROR(read_augmentation(data.table("augment"), recipe.data.augmentation));
  data.read("examples", recipe.data.digits.train, 1, kMostDigits);
  data.read("test_examples", recipe.data.digits.test, 1, kMostDigits);
  data.read("validation_split", recipe.validation_split);
  if (recipe.validation_split < 0 || recipe.validation_split >= 1) {
    data.fail("validation_split", fmt::format("expected a fraction in [0, 1), found {}", recipe.validation_split));
  }
  return data.finish();
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

Status read_loss(Section loss, Loss& to) {
  loss.read("type", to.type);
  Result<std::vector<Field<Loss>>> fields = loss_fields(to.type);
  if (!fields.ok()) {
    loss.fail("type", fields.status().message());
    return loss.status();
  }
  loss.read_fields(to, std::span<const Field<Loss>>(*fields));
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
  RETURN_IF_ERROR(read_loss(train.table("loss", "type"), recipe.trainer.training.loss));
  read_choice<Precision>(train, "precision", {{"fp32", Precision::f32}, {"bf16", Precision::bf16}},
                         recipe.trainer.training.precision);
  RETURN_IF_ERROR(read_optimizer(train.table("optimizer", "type"), recipe.trainer.training.optimizer));
  RETURN_IF_ERROR(read_schedule(train.table("schedule", "type"), recipe.trainer.schedule));
  return train.finish();
}

constexpr Field<EarlyStopping> kEarlyStopping[] = {
    {"monitor", &EarlyStopping::monitor},
    {"patience", &EarlyStopping::patience, 1, 1e9},
    {"min_delta", &EarlyStopping::min_delta, 0, 1e9},
    {"restore_best", &EarlyStopping::restore_best},
};
constexpr Field<ReduceOnPlateau> kReduceOnPlateau[] = {
    {"monitor", &ReduceOnPlateau::monitor},           {"factor", &ReduceOnPlateau::factor, 0, 1},
    {"patience", &ReduceOnPlateau::patience, 1, 1e9}, {"min_delta", &ReduceOnPlateau::min_delta, 0, 1e9},
    {"cooldown", &ReduceOnPlateau::cooldown, 0, 1e9}, {"min_lr", &ReduceOnPlateau::min_lr, 0, 1e6},
};

// A callback that monitors something, when the recipe asks for it.
template <typename T>
Status read_monitor(Section& callbacks, const char* key, std::span<const Field<T>> fields, const Recipe& recipe,
                    std::optional<T>& to) {
  if (!callbacks.has(key)) return callbacks.status();
  Section section = callbacks.table(key);
  to.emplace();
  section.read_fields(*to, fields);
  if (Status known = greater_is_better(to->monitor).status(); !known.ok()) section.fail("monitor", known.message());
  if (to->monitor.starts_with("val_") && recipe.validation_split == 0) {
    section.fail("monitor", "needs data.validation_split above 0");
  }
  return section.finish();
}

Status read_callbacks(Section callbacks, Recipe& recipe) {
  RETURN_IF_ERROR(read_monitor(callbacks, "early_stopping", named(kEarlyStopping), recipe, recipe.fit.early_stopping));
  RETURN_IF_ERROR(read_monitor(callbacks, "reduce_lr_on_plateau", named(kReduceOnPlateau), recipe,
                               recipe.fit.callbacks.reduce_lr_on_plateau));
  callbacks.read("checkpoints", recipe.fit.checkpoints);
  callbacks.read("csv_log", recipe.fit.callbacks.csv_log);
  callbacks.read("tensorboard", recipe.fit.callbacks.tensorboard);
  return callbacks.finish();
}

void make_absolute(std::filesystem::path& path, const std::filesystem::path& folder) {
  if (!path.empty() && path.is_relative()) path = folder / path;
}

}  // namespace

Result<Recipe> parse_recipe(const std::string& text, const std::string& where, const std::filesystem::path& folder) {
  toml::table table;
  try {
    table = toml::parse(text, where);
  } catch (const toml::parse_error& error) {
    return invalid(fmt::format("{}:{}:{}: not TOML: {}", where, error.source().begin.line, error.source().begin.column,
                               error.description()));
  }
  Recipe recipe;
  recipe.text = text;
  recipe.validation_split = 0;
  int64_t seed = 1;
  Section root(where, "", &table);
  root.read("name", recipe.name);
  root.read("seed", seed, 0);
  recipe.trainer.seed = static_cast<uint64_t>(seed);
  recipe.trainer.training.seed = recipe.trainer.seed;
  RETURN_IF_ERROR(read_data(root.table("data"), recipe));
  RETURN_IF_ERROR(read_model(root.table("model"), root, recipe));
  RETURN_IF_ERROR(read_train(root.table("train"), recipe));
  RETURN_IF_ERROR(read_callbacks(root.table("callbacks"), recipe));
  RETURN_IF_ERROR(root.finish());
  for (std::filesystem::path* path :
       {&recipe.data.path, &recipe.data.labels, &recipe.data.test_path, &recipe.data.test_labels, &recipe.model_file,
        &recipe.fit.checkpoints, &recipe.fit.callbacks.csv_log, &recipe.fit.callbacks.tensorboard}) {
    make_absolute(*path, folder);
  }
  return recipe;
}

Result<Recipe> read_recipe(const std::filesystem::path& path) {
  std::string text = TRY(read_file(path, 1 << 20));
  return parse_recipe(text, path.string(), path.parent_path());
}

}  // namespace slipway::train
