// The bodies of TensorFlow Serving's REST predict call (g3doc/api_rest.md, util/json_tensor.cc).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/port.h"
#include "serve/json_tensor.h"
#include "tensor/named_rows.h"

namespace slipway {

struct PredictBody {
  bool by_row = true;          // "instances": a list of examples; else "inputs": whole tensors
  std::string signature_name;  // "" when absent; else "serving_default" or "tensors" (serve/raw_request.h)
  std::vector<Tensor> inputs;  // in the order of the ports
  std::shared_ptr<const NamedRows> raw = nullptr;  // what they were prepared from; nullptr: they came as they are
};

// {"instances": [...]} or {"inputs": ...}, with the dtypes of `ports`; shapes are whatever the text has.
// Errors are invalid_argument in TensorFlow Serving's words.
Result<PredictBody> read_predict_body(std::string_view json, const std::vector<Port>& ports);

// The rows alone, as "instances" has them: [row, …].
Result<PredictBody> read_predict_rows(std::string_view rows, const std::vector<Port>& ports);

// {"predictions": [...]} or {"outputs": ...}. `names[i]` names `outputs[i]`.
// invalid_argument when rows are asked for and the outputs do not share dimension 0, or when it is longer than `limit`.
Result<std::string> write_predict_body(bool by_row, const std::vector<std::string>& names,
                                       const std::vector<Tensor>& outputs, uint64_t limit = kNoLimit);

}  // namespace slipway
