// Reading examples.
#include "serve/tfs_examples.h"

#include <fmt/format.h>

#include "base/json.h"
#include "serve/raw_request.h"

namespace slipway {

Result<PredictBody> read_examples(std::string_view json, const Servable& servable) {
  const bool tensors = servable.front() == nullptr || signature_name_of(json) == kTensorSignature;
  if (!tensors) return read_raw_body(json, *servable.front(), "examples");
  Result<Json> body = Json::parse(json);
  if (!body.ok()) return invalid(fmt::format("JSON Parse error: {}", body.status().message()));
  const Json& examples = (*body)["examples"];
  if (!examples.is_array()) return invalid("expected \"examples\", a list of rows");
  return read_predict_body(Json::object({{"instances", examples}}).dump(), servable.inputs());
}

}  // namespace slipway
