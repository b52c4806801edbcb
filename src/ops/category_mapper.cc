// ai.onnx.ml CategoryMapper.
#include "ops/batch_rules.h"
#include "ops/mapping.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::string, DType::i64}));
  c.set(0, c.dtype(0) == DType::string ? DType::i64 : DType::string, c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::vector<std::string> names = c.node().strings("cats_strings");
  std::vector<int64_t> numbers = c.node().ints("cats_int64s");
  if (c.in(0).dtype == DType::string) {
    return ops::mapping_kernel(c, names, numbers, c.node().integer("default_int64"));
  }
  return ops::mapping_kernel(c, numbers, names, c.node().text("default_string"));
}

std::vector<Sample> samples() {
  Attributes cats = {{"cats_strings", std::vector<std::string>{"cat", "dog"}},
                     {"cats_int64s", std::vector<int64_t>{5, 6}}};
  return {{.inputs = {ops::given(Tensor::of<std::string>({2}, {"dog", "cow"}))}, .attributes = cats},
          {.inputs = {ops::given(Tensor::of<int64_t>({2}, {5, 7}))}, .attributes = cats}};
}

}  // namespace

OPERATOR(category_mapper) = {
    .name = "CategoryMapper",
    .domain = ops::kMl,
    .doc = "Strings to the integers that belong to them, or back; the default for what is not in the list.",
    .attributes = {{{"cats_int64s", kOptionalInts},
                    {"cats_strings", kOptionalStrings},
                    {"default_int64", -1},
                    {"default_string", "_Unused"}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::elementwise_of_first,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
