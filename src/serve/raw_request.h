// Raw requests: what a model that carries its preparation is asked with: columns by their names, texts, the bytes of
// images and sounds. Its tensors it takes only from who says so, since raw numbers in their place would be answered
// too.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/front.h"
#include "serve/endpoint.h"
#include "serve/tfs_json.h"
#include "serve/v2_json.h"

namespace slipway {

// The signature name by which a request brings tensors that are prepared already.
inline constexpr const char* kTensorSignature = "tensors";

// The raw inputs as ports: float32 or strings [rows], of a series float32 [rows, values].
std::vector<Port> raw_ports(const Front& front);

// The "signature_name" of a body; "" where it says none or is no JSON object.
std::string signature_name_of(std::string_view json);

// A predict body's model inputs, prepared: {"instances": [row, …]} or {"inputs": {column: [value, …]}}, rows as
// data/json_rows.h has them. `list`: what "instances" is called. Errors are invalid_argument and name the row and the
// column; whoever brings bare tensors is told the raw inputs.
Result<PredictBody> read_raw_body(std::string_view json, const Front& front, std::string_view list = "instances");

// The model's inputs, in its order, and what they were prepared from.
struct PreparedInputs {
  std::vector<Tensor> inputs;
  std::shared_ptr<const NamedRows> raw;
};

// The model's inputs, prepared, from a V2 request with a tensor [rows], or [rows, 1], for each raw input: numbers of
// any type, NaN being missing, or BYTES that spell them, "" being missing; categories and dates as BYTES; files as
// bytes.
Result<PreparedInputs> bind_raw_inputs(const V2Request& request, const Front& front, const std::string& model);

// Goes on with a request off the event loop when its model decodes files: they take longer than others should wait.
// False: it is to be answered here.
bool read_aside(EndpointContext& context, EndpointCall& call, const Servable& servable,
                void (*handle)(EndpointContext&, EndpointCall));

}  // namespace slipway
