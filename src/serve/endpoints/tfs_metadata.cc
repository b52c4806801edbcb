// GET /v1/models/M/metadata: a model's inputs and outputs as a SignatureDef.
#include "base/json.h"
#include "serve/raw_request.h"
#include "serve/tfs_reply.h"

namespace slipway {

namespace {

Json tensor_info(const Port& port) {
  Json dims = Json::array();
  for (const Dim& dim : port.dims) {
    dims.push(Json::object({{"size", std::to_string(dim.known() ? dim.size : -1)}, {"name", dim.symbol}}));
  }
  Json shape = Json::object({{"dim", dims}, {"unknown_rank", port.any_rank}});
  return Json::object({{"dtype", tfs_type_name(port.dtype)}, {"tensor_shape", shape}, {"name", port.name + ":0"}});
}

Json tensor_infos(const std::vector<Port>& ports) {
  Json infos = Json::object();
  for (const Port& port : ports) infos.set(port.name, tensor_info(port));
  return infos;
}

Json signature(const std::vector<Port>& inputs, const Servable& servable) {
  return Json::object({{"inputs", tensor_infos(inputs)},
                       {"outputs", tensor_infos(servable.outputs())},
                       {"method_name", "tensorflow/serving/predict"},
                       {"defaults", Json::object()}});
}

Json metadata(const Servable& servable) {
  Json spec = Json::object(
      {{"name", servable.name()}, {"signature_name", ""}, {"version", std::to_string(servable.version())}});
  const Front* front = servable.front();
  Json signatures = Json::object(
      {{"serving_default", signature(front != nullptr ? raw_ports(*front) : servable.inputs(), servable)}});
  if (front != nullptr) signatures.set(kTensorSignature, signature(servable.inputs(), servable));
  // SignatureDefMap is an object with one field of the same name.
  Json map = Json::object({{"signature_def", signatures}});
  Json about = Json::object({{"signature_def", map}});
  const std::vector<std::string>& classes = servable.meaning().classes;
  if (!classes.empty()) about.set("classes", Json::array_of(classes));
  return Json::object({{"model_spec", spec}, {"metadata", about}});
}

void handle(EndpointContext& context, EndpointCall call) {
  auto find = [&]() -> Result<std::shared_ptr<Servable>> {
    ModelSpec spec = TRY(tfs_spec(call.path));
    return tfs_find(context.inference.models(), spec);
  };
  Result<std::shared_ptr<Servable>> servable = find();
  call.exchange.respond(servable.ok() ? HttpResponse{.body = metadata(**servable).dump(1) + "\n"}
                                      : tfs_error(servable.status()));
}

}  // namespace

ENDPOINT(tfs_metadata) = {
    .name = "tfs_metadata",
    .doc = "A model's signature.",
    .routes = {{{"GET", "/v1/models/{model}/metadata"},
                {"GET", "/v1/models/{model}/versions/{version}/metadata"},
                {"GET", "/v1/models/{model}/labels/{label}/metadata"}}},
    .handle = handle,
};

}  // namespace slipway
