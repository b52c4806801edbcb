// GET /v1/models/M: the versions the server has of a model and their states.
#include <fmt/format.h>

#include "serve/endpoint.h"
#include "serve/json_tensor.h"
#include "serve/tfs_reply.h"

namespace slipway {

namespace {

void append_version(std::string& out, const VersionStatus& status) {
  fmt::format_to(
      std::back_inserter(out),
      "  {{\n   \"version\": \"{}\",\n   \"state\": \"{}\",\n   \"status\": {{\n    \"error_code\": \"{}\",\n"
      "    \"error_message\": ",
      status.version, state_name(status.state), code_name(status.error.code()));
  append_json_string(out, status.error.message());
  out += "\n   }\n  }";
}

Result<std::string> describe_versions(const ModelManager& models, const PathArguments& path) {
  if (path.model.empty()) return invalid("Missing model name in request.");
  ModelSpec spec = TRY(tfs_spec(path));
  if (!spec.label.empty()) spec.version = TRY(tfs_find(models, spec))->version();
  std::vector<VersionStatus> versions = models.status(spec.name);
  if (versions.empty()) return not_found(fmt::format("Could not find any versions of model {}", spec.name));
  std::string out = "{\n \"model_version_status\": [\n";
  bool any = false;
  for (const VersionStatus& version : versions) {
    if (spec.version != 0 && version.version != spec.version) continue;
    if (any) out += ",\n";
    append_version(out, version);
    any = true;
  }
  if (!any) return not_found(fmt::format("Could not find version {} of model {}", spec.version, spec.name));
  return out + "\n ]\n}\n";
}

void handle(EndpointContext& context, EndpointCall call) {
  Result<std::string> body = describe_versions(context.inference.models(), call.path);
  call.exchange.respond(body.ok() ? HttpResponse{.body = std::move(*body)} : tfs_error(body.status()));
}

}  // namespace

ENDPOINT(tfs_status) = {
    .name = "tfs_status",
    .doc = "States of a model's versions.",
    .routes = {{{"GET", "/v1/models"},
                {"GET", "/v1/models/{model}"},
                {"GET", "/v1/models/{model}/versions/{version}"},
                {"GET", "/v1/models/{model}/labels/{label}"}}},
    .handle = handle,
};

}  // namespace slipway
