// GlobalAveragePool.
#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/infer.h"
#include "ops/pooling.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  Dims out = c.dims(0);
  if (out.size() < 3) return invalid("X must be [N, C] and at least one spatial dimension; found " + to_string(out));
  for (size_t i = 2; i < out.size(); ++i) out[i] = 1;
  c.set(0, c.dtype(0), out);
  return {};
}

template <typename T>
Kernel typed(int64_t planes, int64_t size) {
  Kernel kernel;
  kernel.run = [=](const KernelArgs& a) {
    for (int64_t plane = 0; plane < planes; ++plane) {
      const T* x = a.input<T>(0) + plane * size;
      T sum = 0;
      for (int64_t i = 0; i < size; ++i) sum += x[i];
      a.output<T>(0)[plane] = sum / static_cast<T>(size);
    }
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Shape& x = c.in(0).shape;
  int64_t planes = x[0] * x[1], size = planes == 0 ? 0 : c.in(0).count() / planes;
  if (c.in(0).dtype == DType::f32) return typed<float>(planes, size);
  if (c.in(0).dtype == DType::f64) return typed<double>(planes, size);
  return unsupported("GlobalAveragePool computes in float32 and float64");
}

// dx = dy / (H W ...), for every position
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  const Dims& dims = b.dims(x[0]);
  int64_t size = 1;
  for (size_t i = 2; i < dims.size(); ++i) {
    if (!dims[i].known()) return unsupported("the gradient of GlobalAveragePool needs known spatial sizes");
    size *= dims[i].size;
  }
  ValueId share = b.mul(dy[0], b.scalar(1.0f / static_cast<float>(size)));
  return Values{b.op("Expand", {share, b.op("Shape", {x[0]})})};
}

std::vector<Sample> samples() { return {{.inputs = {{.type = {DType::f32, {2, 3, 4, 5}}}}}}; }

}  // namespace

OPERATOR(global_average_pool) = {
    .name = "GlobalAveragePool",
    .since = 1,
    .doc = "The mean of each channel over all spatial dimensions, which stay with size 1.",
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::first_axis,
    .quant = {Quant::rescales},
    .tflite = {"MEAN"},
    .samples = samples,
};

}  // namespace slipway
