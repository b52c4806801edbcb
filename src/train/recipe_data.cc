// The [data] table of a recipe.
#include <fmt/ranges.h>

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
  data.read("random_offset", text.random_offset);
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

}  // namespace

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
  read_inputs(data, recipe.data.inputs);
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

}  // namespace slipway::train
