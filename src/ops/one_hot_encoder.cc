// ai.onnx.ml OneHotEncoder.
#include "ops/batch_rules.h"
#include "ops/mapping.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  const bool words = c.dtype(0) == DType::string;
  Dims out = c.dims(0);
  out.emplace_back(
      static_cast<int64_t>(words ? c.node().strings("cats_strings").size() : c.node().ints("cats_int64s").size()));
  c.set(0, DType::f32, out);
  return {};
}

template <typename T, typename K>
Kernel typed(const PrepareContext& c, const std::vector<K>& keys) {
  auto table = std::make_shared<const ops::KeyTable<K>>(keys);
  auto width = static_cast<int64_t>(keys.size());
  const bool zeros = c.node().integer("zeros") != 0;
  return {[=, n = c.in(0).count()](const KernelArgs& a) {
    std::fill_n(a.output<float>(0), n * width, 0.f);
    for (int64_t i = 0; i < n; ++i) {
      int64_t at = table->find(static_cast<K>(a.input<T>(0)[i]));
      if (at >= 0) {
        a.output<float>(0)[i * width + at] = 1;
      } else if (!zeros) {
        a.report(invalid(fmt::format("{} (element {}) is none of the {} categories, and zeros = 0 allows no other",
                                     a.input<T>(0)[i], i, width)));
        return;
      }
    }
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype == DType::string) return typed<std::string, std::string>(c, c.node().strings("cats_strings"));
  std::vector<int64_t> numbers = c.node().ints("cats_int64s");
  return ops::for_types(ops::MlTypes{}, c, c.in(0).dtype,
                        [&]<typename T>(TypeTag<T>) { return typed<T, int64_t>(c, numbers); });
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::given(Tensor::of<int64_t>({3}, {2, 9, 1}))},
           .attributes = {{"cats_int64s", std::vector<int64_t>{1, 2}}}}};
}

}  // namespace

OPERATOR(one_hot_encoder) = {
    .name = "OneHotEncoder",
    .domain = ops::kMl,
    .doc =
        "For each x a row with 1 at its category and 0 elsewhere; all 0 for a category that is not in the "
        "list, which is an error where `zeros` is 0.",
    .attributes = {{{"cats_int64s", kOptionalInts}, {"cats_strings", kOptionalStrings}, {"zeros", 1}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::elementwise_of_first,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
