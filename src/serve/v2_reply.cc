// Triton's lookups, type names and status codes (core/model_repository_manager.cc, server/src/http_server.cc).
#include "serve/v2_reply.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace slipway {

namespace {

struct TypeRow {
  DType dtype;
  std::string_view name;
};
constexpr TypeRow kTypes[] = {
    {DType::f32, "FP32"},     {DType::f64, "FP64"},     {DType::f16, "FP16"},   {DType::bf16, "BF16"},
    {DType::boolean, "BOOL"}, {DType::u8, "UINT8"},     {DType::u16, "UINT16"}, {DType::u32, "UINT32"},
    {DType::u64, "UINT64"},   {DType::i8, "INT8"},      {DType::i16, "INT16"},  {DType::i32, "INT32"},
    {DType::i64, "INT64"},    {DType::string, "BYTES"},
};

}  // namespace

Result<std::shared_ptr<Servable>> v2_find(const ModelManager& models, const PathArguments& path) {
  ModelSpec spec{.name = path.model, .version = 0, .label = ""};
  if (!path.version.empty()) {
    const char* end = path.version.data() + path.version.size();
    if (std::from_chars(path.version.data(), end, spec.version).ec != std::errc() || spec.version == 0) {
      return not_found(
          fmt::format("Request for unknown model: '{}' version {} is not found", path.model, path.version));
    }
  }
  Lookup lookup = models.find(spec);
  std::string why = lookup.error.ok() ? "" : fmt::format(": {}", lookup.error.message());
  switch (lookup.miss) {
    case Lookup::Miss::none: return std::move(lookup.servable);
    case Lookup::Miss::unknown_model:
      return invalid(fmt::format("Request for unknown model: '{}' is not found", spec.name));
    case Lookup::Miss::not_ready:
      return unavailable(
          fmt::format("Request for unknown model: '{}' version {} is not at ready state", spec.name, spec.version));
    case Lookup::Miss::nothing_available:
      return not_found(fmt::format("Request for unknown model: '{}' has no available versions", spec.name));
    case Lookup::Miss::unknown_version:
    case Lookup::Miss::unknown_label: break;
  }
  return not_found(
      fmt::format("Request for unknown model: '{}' version {} is not found{}", spec.name, spec.version, why));
}

HttpResponse v2_error(const Status& status) {
  switch (status.code()) {
    case Code::internal: return error_response(500, status.message());
    case Code::not_found: return error_response(404, status.message());
    case Code::unimplemented: return error_response(501, status.message());
    case Code::unavailable:
    case Code::resource_exhausted:
    case Code::deadline_exceeded: return error_response(503, status.message());
    default: return error_response(400, status.message());
  }
}

std::string_view v2_type_name(DType dtype) {
  auto row = std::ranges::find(kTypes, dtype, &TypeRow::dtype);
  return row == std::end(kTypes) ? std::string_view() : row->name;
}

std::optional<DType> v2_type(std::string_view name) {
  auto row = std::ranges::find(kTypes, name, &TypeRow::name);
  return row == std::end(kTypes) ? std::nullopt : std::optional(row->dtype);
}

}  // namespace slipway
