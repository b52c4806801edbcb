// POST /v1/models/M:classify: TensorFlow Serving's classification: the classes of each example by name, with scores.
#include <algorithm>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include "base/json.h"
#include "serve/raw_request.h"
#include "serve/tfs_json.h"
#include "serve/tfs_reply.h"

namespace slipway {

namespace {

// {"results": [[[class, score], …], …]}, the likeliest first.
Result<std::string> results(const AnswerMeaning& meaning, const Tensor& output) {
  if (output.rank() == 0 || output.dtype() != DType::f32) return unsupported("the model's answer has no scores");
  const Tensor scores = meaning.scores(output);
  const size_t width = meaning.classes.size();
  Json rows = Json::array();
  std::vector<size_t> order(width);
  for (size_t row = 0; row < static_cast<size_t>(scores.dim(0)); ++row) {
    const std::span<const float> x = scores.data<float>().subspan(row * width, width);
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return x[a] > x[b]; });
    Json pairs = Json::array();
    for (size_t c : order) pairs.push(Json::array({Json(meaning.classes[c]), Json(x[c])}));
    rows.push(std::move(pairs));
  }
  return Json::object({{"results", std::move(rows)}}).dump();
}

Result<PredictBody> read(std::string_view json, const Servable& servable) {
  if (servable.meaning().kind == AnswerKind::numbers) {
    return invalid(fmt::format("model {} tells no classes; :predict answers its numbers", servable.name()));
  }
  const bool tensors = servable.front() == nullptr || signature_name_of(json) == kTensorSignature;
  if (!tensors) return read_raw_body(json, *servable.front(), "examples");
  Result<Json> body = Json::parse(json);
  if (!body.ok()) return invalid(fmt::format("JSON Parse error: {}", body.status().message()));
  const Json& examples = (*body)["examples"];
  if (!examples.is_array()) return invalid("expected \"examples\", a list of rows");
  return read_predict_body(Json::object({{"instances", examples}}).dump(), servable.inputs());
}

void handle(EndpointContext& context, EndpointCall call) {
  auto fail = [&](Servable* servable, const Status& status) {
    call.exchange.respond(tfs_error(status));
    context.inference.failed(call.origin, servable, call.path.model, status);
  };
  Result<ModelSpec> spec = tfs_spec(call.path);
  if (!spec.ok()) return fail(nullptr, spec.status());
  Result<std::shared_ptr<Servable>> found = tfs_find(context.inference.models(), *spec);
  if (!found.ok()) return fail(nullptr, found.status());
  std::shared_ptr<Servable> servable = std::move(*found);
  if (read_aside(context, call, *servable, handle)) return;
  Result<PredictBody> body = read(call.exchange.request().body, *servable);
  call.exchange.release_body();
  if (!body.ok()) return fail(servable.get(), body.status());

  InferenceRequest request{.servable = servable, .inputs = std::move(body->inputs), .outputs = {0}};
  if (context.timeout_ns > 0) request.deadline_ns = call.origin.start_ns + context.timeout_ns;
  auto exchange = std::make_shared<HttpExchange>(std::move(call.exchange));
  context.inference.run(
      std::move(request), call.origin,
      [exchange, servable = servable.get(), limit = context.answer_limit](const Result<InferenceResponse>& result) {
        if (!result.ok()) return exchange->respond(tfs_error(result.status()));
        Result<std::string> answer = results(servable->meaning(), result->outputs[0]);
        if (answer.ok() && answer->size() > limit) answer = answer_too_large(limit);
        exchange->respond(answer.ok() ? HttpResponse{.body = *std::move(answer)} : tfs_error(answer.status()));
      });
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
