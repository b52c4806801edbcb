// ai.onnx.ml LabelEncoder.
#include <numeric>

#include <fmt/format.h>

#include "kernels/storage.h"
#include "ops/batch_rules.h"
#include "ops/mapping.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

// Keys or values: of strings, int64 and float32 as lists, of other types as a tensor. Undefined where there are none.
Tensor listed(const Node& n, const std::string& name) {
  auto row = [](const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    return Tensor::of<T>({static_cast<int64_t>(values.size())}, values);
  };
  if (n.has(name + "_tensor")) return n.tensor(name + "_tensor");
  if (n.has(name + "_strings")) return row(n.strings(name + "_strings"));
  if (n.has(name + "_int64s")) return row(n.ints(name + "_int64s"));
  if (n.has(name + "_floats")) return row(n.floats(name + "_floats"));
  return {};
}

// What an unknown key gives, of the values' type.
Result<Tensor> otherwise_of(const Node& n, DType type) {
  if (n.has("default_tensor")) {
    Tensor given = n.tensor("default_tensor");
    if (given.dtype() == type && given.count() == 1) return given;
    return invalid(fmt::format("default_tensor is {}; expected one {}", to_string(given.type()), dtype_name(type)));
  }
  if (type == DType::string) return Tensor::scalar(n.text("default_string"));
  if (is_integer(type)) return Tensor::scalar(n.integer("default_int64")).cast(type);
  return Tensor::scalar(n.real("default_float")).cast(type);
}

// classes_strings (version 1) maps strings to their positions and back.
Status by_position(const Node& n, DType key, Tensor& keys, Tensor& values) {
  keys = listed(n, "classes");
  Tensor positions(DType::i64, keys.shape());
  std::iota(positions.mutable_data<int64_t>().begin(), positions.mutable_data<int64_t>().end(), int64_t{0});
  values = std::move(positions);
  if (key != DType::string) std::swap(keys, values);
  return {};
}

struct Mapping {
  Tensor keys, values, otherwise;
};

Result<Mapping> mapping_of(const Node& n, DType key) {
  Mapping m{listed(n, "keys"), listed(n, "values"), {}};
  if (n.has("classes_strings")) RETURN_IF_ERROR(by_position(n, key, m.keys, m.values));
  if (!m.keys.defined() || !m.values.defined()) return invalid("it has no keys or no values");
  if (m.keys.dtype() != key) {
    return invalid(
        fmt::format("x is of {} and the keys of {}; expected one type", dtype_name(key), dtype_name(m.keys.dtype())));
  }
  if (m.keys.count() != m.values.count()) {
    return invalid(fmt::format("{} keys and {} values; expected as many", m.keys.count(), m.values.count()));
  }
  m.otherwise = TRY(otherwise_of(n, m.values.dtype()));
  return m;
}

Status infer(InferContext& c) {
  c.set(0, TRY(mapping_of(c.node(), c.dtype(0))).values.dtype(), c.dims(0));
  return {};
}

template <typename K>
Kernel kernel_of(const PrepareContext& c, const Mapping& m) {
  std::span<const K> keys = m.keys.data<K>();
  auto table = std::make_shared<const ops::KeyTable<K>>(std::vector<K>(keys.begin(), keys.end()));
  return {[=, n = c.in(0).count()](const KernelArgs& a) {
    kernels::visit_storage(m.values.dtype(), [&]<typename V>(TypeTag<V>) {
      const V* values = static_cast<const V*>(m.values.raw());
      const V& otherwise = *static_cast<const V*>(m.otherwise.raw());
      for (int64_t i = 0; i < n; ++i) {
        const int64_t at = table->find(a.input<K>(0)[i]);
        a.output<V>(0)[i] = at < 0 ? otherwise : values[at];
      }
    });
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const DType key = c.in(0).dtype;
  const Mapping m = TRY(mapping_of(c.node(), key));
  switch (key) {
    case DType::string: return kernel_of<std::string>(c, m);
    case DType::i64: return kernel_of<int64_t>(c, m);
    case DType::i32: return kernel_of<int32_t>(c, m);
    case DType::i16: return kernel_of<int16_t>(c, m);
    case DType::f32: return kernel_of<float>(c, m);
    case DType::f64: return kernel_of<double>(c, m);
    default:
      return ops::no_arithmetic(c, key, {DType::string, DType::i64, DType::i32, DType::i16, DType::f32, DType::f64});
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
                    {"default_tensor", kOptionalTensor},
                    {"keys_floats", kOptionalFloats},
                    {"keys_int64s", kOptionalInts},
                    {"keys_strings", kOptionalStrings},
                    {"keys_tensor", kOptionalTensor},
                    {"values_floats", kOptionalFloats},
                    {"values_int64s", kOptionalInts},
                    {"values_strings", kOptionalStrings},
                    {"values_tensor", kOptionalTensor}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::elementwise_of_first,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
