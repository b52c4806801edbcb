// Look up, read, run, answer.
#include "serve/tfs_inference.h"

#include <memory>

#include "serve/json_tensor.h"
#include "serve/raw_request.h"
#include "serve/tfs_reply.h"

namespace slipway {

namespace {

HttpResponse respond(const TfsCallKind& kind, const Servable& servable, bool by_row, uint64_t limit,
                     const Result<InferenceResponse>& result) {
  if (!result.ok()) return tfs_error(result.status());
  Result<std::string> body = kind.answer(servable, by_row, result->outputs, limit);
  if (body.ok() && body->size() > limit) body = answer_too_large(limit);
  if (!body.ok()) return tfs_error(body.status());
  return {.body = *std::move(body)};
}

}  // namespace

void answer_tfs_call(EndpointContext& context, EndpointCall call, const TfsCallKind& kind) {
  auto fail = [&](Servable* servable, const Status& status) {
    call.exchange.respond(tfs_error(status));
    context.inference.failed(call.origin, servable, call.path.model, status);
  };
  Result<ModelSpec> spec = tfs_spec(call.path);
  if (!spec.ok()) return fail(nullptr, spec.status());
  Result<std::shared_ptr<Servable>> found = tfs_find(context.inference.models(), *spec);
  if (!found.ok()) return fail(nullptr, found.status());
  std::shared_ptr<Servable> servable = std::move(*found);
  if (kind.check != nullptr) {
    if (Status fits = kind.check(*servable); !fits.ok()) return fail(servable.get(), fits);
  }
  if (read_aside(context, call, *servable, kind.handle)) return;
  Result<PredictBody> body = kind.read(call.exchange.request().body, *servable);
  call.exchange.release_body();
  if (!body.ok()) return fail(servable.get(), body.status());

  InferenceRequest request{.servable = servable, .inputs = std::move(body->inputs), .outputs = {}};
  if (kind.first_output) request.outputs = {0};
  request.raw = std::move(body->raw);
  if (context.timeout_ns > 0) request.deadline_ns = call.origin.start_ns + context.timeout_ns;
  auto exchange = std::make_shared<HttpExchange>(std::move(call.exchange));
  context.inference.run(std::move(request), call.origin,
                        [exchange, &kind, servable = servable.get(), by_row = body->by_row,
                         limit = context.answer_limit](const Result<InferenceResponse>& result) {
                          exchange->respond(respond(kind, *servable, by_row, limit, result));
                        });
}

}  // namespace slipway
