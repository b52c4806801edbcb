// POST /v1/models/M:predict: TensorFlow Serving's inference over JSON, by row and by column.
#include "serve/raw_request.h"
#include "serve/tfs_inference.h"

namespace slipway {

namespace {

Result<PredictBody> read(std::string_view json, const Servable& servable) {
  const bool raw = servable.front() != nullptr && signature_name_of(json) != kTensorSignature;
  return raw ? read_raw_body(json, *servable.front()) : read_predict_body(json, servable.inputs());
}

Result<std::string> answer(const Servable& servable, bool by_row, const std::vector<Tensor>& outputs, uint64_t limit) {
  std::vector<std::string> names;
  for (const Port& port : servable.outputs()) names.push_back(port.name);
  return write_predict_body(by_row, names, outputs, limit);
}

void handle(EndpointContext& context, EndpointCall call) {
  static constexpr TfsCallKind kPredict = {.read = read, .answer = answer, .handle = handle};
  answer_tfs_call(context, std::move(call), kPredict);
}

}  // namespace

ENDPOINT(tfs_predict) = {
    .name = "tfs_predict",
    .doc = "Inference on JSON instances (rows) or inputs (columns).",
    .routes = {{{"POST", "/v1/models/{model}:predict"},
                {"POST", "/v1/models/{model}/versions/{version}:predict"},
                {"POST", "/v1/models/{model}/labels/{label}:predict"}}},
    .handle = handle,
};

}  // namespace slipway
