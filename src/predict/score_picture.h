// Score picture: how good a model is, to look at (SVG).
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace slipway {

// A number that was told, beside the true one.
struct ToldNumber {
  float truth = 0;
  float told = 0;
};

// Of classes: who was taken for whom (each row's shares as colour), or of labels that hold at once the precision and
// recall of each, and how often the model is right by how sure it is. Of numbers: those told above the true ones, with
// the line on which they would be right. `result`: Scores::result().
std::string score_picture(const Json& result, const std::vector<ToldNumber>& numbers);

}  // namespace slipway
