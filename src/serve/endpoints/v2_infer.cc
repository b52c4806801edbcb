// POST /v2/models/M/infer: the V2 protocol's inference, tensors as JSON or as raw bytes behind it, both ways.
#include <algorithm>
#include <charconv>
#include <memory>

#include <fmt/format.h>

#include "serve/endpoint.h"
#include "serve/raw_request.h"
#include "serve/v2_json.h"
#include "serve/v2_reply.h"

namespace slipway {

namespace {

constexpr const char* kJsonLength = "Inference-Header-Content-Length";

// What outlives the handler until the answer is there.
struct Pending {
  HttpExchange exchange;
  std::shared_ptr<Servable> servable;
  V2Request request;
  std::vector<V2Output> wanted;
};

Result<V2Request> read(const HttpRequest& http, const Servable& servable) {
  std::string_view text = http.header(kJsonLength);
  size_t json_bytes = http.body.size();
  if (!text.empty()) {
    auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), json_bytes);
    if (error != std::errc() || stop != text.data() + text.size() || json_bytes > http.body.size()) {
      return invalid(fmt::format("inference header size should be in range (0, {}), got: {}", http.body.size(), text));
    }
    const std::vector<Port> ports = servable.front() != nullptr ? raw_ports(*servable.front()) : servable.inputs();
    if (json_bytes == 0) return read_raw_body(http.body, ports, servable.name());
  }
  return read_infer_body(http.body.substr(0, json_bytes), http.body.substr(json_bytes), servable.name());
}

Result<PreparedInputs> bind(const V2Request& request, const Servable& servable) {
  const bool raw = servable.front() != nullptr && request.signature_name != kTensorSignature;
  if (raw) return bind_raw_inputs(request, *servable.front(), servable.name());
  return PreparedInputs{.inputs = TRY(bind_inputs(request, servable.inputs(), servable.name())), .raw = nullptr};
}

// The indices of the wanted outputs; without a wish, of all.
Result<std::vector<size_t>> choose_outputs(Pending& pending) {
  const std::vector<Port>& ports = pending.servable->outputs();
  std::vector<size_t> chosen;
  pending.wanted = pending.request.outputs;
  for (const V2Output& output : pending.wanted) {
    if (std::ranges::count(pending.wanted, output.name, &V2Output::name) > 1) {
      return invalid(fmt::format("[request id: {}] inference output '{}' is asked for more than once for model '{}'",
                                 pending.request.id.value_or("<id_unknown>"), output.name, pending.servable->name()));
    }
    auto port = std::ranges::find(ports, output.name, &Port::name);
    if (port == ports.end()) {
      return invalid(fmt::format("[request id: {}] unexpected inference output '{}' for model '{}'",
                                 pending.request.id.value_or("<id_unknown>"), output.name, pending.servable->name()));
    }
    chosen.push_back(static_cast<size_t>(port - ports.begin()));
  }
  if (pending.wanted.empty()) {
    for (const Port& port : ports) pending.wanted.push_back({.name = port.name, .binary = {}});
  }
  return chosen;
}

HttpResponse answer(const Pending& pending, uint64_t limit, const Result<InferenceResponse>& result) {
  if (!result.ok()) return v2_error(result.status());
  Result<V2Answer> body = write_infer_body(pending.request, pending.wanted, result->outputs, pending.servable->name(),
                                           pending.servable->version(), pending.servable->classes(), limit);
  if (!body.ok()) return v2_error(body.status());
  HttpResponse response{.body = std::move(body->body)};
  if (body->json_bytes) {
    response.content_type = "application/octet-stream";
    response.headers.emplace_back(kJsonLength, std::to_string(*body->json_bytes));
  }
  return response;
}

void handle(EndpointContext& context, EndpointCall call) {
  auto fail = [&](HttpExchange& exchange, Servable* servable, const Status& status) {
    exchange.respond(v2_error(status));
    context.inference.failed(call.origin, servable, call.path.model, status);
  };
  Result<std::shared_ptr<Servable>> found = v2_find(context.inference.models(), call.path);
  if (!found.ok()) return fail(call.exchange, nullptr, found.status());
  if (read_aside(context, call, **found, handle)) return;
  Result<V2Request> body = read(call.exchange.request(), **found);
  call.exchange.release_body();
  if (!body.ok()) return fail(call.exchange, found->get(), body.status());
  auto pending = std::make_shared<Pending>(Pending{std::move(call.exchange), std::move(*found), std::move(*body), {}});
  Result<PreparedInputs> inputs = bind(pending->request, *pending->servable);
  if (!inputs.ok()) return fail(pending->exchange, pending->servable.get(), inputs.status());
  Result<std::vector<size_t>> outputs = choose_outputs(*pending);
  if (!outputs.ok()) return fail(pending->exchange, pending->servable.get(), outputs.status());

  InferenceRequest request{
      .servable = pending->servable, .inputs = std::move(inputs->inputs), .outputs = std::move(*outputs)};
  request.raw = std::move(inputs->raw);
  int64_t timeout_ns = pending->request.timeout_us > 0
                           ? std::min<int64_t>(pending->request.timeout_us, 1'000'000'000'000) * 1000
                           : context.timeout_ns;
  if (timeout_ns > 0) request.deadline_ns = call.origin.start_ns + timeout_ns;
  context.inference.run(std::move(request), call.origin,
                        [pending, limit = context.answer_limit](const Result<InferenceResponse>& result) {
                          pending->exchange.respond(answer(*pending, limit, result));
                        });
}

}  // namespace

ENDPOINT(v2_infer) = {
    .name = "v2_infer",
    .doc = "Inference on tensors in JSON or binary form.",
    .routes = {{{"POST", "/v2/models/{model}/infer"}, {"POST", "/v2/models/{model}/versions/{version}/infer"}}},
    .handle = handle,
};

}  // namespace slipway
