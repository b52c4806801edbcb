// Reading examples, running them.
#include "serve/tfs_examples.h"

#include <memory>

#include <fmt/format.h>

#include "base/json.h"
#include "serve/raw_request.h"
#include "serve/tfs_json.h"
#include "serve/tfs_reply.h"

namespace slipway {

namespace {

Result<PredictBody> read(std::string_view json, const Servable& servable) {
  const bool tensors = servable.front() == nullptr || signature_name_of(json) == kTensorSignature;
  if (!tensors) return read_raw_body(json, *servable.front(), "examples");
  Result<Json> body = Json::parse(json);
  if (!body.ok()) return invalid(fmt::format("JSON Parse error: {}", body.status().message()));
  const Json& examples = (*body)["examples"];
  if (!examples.is_array()) return invalid("expected \"examples\", a list of rows");
  return read_predict_body(Json::object({{"instances", examples}}).dump(), servable.inputs());
}

}  // namespace

void answer_examples(EndpointContext& context, EndpointCall call, Status (*check)(const Servable&),
                     ExampleResults results, void (*handle)(EndpointContext&, EndpointCall)) {
  auto fail = [&](Servable* servable, const Status& status) {
    call.exchange.respond(tfs_error(status));
    context.inference.failed(call.origin, servable, call.path.model, status);
  };
  Result<ModelSpec> spec = tfs_spec(call.path);
  if (!spec.ok()) return fail(nullptr, spec.status());
  Result<std::shared_ptr<Servable>> found = tfs_find(context.inference.models(), *spec);
  if (!found.ok()) return fail(nullptr, found.status());
  std::shared_ptr<Servable> servable = std::move(*found);
  if (Status fits = check(*servable); !fits.ok()) return fail(servable.get(), fits);
  if (read_aside(context, call, *servable, handle)) return;
  Result<PredictBody> body = read(call.exchange.request().body, *servable);
  call.exchange.release_body();
  if (!body.ok()) return fail(servable.get(), body.status());

  InferenceRequest request{.servable = servable, .inputs = std::move(body->inputs), .outputs = {0}};
  request.raw = std::move(body->raw);
  if (context.timeout_ns > 0) request.deadline_ns = call.origin.start_ns + context.timeout_ns;
  auto exchange = std::make_shared<HttpExchange>(std::move(call.exchange));
  context.inference.run(
      std::move(request), call.origin,
      [exchange, servable = servable.get(), results,
       limit = context.answer_limit](const Result<InferenceResponse>& result) {
        if (!result.ok()) return exchange->respond(tfs_error(result.status()));
        Result<std::string> answer = results(*servable, result->outputs[0]);
        if (answer.ok() && answer->size() > limit) answer = answer_too_large(limit);
        exchange->respond(answer.ok() ? HttpResponse{.body = *std::move(answer)} : tfs_error(answer.status()));
      });
}

}  // namespace slipway
