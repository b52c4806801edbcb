// The bodies of the V2 infer call: JSON, and raw tensors behind it (Triton's binary tensor data extension).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/port.h"
#include "serve/json_tensor.h"
#include "tensor/tensor.h"

namespace slipway {

struct V2Input {
  std::string name;
  std::string datatype;
  Shape shape;
  Tensor tensor;
};

struct V2Output {
  std::string name;
  std::optional<bool> binary;  // nullopt: as the request's binary_data_output says
  int64_t classes = 0;         // > 0: the top classes as text instead of the tensor
};

struct V2Request {
  std::optional<std::string> id;
  std::vector<V2Input> inputs;
  std::vector<V2Output> outputs;  // empty: all
  bool binary_output = false;
  int64_t timeout_us = 0;
  std::string signature_name;  // of the parameters; "" when absent
};

// `json` is the body's JSON part, `binary` what follows it, `model` for messages. Errors have Triton's words.
Result<V2Request> read_infer_body(std::string_view json, std::string_view binary, const std::string& model);

// A request whose whole body is the one input's raw bytes (Inference-Header-Content-Length: 0). At most one dimension
// of the input may be open; it follows from the size.
Result<V2Request> read_raw_body(std::string_view bytes, const std::vector<Port>& ports, const std::string& model);

// Matches a request's inputs to the model's by name and checks types and shapes: tensors in the model's order.
Result<std::vector<Tensor>> bind_inputs(const V2Request& request, const std::vector<Port>& ports,
                                        const std::string& model);

struct V2Answer {
  std::string body;
  std::optional<size_t> json_bytes;  // the length of the JSON part when raw tensors follow it
};
// `outputs[i]` answers `wanted[i]`. `labels` are of the classes, or empty. invalid_argument when it is longer than
// `limit` bytes.
Result<V2Answer> write_infer_body(const V2Request& request, const std::vector<V2Output>& wanted,
                                  const std::vector<Tensor>& outputs, const std::string& model, int64_t version,
                                  const std::vector<std::string>& labels, uint64_t limit = kNoLimit);

}  // namespace slipway
