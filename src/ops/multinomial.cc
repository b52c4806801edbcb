// Multinomial.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ops/expect.h"
#include "ops/random_fill.h"
#include "ops/samples.h"
#include "tensor/visit.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  int64_t size = c.node().integer("sample_size");
  if (c.dims(0).size() != 2 || size < 0) {
    return invalid(fmt::format("x is {} and sample_size {}; expected [batch, classes]", to_string(c.dims(0)), size));
  }
  c.set(0, TRY(ops::dtype_attribute(c.node(), "dtype")), {c.dims(0)[0], size});
  return {};
}

// The class whose stretch of the sum of e^(x - most) holds the drawn share.
template <typename T>
int64_t draw(const T* x, int64_t classes, double share) {
  double most = convert_element<double>(x[0]), sum = 0;
  for (int64_t i = 1; i < classes; ++i) most = std::max(most, convert_element<double>(x[i]));
  for (int64_t i = 0; i < classes; ++i) sum += std::exp(convert_element<double>(x[i]) - most);
  double left = share * sum;
  for (int64_t i = 0; i < classes; ++i) {
    left -= std::exp(convert_element<double>(x[i]) - most);
    if (left < 0) return i;
  }
  return classes - 1;
}

Result<Kernel> prepare(const PrepareContext& c) {
  DType in = c.in(0).dtype, out = c.out(0).dtype;
  int64_t batch = c.in(0).shape[0], classes = c.in(0).shape[1], size = c.out(0).shape[1];
  if (!is_float(in) || (out != DType::i32 && out != DType::i64) || classes == 0) {
    return unsupported("Multinomial draws int32 or int64 classes from float log-probabilities");
  }
  return ops::random_kernel(c, [=](Random& random, const KernelArgs& a) {
    visit_dtype(in, [&]<typename T>(TypeTag<T>) {
      for (int64_t i = 0; i < batch * size; ++i) {
        int64_t chosen = draw(a.input<T>(0) + i / size * classes, classes, random.uniform());
        if (out == DType::i32) a.output<int32_t>(0)[i] = static_cast<int32_t>(chosen);
        if (out == DType::i64) a.output<int64_t>(0)[i] = chosen;
      }
    });
  });
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({2, 5})}, .attributes = {{"sample_size", int64_t{4}}, {"seed", 1.0f}}}};
}

}  // namespace

OPERATOR(multinomial) = {
    .name = "Multinomial",
    .since = 7,
    .doc = "sample_size classes for each row of log-probabilities x (up to a constant); given by `seed`.",
    .attributes = {{{"dtype", 6}, {"sample_size", 1}, ops::kSeed}},
    .infer = infer,
    .cpu = prepare,
    .deterministic = false,
    .tflite = {nullptr, "TFLite's MULTINOMIAL makes other numbers"},
    .samples = samples,
};

}  // namespace slipway
