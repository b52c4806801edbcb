// What the V2 (KServe, Triton) endpoints share: looking a model up, types by name, errors, in Triton's words.
#pragma once

#include <optional>
#include <string_view>

#include "serve/endpoint.h"

namespace slipway {

// unavailable (not ready), not_found, or invalid_argument for a name that was never there (Triton's choice).
Result<std::shared_ptr<Servable>> v2_find(const ModelManager& models, const PathArguments& path);

// {"error": …}: INTERNAL 500, NOT_FOUND 404, UNAVAILABLE and RESOURCE_EXHAUSTED 503, UNIMPLEMENTED 501,
// DEADLINE_EXCEEDED 503 as Triton times out, everything else 400.
HttpResponse v2_error(const Status& status);

// "FP32", "INT64", "BYTES"; "" for undefined.
std::string_view v2_type_name(DType dtype);
std::optional<DType> v2_type(std::string_view name);

}  // namespace slipway
