// GET /v2/models/M: a model's versions, inputs and outputs in the V2 protocol's terms.
#include "base/json.h"
#include "serve/raw_request.h"
#include "serve/v2_reply.h"

namespace slipway {

namespace {

Json tensors(const std::vector<Port>& ports) {
  Json list = Json::array();
  for (const Port& port : ports) {
    Json shape = Json::array();
    for (const Dim& dim : port.dims) shape.push(dim.known() ? dim.size : -1);
    list.push(
        Json::object({{"name", port.name}, {"datatype", std::string(v2_type_name(port.dtype))}, {"shape", shape}}));
  }
  return list;
}

Json versions(const ModelManager& models, const Servable& servable, const std::string& asked) {
  if (!asked.empty()) return Json::array({asked});
  Json list = Json::array();
  std::vector<VersionStatus> all = models.status(servable.name());
  for (auto status = all.rbegin(); status != all.rend(); ++status) {
    if (status->state == VersionState::available) list.push(std::to_string(status->version));
  }
  return list;
}

void handle(EndpointContext& context, EndpointCall call) {
  const ModelManager& models = context.inference.models();
  Result<std::shared_ptr<Servable>> servable = v2_find(models, call.path);
  if (!servable.ok()) return call.exchange.respond(v2_error(servable.status()));
  const Front* front = (*servable)->front();
  Json body = Json::object({{"name", (*servable)->name()},
                            {"versions", versions(models, **servable, call.path.version)},
                            {"platform", "slipway_onnx"},
                            {"inputs", tensors(front != nullptr ? raw_ports(*front) : (*servable)->inputs())},
                            {"outputs", tensors((*servable)->outputs())}});
  // What classification and the dimension of the first output mean, which the protocol has no field for.
  const std::vector<std::string>& classes = (*servable)->meaning().classes;
  if (!classes.empty()) body.set("parameters", Json::object({{"classes", Json::array_of(classes)}}));
  call.exchange.respond({.body = body.dump()});
}

}  // namespace

ENDPOINT(v2_model_metadata) = {
    .name = "v2_model_metadata",
    .doc = "Versions, inputs and outputs of a model.",
    .routes = {{{"GET", "/v2/models/{model}"}, {"GET", "/v2/models/{model}/versions/{version}"}}},
    .handle = handle,
};

}  // namespace slipway
