// What stands between a recipe's model and its data.
#include "train/beginning.h"

#include <algorithm>

#include "formats/format.h"
#include "train/imported.h"
#include "train/normalization.h"
#include "train/training_graph.h"

namespace slipway::train {

namespace {

// The weights that did not come with the recipe's file.
Result<std::vector<std::string>> new_weights(const Recipe& recipe, const Graph& model) {
  std::vector<std::string> names;
  if (recipe.model_file.empty() || recipe.layers.empty()) return names;
  const std::vector<std::string> old = trained_weights(TRY(read_model(recipe.model_file)), {});
  for (const std::string& name : trained_weights(model, {})) {
    if (std::ranges::find(old, name) == old.end()) names.push_back(name);
  }
  return names;
}

bool says(const Recipe& recipe, std::string_view key) {
  return std::ranges::find(recipe.data_keys, key, &DataKey::name) != recipe.data_keys.end();
}

bool is_folder_of_images(const DataSource& source) {
  if (source.kind == "images") return true;
  if (source.kind != "auto" || source.path.empty()) return false;
  const Result<std::string> kind = kind_of_data(source.path);
  return kind.ok() && *kind == "images";
}

}  // namespace

Result<Beginning> made_ready(const Recipe& recipe, const Dataset& data, const Graph& model) {
  Result<std::vector<std::string>> spared = new_weights(recipe, model);
  if (!spared.ok()) return spared.status();
  Beginning beginning{model, *std::move(spared)};
  if (data.parts.empty()) beginning.model = TRY(with_example_shape(beginning.model, data.example_shape()));
  if (!recipe.normalization) return beginning;
  ChannelNormalization normalization = *recipe.normalization;
  if (normalization.mean.empty()) normalization = TRY(channel_statistics(data));
  beginning.model = TRY(with_normalization(beginning.model, normalization));
  return beginning;
}

Status match_images(Recipe& recipe) {
  if (recipe.model_file.empty() || !is_folder_of_images(recipe.data)) return {};
  const Graph model = TRY(read_model(recipe.model_file));
  if (model.inputs.size() != 1 || !model.value(model.inputs[0]).dims) return {};
  const Dims& dims = *model.value(model.inputs[0]).dims;
  const bool planes = dims.size() == 4, plane = dims.size() == 3;
  if (!planes && !plane) return {};
  if (planes && !(dims[1].known() && (dims[1].size == 1 || dims[1].size == 3))) return {};  // channels stand elsewhere
  const Dim &height = dims[dims.size() - 2], &width = dims[dims.size() - 1];
  if (!says(recipe, "size") && height.known() && width.known()) {
    recipe.data.images.height = height.size;
    recipe.data.images.width = width.size;
  }
  const bool gray = plane || dims[1].size == 1;
  if (!says(recipe, "color") && gray) recipe.data.images.gray = true;
  return {};
}

}  // namespace slipway::train
