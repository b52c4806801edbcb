// InputParts: the examples of a model with several inputs. An example stays one row of numbers; each input takes its
// part of it.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace slipway {

// One input as a recipe names it: `data.inputs = { user = "user_id", context = ["age", "city"] }`. Of a table
// `columns` are columns, of an .npz file arrays.
struct InputChoice {
  std::string name;
  std::vector<std::string> columns;
};

// The features of `data` regrouped: first those of the first input's columns, and so on; `parts` says how many each
// input takes. A column means every feature made of it (its categories, its "missing" indicator); features of no input
// are left out, a column may go to several. Error for a column that made no feature.
Result<Dataset> with_inputs(const Dataset& data, const std::vector<InputChoice>& inputs);

// The arrays [N, ...] side by side as one [N, elements], uint8 if all are, else float32; their shapes as `parts`.
// Error (names `where`) where they have not as many examples.
struct JoinedArrays {
  Tensor inputs;
  std::vector<InputPart> parts;
};
Result<JoinedArrays> join_arrays(const std::vector<std::string>& names, const std::vector<Tensor>& arrays,
                                 const std::string& where);

}  // namespace slipway
