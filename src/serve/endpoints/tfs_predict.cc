// POST /v1/models/M:predict: TensorFlow Serving's inference over JSON, by row and by column.
#include <memory>

#include "serve/endpoint.h"
#include "serve/raw_request.h"
#include "serve/tfs_json.h"
#include "serve/tfs_reply.h"

namespace slipway {

namespace {

std::vector<std::string> output_names(const Servable& servable) {
  std::vector<std::string> names;
  for (const Port& port : servable.outputs()) names.push_back(port.name);
  return names;
}

HttpResponse answer(const Servable& servable, bool by_row, uint64_t limit, const Result<InferenceResponse>& result) {
  if (!result.ok()) return tfs_error(result.status());
  Result<std::string> body = write_predict_body(by_row, output_names(servable), result->outputs, limit);
  if (!body.ok()) return tfs_error(body.status());
  return {.body = std::move(*body)};
}

Result<PredictBody> read(std::string_view json, const Servable& servable) {
  const bool raw = servable.front() != nullptr && signature_name_of(json) != kTensorSignature;
  return raw ? read_raw_body(json, *servable.front()) : read_predict_body(json, servable.inputs());
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

  InferenceRequest request{.servable = servable, .inputs = std::move(body->inputs), .outputs = {}};
  request.raw = std::move(body->raw);
  if (context.timeout_ns > 0) request.deadline_ns = call.origin.start_ns + context.timeout_ns;
  auto exchange = std::make_shared<HttpExchange>(std::move(call.exchange));
  context.inference.run(
      std::move(request), call.origin,
      [exchange, servable = servable.get(), by_row = body->by_row, limit = context.answer_limit](
          Result<InferenceResponse> result) { exchange->respond(answer(*servable, by_row, limit, result)); });
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
