// POST /v1/models/M:classify: TensorFlow Serving's classification: the classes of each example by name, with scores.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/json.h"
#include "serve/tfs_examples.h"
#include "serve/tfs_inference.h"

namespace slipway {

namespace {

Status check(const Servable& servable) {
  if (servable.meaning().kind != AnswerKind::numbers) return {};
  return invalid(fmt::format("model {} tells no classes; :predict answers its numbers", servable.name()));
}

// {"results": [[[class, score], …], …]}, the likeliest first.
Result<std::string> results(const Servable& servable, bool, const std::vector<Tensor>& outputs, uint64_t limit) {
  const Tensor& output = outputs[0];
  const AnswerMeaning& meaning = servable.meaning();
  if (output.rank() == 0 || output.dtype() != DType::f32) return unsupported("the model's answer has no scores");
  const Tensor scores = meaning.scores(output);
  const size_t width = meaning.classes.size();
  std::string text = R"({"results":[)";
  std::vector<size_t> order(width);
  for (size_t row = 0; row < static_cast<size_t>(scores.dim(0)); ++row) {
    const std::span<const float> x = scores.data<float>().subspan(row * width, width);
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return x[a] > x[b]; });
    Json pairs = Json::array();
    for (size_t c : order) pairs.push(Json::array({Json(meaning.classes[c]), Json(x[c])}));
    text += (row == 0 ? "" : ",") + pairs.dump();
    if (text.size() > limit) return answer_too_large(limit);
  }
  return text + "]}";
}

void handle(EndpointContext& context, EndpointCall call) {
  static constexpr TfsCallKind kClassify = {
      .check = check, .read = read_examples, .first_output = true, .answer = results, .handle = handle};
  answer_tfs_call(context, std::move(call), kClassify);
}

}  // namespace

ENDPOINT(tfs_classify) = {
    .name = "tfs_classify",
    .doc = "The classes of examples by name, the likeliest first.",
    .routes = {{{"POST", "/v1/models/{model}:classify"},
                {"POST", "/v1/models/{model}/versions/{version}:classify"},
                {"POST", "/v1/models/{model}/labels/{label}:classify"}}},
    .handle = handle,
};

}  // namespace slipway
