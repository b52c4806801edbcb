// JSON rows: objects by names as raw inputs, for files of JSON lines and for requests.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/cells.h"
#include "formats/preparation.h"
#include "tensor/tensor.h"

namespace slipway {

// One tensor [n] (of series [n, values]) for each of `inputs`. Of each row an object with a member per input: numbers,
// text; null is missing; a text that spells a number, by `cells`, is one, and a number in a column of categories is its
// text. Images and sounds are {"b64": …}, texts text, series arrays in which null is the value before; where there is
// only one input its value may stand in place of the object.
// Errors begin with where(row) and name the column: a member that is not there or of another kind. Members that no
// input takes are passed over.
Result<std::vector<Tensor>> tensors_of(const std::vector<Json>& rows, const std::vector<RawInput>& inputs,
                                       const CellOptions& cells, const std::function<std::string(size_t row)>& where);

// The plain spelling of a cell with this value: text by `cells`, other values as JSON spells them, null as "".
std::string cell_of(const Json& value, const CellOptions& cells);

}  // namespace slipway
