// Fuzz target: rows of JSON as raw inputs. What is read has a value for every row.
#include "data/json_rows.h"

#include <cstdint>

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using Kind = RawInput::Kind;
  static const std::vector<RawInput> kInputs = {
      {"a", Kind::number, tensor_type(DType::f32, Dims{Dim::named("batch")}), ""},
      {"b", Kind::category, tensor_type(DType::string, Dims{Dim::named("batch")}), ""},
      {"c", Kind::date, tensor_type(DType::string, Dims{Dim::named("batch")}), ""},
      {"d", Kind::image, tensor_type(DType::string, Dims{Dim::named("batch")}), ""},
      {"e", Kind::series, tensor_type(DType::f32, Dims{Dim::named("batch"), Dim(2)}), ""},
      {"f", Kind::text, tensor_type(DType::string, Dims{Dim::named("batch")}), ""},
  };
  Result<Json> json = Json::parse({reinterpret_cast<const char*>(data), size});
  if (!json.ok()) return 0;
  const std::vector<Json> rows = json->is_array() ? json->items() : std::vector<Json>{*json};
  auto read = [&](const std::vector<RawInput>& inputs) {
    Result<std::vector<Tensor>> tensors =
        tensors_of(rows, inputs, {.missing = {"-"}, .not_missing = {"none"}, .decimal = ','},
                   [](size_t) { return std::string("row"); });
    if (!tensors.ok()) return;
    CHECK(tensors->size() == inputs.size(), "a tensor for each input");
    for (const Tensor& each : *tensors) CHECK(each.dim(0) == static_cast<int64_t>(rows.size()), "a value for each row");
  };
  read(kInputs);
  for (const RawInput& input : kInputs) read({input});
  return 0;
}
