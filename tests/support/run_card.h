// Runs one card on given tensors, for tests of cards.
#pragma once

#include <string_view>
#include <vector>

#include "graph/operator.h"

namespace slipway::ops {

// Outputs of a node `op_type` on `inputs` (an undefined Tensor is an omitted input). The node is prepared twice, with
// its inputs constant and with their contents unknown, and inferred with and without contents; internal when the two
// runs differ, when a produced shape is not the inferred one, or when inference contradicts itself.
Result<std::vector<Tensor>> run_card(std::string_view op_type, const std::vector<Tensor>& inputs,
                                     Attributes attributes = {}, int outputs = 1, std::string_view domain = "");

// The only output, as text ("float32[2] [1, 2]"), or the error's message: one line of a literal table.
std::string card_text(std::string_view op_type, const std::vector<Tensor>& inputs, Attributes attributes = {},
                      std::string_view domain = "");

}  // namespace slipway::ops
