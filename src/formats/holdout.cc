// Holdout as safetensors: "input.0", "input.1", …, "labels"; the classes are metadata.
#include "formats/holdout.h"

#include <fmt/format.h>

#include "base/gzip.h"
#include "base/json.h"
#include "formats/safetensors.h"

namespace slipway {

namespace {

constexpr const char* kLabels = "labels";
constexpr const char* kClasses = "classes";
constexpr uint64_t kMostBytes = uint64_t{256} << 20;

std::string input_name(size_t i) { return fmt::format("input.{}", i); }

Status check(const Holdout& h) {
  const Tensor& labels = h.labels;
  if (!labels.defined() || labels.rank() < 1 || h.inputs.empty()) return data_loss("labels or inputs are missing");
  for (const Tensor& t : h.inputs) {
    if (t.rank() < 1 || t.dim(0) != labels.dim(0)) {
      return data_loss(
          fmt::format("{} labels were expected to go with {} examples", labels.dim(0), t.rank() < 1 ? 0 : t.dim(0)));
    }
  }
  if (labels.dtype() == DType::f32) return {};
  if (labels.dtype() != DType::i64) {
    return data_loss(fmt::format("labels: expected int64 or float32, found {}", dtype_name(labels.dtype())));
  }
  for (int64_t label : labels.data<int64_t>()) {
    const bool known = label >= 0 && (h.classes.empty() || label < static_cast<int64_t>(h.classes.size()));
    if (!known) return data_loss(fmt::format("label {} is none of the {} classes", label, h.classes.size()));
  }
  return {};
}

}  // namespace

Result<std::string> holdout_bytes(const Holdout& holdout) {
  TensorFile file;
  for (size_t i = 0; i < holdout.inputs.size(); ++i) file.tensors[input_name(i)] = holdout.inputs[i];
  file.tensors[kLabels] = holdout.labels;
  file.metadata[kClasses] = Json::array_of(holdout.classes).dump();
  return gzip(TRY(safetensors_bytes(file)));
}

Result<Holdout> parse_holdout(std::string_view bytes, const std::string& where) {
  TensorFile file = TRY(parse_safetensors(TRY(gunzip(bytes, where, kMostBytes)), where));
  Holdout holdout;
  for (size_t i = 0; file.tensors.contains(input_name(i)); ++i) holdout.inputs.push_back(file.tensors[input_name(i)]);
  holdout.labels = file.tensors[kLabels];
  Json classes = TRY(Json::parse(file.metadata[kClasses].empty() ? "[]" : file.metadata[kClasses]));
  for (const Json& name : classes.items()) holdout.classes.push_back(name.as_string());
  RETURN_IF_ERROR(check(holdout).at(where));
  return holdout;
}

}  // namespace slipway
