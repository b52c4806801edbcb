// Beginning: a recipe's model made ready for its data, so that training can begin.
#pragma once

#include <string>
#include <vector>

#include "train/recipe.h"

namespace slipway::train {

struct Beginning {
  Graph model;
  std::vector<std::string> spared;  // weights of new layers put behind those of a file: nothing freezes them
};

// `model`, of the recipe's layers or its file, for examples of the data's shape (with_example_shape), behind the
// normalization that [data] asks for.
Result<Beginning> made_ready(const Recipe& recipe, const Dataset& data, const Graph& model);

// Where the recipe trains a file further on a folder of images and does not say their size or colour: those that the
// file's input takes.
Status match_images(Recipe& recipe);

}  // namespace slipway::train
