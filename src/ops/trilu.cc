// Trilu.
#include <fmt/format.h>

#include "kernels/storage.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  if (c.dims(0).size() < 2) return invalid(fmt::format("x is {}; expected matrices", to_string(c.dims(0))));
  if (c.has_input(1)) RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i64}));
  c.set(0, c.dtype(0), c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Shape& x = c.in(0).shape;
  int64_t columns = x.back();
  int64_t rows = x[x.size() - 2];
  bool upper = c.node().integer("upper") != 0;
  bool shifted = c.has_input(1);
  return Kernel{.run = [=, type = c.in(0)](const KernelArgs& a) {
    int64_t k = shifted ? *a.input<int64_t>(1) : 0;
    k = std::clamp<int64_t>(k, -rows, columns);
    kernels::visit_storage(type.dtype, [&]<typename T>(TypeTag<T>) {
      const T* from = a.input<T>(0);
      T* to = a.output<T>(0);
      for (int64_t i = 0; i < type.count(); ++i) {
        int64_t over = i % columns - i / columns % rows;
        bool keeps = upper ? over >= k : over <= k;
        to[i] = keeps ? from[i] : T{};
      }
    });
  }};
}

// dx = the same triangle of dy
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values inputs = x;
  inputs[0] = dy[0];
  Values dx(n.inputs.size());
  dx[0] = b.op("Trilu", inputs, {{"upper", n.integer("upper")}});
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 3, 4})}},
          {.inputs = {ops::sample({3, 3}), ops::fixed(Tensor::scalar<int64_t>(-1))},
           .attributes = {{"upper", int64_t{0}}}}};
}

}  // namespace

OPERATOR(trilu) = {
    .name = "Trilu",
    .since = 14,
    .doc = "y = the triangle of each matrix above (or below) diagonal k, 0 elsewhere.",
    .inputs = {1, 2},
    .attributes = {{{"upper", 1}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::before_matrices,
    .tflite = {nullptr, "TFLite has no triangles; multiply by a constant mask"},
    .samples = samples,
};

}  // namespace slipway
