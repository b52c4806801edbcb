// Examples: reads them.
#include "serve/tfs_examples.h"

#include "serve/json_scan.h"
#include "serve/raw_request.h"

namespace slipway {

Result<PredictBody> read_examples(std::string_view json, const Servable& servable) {
  const bool tensors = servable.front() == nullptr || signature_name_of(json) == kTensorSignature;
  if (!tensors) return read_raw_body(json, *servable.front(), "examples");
  const std::string_view rows = TRY(json_member(json, "examples"));
  if (!rows.starts_with('[')) return invalid("expected \"examples\", a list of rows");
  return read_predict_rows(rows, servable.inputs());
}

}  // namespace slipway
