// The [data] table of a recipe.
#include <fmt/ranges.h>

#include "data/charset.h"
#include "train/recipe_section.h"

namespace slipway::train {

namespace {

constexpr int64_t kMostDigits = 10'000'000;  // 784 bytes each

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

// missing = ["oops"]: words that say nothing; missing = "median" (or fill = "median"): what stands for them.
void read_missing(Section& data, DataSource& source) {
  const std::vector<std::pair<std::string, Missing>> fills = {
      {"mean", Missing::mean}, {"median", Missing::median}, {"most_frequent", Missing::most_frequent}};
  const bool words = data.has("missing") && (*data.raw())["missing"].is_array();
  if (words) {
    data.read("missing", source.csv.cells.missing);
  } else {
    read_choice<Missing>(data, "missing", fills, source.tabular.missing);
  }
  read_choice<Missing>(data, "fill", fills, source.tabular.missing);
  data.read("not_missing", source.csv.cells.not_missing);
}

// A character, spelled as itself or, for a tab, "\t" or "tab".
void read_character(Section& data, const char* key, char& to) {
  std::string text;
  data.read(key, text);
  if (!data.has(key)) return;
  if (text == "tab") text = "\t";
  if (text.size() != 1) return data.fail(key, fmt::format("expected one character, found \"{}\"", text));
  to = text[0];
}

// How a table's text is spelled.
void read_spelling(Section& data, CsvOptions& csv) {
  read_character(data, "delimiter", csv.delimiter);
  if (data.has("header")) data.read("header", csv.header.emplace());
  data.read("encoding", csv.encoding);
  if (Status known = to_utf8("", csv.encoding, "").status(); !known.ok()) {
    data.fail("encoding", known.message().substr(2));
  }
  read_choice<char>(data, "decimal", {{".", '.'}, {",", ','}}, csv.cells.decimal);
}

// columns = { zip = "category", day = "date" }
void read_words(Section& data, ColumnWords& columns) {
  if (!data.has("columns")) return;
  Section section = data.table("columns");
  if (section.raw() == nullptr) return;
  for (const auto& [key, node] : *section.raw()) {
    const std::string name(key.str());
    section.read(name.c_str(), columns[name]);
  }
  if (!section.status().ok()) data.fail_with(section.status());
}

void read_split(Section& data, DataSource& source) {
  read_choice<SplitBy>(data, "split",
                       {{"random", SplitBy::random},
                        {"stratified", SplitBy::stratified},
                        {"time", SplitBy::time},
                        {"group", SplitBy::group}},
                       source.split);
  data.read("split_by", source.split_column);
  const bool reads = source.split == SplitBy::time || source.split == SplitBy::group;
  if (data.has("split_by") && !reads) data.fail("split_by", "belongs to split = \"time\" or \"group\"");
  if (source.split == SplitBy::group && source.split_column.empty()) {
    data.fail("split", "\"group\" needs split_by = \"…\", the column of the groups");
  }
}

void read_columns(Section& data, DataSource& source) {
  TabularOptions& tabular = source.tabular;
  data.read("target", source.targets.columns);
  data.read("separator", source.targets.separator);
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
  read_missing(data, source);
  read_choice<Categories>(data, "categories", {{"one_hot", Categories::one_hot}, {"index", Categories::index}},
                          tabular.categories);
}

void read_text(Section& data, TextOptions& text) {
  data.read("tokenizer", text.tokenizer);
  data.read("vocabulary", text.vocabulary, 2);
  data.read("sequence_length", text.sequence_length, 1);
  data.read("stride", text.stride, 1);
  data.read("random_offset", text.random_offset);
}

void read_texts(Section& data, LabelledTextOptions& texts) {
  data.read("text", texts.column);
  data.read("tokenizer", texts.tokenizer);
}

void read_series(Section& data, SeriesOptions& series) {
  data.read("time", series.time);
  data.read("window", series.window, 1);
  data.read("horizon", series.horizon, 1);
  data.read("step", series.step, 1);
  data.read("season", series.season, 0);
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
  augment.read("noise", to.noise);
  augment.read("shift", to.shift);
  augment.read("gain", to.gain);
  augment.read("time_mask_param", to.time_mask_param, 0);
  augment.read("freq_mask_param", to.freq_mask_param, 0);
  augment.read("n_time_masks", to.n_time_masks, 0);
  augment.read("n_freq_masks", to.n_freq_masks, 0);
  return augment.finish();
}

// normalize = "imagenet", "data" (the training images' own numbers), or { mean = […], std = […] }
void read_normalization(Section& data, std::optional<ChannelNormalization>& to) {
  if (!data.has("normalize")) return;
  if (!(*data.raw())["normalize"].is_table()) {
    ChannelNormalization chosen;
    read_choice<ChannelNormalization>(data, "normalize", {{"imagenet", imagenet_normalization()}, {"data", {}}},
                                      chosen);
    to = chosen;
    return;
  }
  Section numbers = data.table("normalize");
  to.emplace();
  numbers.read("mean", to->mean);
  numbers.read("std", to->std);
  const bool whole = !to->mean.empty() && to->mean.size() == to->std.size() &&
                     std::ranges::all_of(to->std, [](double s) { return s > 0; });
  if (Status status = numbers.finish(); !status.ok()) return data.fail_with(status);
  if (!whole) data.fail("normalize", "expected mean and std with a number for each channel, those of std above 0");
}

// inputs = ["image", "place"], or inputs = { user = "user_id", context = ["age", "city"] }
void read_inputs(Section& data, std::vector<InputChoice>& inputs) {
  if (!data.has("inputs")) return;
  const toml::table* groups = (*data.raw())["inputs"].as_table();
  if (groups == nullptr) {
    std::vector<std::string> names;
    data.read("inputs", names);
    for (const std::string& name : names) inputs.push_back({name, {name}});
  } else {
    Section section = data.table("inputs");
    for (const auto& [key, node] : *groups) {
      const std::string name(key.str());
      inputs.push_back({name, {}});
      section.read(name.c_str(), inputs.back().columns);
    }
    if (!section.status().ok()) data.fail_with(section.status());
  }
  const bool whole = std::ranges::none_of(inputs, [](const InputChoice& input) { return input.columns.empty(); });
  if (inputs.empty() || !whole) data.fail("inputs", "expected at least one column or array for each input");
}

// The keys and the texts of the table, with their lines.
void remember(const Section& data, Recipe& recipe) {
  if (data.raw() == nullptr) return;
  for (const auto& [key, node] : *data.raw()) {
    const std::string name(key.str());
    recipe.data_keys.push_back({name, node.source().begin.line});
    auto add = [&](const toml::node& each) {
      if (each.is_string()) recipe.data_values.push_back({name, *each.value<std::string>(), each.source().begin.line});
    };
    add(node);
    if (const toml::array* items = node.as_array()) {
      for (const toml::node& item : *items) add(item);
    }
  }
}

}  // namespace

Status check_data(const Recipe& recipe) {
  const DataSource& source = recipe.data;
  if (source.path.empty() && recipe.data_keys.empty()) {
    return invalid(
        fmt::format("{}: expected a table [data] that says where the data is: path = \"…\", or kind = "
                    "\"mnist\" or \"digits\" for examples; found none",
                    recipe.where));
  }
  std::string kind = source.kind;
  if (kind == "auto" && source.path.empty()) return {};
  if (kind == "auto") {
    Result<std::string> found = kind_of_data(source.path);
    if (!found.ok()) return found.status().at(recipe.where);
    kind = *found;
  }
  return check_data_keys(kind, recipe.data_keys, recipe.where);
}

Status at_data_line(const Recipe& recipe, const Status& status) {
  int64_t line = 0;
  size_t longest = 0;
  for (const RecipeValue& value : recipe.data_values) {
    const bool quoted = status.message().find(fmt::format("\"{}\"", value.text)) != std::string::npos;
    const bool named = value.key == "path" && line == 0 && longest == 0;
    if (quoted && value.text.size() > longest) {
      longest = value.text.size();
      line = value.line;
    } else if (named) {
      line = value.line;
    }
  }
  return status.at(line > 0 ? fmt::format("{}:{}", recipe.where, line) : recipe.where);
}

Status read_data(Section data, Recipe& recipe) {
  remember(data, recipe);
  data.read("kind", recipe.data.kind);
  const std::vector<std::string> kinds = data_kinds();
  if (std::ranges::find(kinds, recipe.data.kind) == kinds.end()) {
    data.fail("kind", fmt::format("expected one of {}, found \"{}\"{}", fmt::join(kinds, ", "), recipe.data.kind,
                                  did_you_mean(recipe.data.kind, kinds)));
  }
  data.read("path", recipe.data.path);
  data.read("labels", recipe.data.labels);
  data.read("test_path", recipe.data.test_path);
  data.read("test_labels", recipe.data.test_labels);
  data.read("test_fraction", recipe.data.test_fraction);
  read_inputs(data, recipe.data.inputs);
  read_columns(data, recipe.data);
  read_spelling(data, recipe.data.csv);
  read_words(data, recipe.data.columns);
  read_split(data, recipe.data);
  if (!recipe.data.targets.columns.empty()) recipe.data.interactions.target = recipe.data.targets.columns[0];
  data.read("user", recipe.data.interactions.user);
  data.read("item", recipe.data.interactions.item);
  read_text(data, recipe.data.text);
  read_texts(data, recipe.data.texts);
  read_size(data, recipe.data.images.height, recipe.data.images.width);
  read_choice<bool>(data, "color", {{"rgb", false}, {"gray", true}}, recipe.data.images.gray);
  read_choice<BrokenFiles>(data, "broken", {{"refuse", BrokenFiles::refuse}, {"skip", BrokenFiles::skip}},
                           recipe.data.images.broken);
  recipe.data.audio.broken = recipe.data.images.broken;
  read_audio(data, recipe.data.audio);
  read_series(data, recipe.data.series);
  read_normalization(data, recipe.normalization);
  RETURN_IF_ERROR(read_augmentation(data.table("augment"), recipe.data.augmentation));
  data.read("examples", recipe.data.digits.train, 1, kMostDigits);
  data.read("test_examples", recipe.data.digits.test, 1, kMostDigits);
  data.read("validation_split", recipe.validation_split);
  if (recipe.validation_split < 0 || recipe.validation_split >= 1) {
    data.fail("validation_split", fmt::format("expected a fraction in [0, 1), found {}", recipe.validation_split));
  }
  RETURN_IF_ERROR(data.finish());
  return recipe.data.kind == "auto" ? Status() : check_data_keys(recipe.data.kind, recipe.data_keys, recipe.where);
}

}  // namespace slipway::train
