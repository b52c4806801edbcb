// ai.onnx.ml LabelEncoder.
#include <numeric>

#include "ops/mapping.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

// The type of what comes out. `classes_strings` (version 1) maps strings to their positions and back.
DType value_type(const Node& n, DType key) {
  if (n.has("classes_strings")) return key == DType::string ? DType::i64 : DType::string;
  if (n.has("values_strings")) return DType::string;
  if (n.has("values_int64s")) return DType::i64;
  return DType::f32;
}

Status infer(InferContext& c) {
  c.set(0, value_type(c.node(), c.dtype(0)), c.dims(0));
  return {};
}

template <typename K>
Result<Kernel> from_keys(const PrepareContext& c, const std::vector<K>& keys) {
  const Node& n = c.node();
  switch (c.out(0).dtype) {
    case DType::string: return ops::mapping_kernel(c, keys, n.strings("values_strings"), n.text("default_string"));
    case DType::i64: return ops::mapping_kernel(c, keys, n.ints("values_int64s"), n.integer("default_int64"));
    default: return ops::mapping_kernel(c, keys, n.floats("values_floats"), n.real("default_float"));
  }
}

Result<Kernel> by_position(const PrepareContext& c) {
  std::vector<std::string> names = c.node().strings("classes_strings");
  std::vector<int64_t> positions(names.size());
  std::iota(positions.begin(), positions.end(), int64_t{0});
  if (c.in(0).dtype == DType::string) {
    return ops::mapping_kernel(c, names, positions, c.node().integer("default_int64"));
  }
  if (c.in(0).dtype == DType::i64) return ops::mapping_kernel(c, positions, names, c.node().text("default_string"));
  return ops::no_arithmetic(c, c.in(0).dtype, {DType::string, DType::i64});
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Node& n = c.node();
  if (n.has("classes_strings")) return by_position(c);
  switch (c.in(0).dtype) {
    case DType::string: return from_keys(c, n.strings("keys_strings"));
    case DType::i64: return from_keys(c, n.ints("keys_int64s"));
    case DType::f32: return from_keys(c, n.floats("keys_floats"));
    default: return ops::no_arithmetic(c, c.in(0).dtype, {DType::string, DType::i64, DType::f32});
  }
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::given(Tensor::of<int64_t>({4}, {3, 1, 4, 1}))},
           .attributes = {{"keys_int64s", std::vector<int64_t>{1, 3}}, {"values_floats", std::vector<float>{0.5f, 2}}}},
          {.inputs = {ops::given(Tensor::of<std::string>({3}, {"b", "a", "z"}))},
           .attributes = {{"keys_strings", std::vector<std::string>{"a", "b"}},
                          {"values_int64s", std::vector<int64_t>{10, 20}},
                          {"default_int64", int64_t{-5}}}}};
}

}  // namespace

OPERATOR(label_encoder) = {
    .name = "LabelEncoder",
    .domain = ops::kMl,
    .doc = "The value that belongs to each key x, or the default.",
    .attributes = {{{"classes_strings", kOptionalStrings},
                    {"default_float", -0.0f},
                    {"default_int64", -1},
                    {"default_string", "_Unused"},
                    {"keys_floats", kOptionalFloats},
                    {"keys_int64s", kOptionalInts},
                    {"keys_strings", kOptionalStrings},
                    {"values_floats", kOptionalFloats},
                    {"values_int64s", kOptionalInts},
                    {"values_strings", kOptionalStrings}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
