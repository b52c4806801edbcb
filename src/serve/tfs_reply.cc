// TensorFlow Serving's lookups and errors (core/aspired_versions_manager.cc, model_servers/server_core.cc).
#include "serve/tfs_reply.h"

#include <charconv>

#include <fmt/format.h>

#include "serve/json_tensor.h"

namespace slipway {

Result<ModelSpec> tfs_spec(const PathArguments& path) {
  ModelSpec spec{.name = path.model, .version = 0, .label = path.label};
  if (path.version.empty()) return spec;
  const char* end = path.version.data() + path.version.size();
  auto [stop, error] = std::from_chars(path.version.data(), end, spec.version);
  if (error != std::errc() || stop != end) {
    return invalid(fmt::format("Failed to convert version: {} to numeric.", path.version));
  }
  if (spec.version == 0) return not_found(fmt::format("Servable not found for request: Specific({}, 0)", path.model));
  return spec;
}

Result<std::shared_ptr<Servable>> tfs_find(const ModelManager& models, const ModelSpec& spec) {
  Lookup lookup = models.find(spec);
  if (lookup.servable) return std::move(lookup.servable);
  if (lookup.miss == Lookup::Miss::unknown_label) {
    return invalid(fmt::format("Unrecognized servable version label: {}", spec.label));
  }
  std::string why = lookup.error.ok() ? "" : fmt::format(" ({})", lookup.error.message());
  if (spec.version != 0) {
    return not_found(fmt::format("Servable not found for request: Specific({}, {}){}", spec.name, spec.version, why));
  }
  return not_found(fmt::format("Servable not found for request: Latest({}){}", spec.name, why));
}

HttpResponse tfs_error(const Status& status) { return error_response(http_status(status.code()), status.message()); }

std::string tfs_type_name(DType dtype) {
  std::string name = "DT_";
  if (dtype == DType::bf16) return "DT_BFLOAT16";
  for (char c : tensorflow_type_name(dtype)) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name;
}

}  // namespace slipway
