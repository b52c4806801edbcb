// POST /v1/models/M:regress: TensorFlow Serving's regression: a number for each example.
#include <fmt/format.h>

#include "base/json.h"
#include "serve/tfs_examples.h"
#include "serve/tfs_inference.h"

namespace slipway {

namespace {

Status check(const Servable& servable) {
  if (servable.meaning().kind == AnswerKind::numbers) return {};
  return invalid(fmt::format("model {} tells classes; :classify answers them", servable.name()));
}

// {"results": [number, …]}
Result<std::string> results(const Servable&, bool, const std::vector<Tensor>& outputs, uint64_t) {
  const Tensor& output = outputs[0];
  if (output.rank() == 0 || output.dtype() != DType::f32 || output.count() != output.dim(0)) {
    return invalid(fmt::format("the model answers {}, not a number for each example; :predict gives all of it",
                               to_string(output.type())));
  }
  return Json::object({{"results", Json::array_of(output.data<float>())}}).dump();
}

void handle(EndpointContext& context, EndpointCall call) {
  static constexpr TfsCallKind kRegress = {
      .check = check, .read = read_examples, .first_output = true, .answer = results, .handle = handle};
  answer_tfs_call(context, std::move(call), kRegress);
}

}  // namespace

ENDPOINT(tfs_regress) = {
    .name = "tfs_regress",
    .doc = "A number for each example.",
    .routes = {{{"POST", "/v1/models/{model}:regress"},
                {"POST", "/v1/models/{model}/versions/{version}:regress"},
                {"POST", "/v1/models/{model}/labels/{label}:regress"}}},
    .handle = handle,
};

}  // namespace slipway
