// Holdout as safetensors: "input.0", "input.1", …, "labels", "raw.0", …; the classes and the names of raw data are
// metadata. Strings are "raw.0.bytes", one after the other, and "raw.0.ends".
#include "formats/holdout.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/gzip.h"
#include "base/json.h"
#include "formats/safetensors.h"

namespace slipway {

namespace {

constexpr const char* kLabels = "labels";
constexpr const char* kClasses = "classes";
constexpr uint64_t kMostBytes = uint64_t{256} << 20;

constexpr const char* kRawNames = "raw";

std::string input_name(size_t i) { return fmt::format("input.{}", i); }
std::string raw_name(size_t i) { return fmt::format("raw.{}", i); }

void put_strings(const Tensor& strings, const std::string& name, TensorFile& file) {
  Tensor ends(DType::i64, strings.shape());
  std::string all;
  for (size_t i = 0; i < static_cast<size_t>(strings.count()); ++i) {
    all += strings.data<std::string>()[i];
    ends.mutable_data<int64_t>()[i] = static_cast<int64_t>(all.size());
  }
  Tensor bytes(DType::u8, {static_cast<int64_t>(all.size())});
  std::ranges::copy(all, bytes.mutable_data<uint8_t>().begin());
  file.tensors[name + ".bytes"] = std::move(bytes);
  file.tensors[name + ".ends"] = std::move(ends);
}

Result<Tensor> take_strings(const std::string& name, TensorFile& file) {
  const Tensor& bytes = file.tensors[name + ".bytes"];
  const Tensor& ends = file.tensors[name + ".ends"];
  if (!bytes.defined() || bytes.dtype() != DType::u8 || !ends.defined() || ends.dtype() != DType::i64) {
    return data_loss(name + ": expected bytes and where each text ends");
  }
  Tensor strings(DType::string, ends.shape());
  int64_t begin = 0;
  for (size_t i = 0; i < static_cast<size_t>(ends.count()); ++i) {
    const int64_t end = ends.data<int64_t>()[i];
    if (end < begin || end > bytes.count()) {
      return data_loss(fmt::format("{}: text {} ends at {}, beyond its {} bytes", name, i, end, bytes.count()));
    }
    const auto from = bytes.data<uint8_t>().begin();
    strings.mutable_data<std::string>()[i].assign(from + begin, from + end);
    begin = end;
  }
  return strings;
}

Status check(const Holdout& h) {
  const Tensor& labels = h.labels;
  if (!labels.defined() || labels.rank() < 1 || h.inputs.empty()) return data_loss("labels or inputs are missing");
  for (const Tensor& t : h.inputs) {
    if (t.rank() < 1 || t.dim(0) != labels.dim(0)) {
      return data_loss(
          fmt::format("{} labels were expected to go with {} examples", labels.dim(0), t.rank() < 1 ? 0 : t.dim(0)));
    }
  }
  for (size_t i = 0; i < h.raw.values.size(); ++i) {
    const Tensor& t = h.raw.values[i];
    if (t.rank() >= 1 && t.dim(0) == labels.dim(0)) continue;
    return data_loss(fmt::format("{} labels were expected to go with {} rows of \"{}\"", labels.dim(0),
                                 t.rank() < 1 ? 0 : t.dim(0), h.raw.names[i]));
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
  for (size_t i = 0; i < holdout.raw.values.size(); ++i) {
    const Tensor& value = holdout.raw.values[i];
    if (value.dtype() == DType::string) {
      put_strings(value, raw_name(i), file);
    } else {
      file.tensors[raw_name(i)] = value;
    }
  }
  if (!holdout.raw.names.empty()) file.metadata[kRawNames] = Json::array_of(holdout.raw.names).dump();
  return gzip(TRY(safetensors_bytes(file)));
}

Result<Holdout> parse_holdout(std::string_view bytes, const std::string& where) {
  TensorFile file = TRY(parse_safetensors(TRY(gunzip(bytes, where, kMostBytes)), where));
  Holdout holdout;
  for (size_t i = 0; file.tensors.contains(input_name(i)); ++i) holdout.inputs.push_back(file.tensors[input_name(i)]);
  holdout.labels = file.tensors[kLabels];
  Json classes = TRY(Json::parse(file.metadata[kClasses].empty() ? "[]" : file.metadata[kClasses]));
  for (const Json& name : classes.items()) holdout.classes.push_back(name.as_string());
  const Json names = TRY(Json::parse(file.metadata[kRawNames].empty() ? "[]" : file.metadata[kRawNames]));
  for (const Json& name : names.items()) {
    const std::string key = raw_name(holdout.raw.names.size());
    holdout.raw.names.push_back(name.as_string());
    Result<Tensor> value = file.tensors.contains(key) ? Result<Tensor>(file.tensors[key]) : take_strings(key, file);
    if (!value.ok()) return value.status().at(where);
    holdout.raw.values.push_back(*std::move(value));
  }
  RETURN_IF_ERROR(check(holdout).at(where));
  return holdout;
}

}  // namespace slipway
