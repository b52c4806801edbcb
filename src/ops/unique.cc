// Unique.
#include <fmt/format.h>

#include "kernels/order.h"
#include "kernels/storage.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// x as slices along `axis`, or as single elements without one. The pointer is set at the run.
kernels::Slices slices_of(const Node& n, DType dtype, std::span<const int64_t> x) {
  if (!n.has("axis")) return {dtype, nullptr, 1, element_count(x), 1};
  auto axis = static_cast<size_t>(ops::axis_of(n, "axis", static_cast<int64_t>(x.size())));
  return {dtype, nullptr, element_count(x.first(axis)), x[axis], element_count(x.subspan(axis + 1))};
}

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  size_t axis = 0;
  if (c.node().has("axis")) {
    axis = static_cast<size_t>(TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(x.size()))));
  }
  Dim groups;
  Dim items;
  std::optional<Shape> shape = known_shape(x);
  if (shape) items = Dim(slices_of(c.node(), c.dtype(0), *shape).n);
  if (const Tensor* known = c.known(0)) {
    kernels::Slices s = slices_of(c.node(), c.dtype(0), known->shape());
    s.x = known->raw();
    auto n = static_cast<size_t>(s.n);
    std::vector<int64_t> room(5 * n);
    groups = Dim(kernels::distinct(s, true, room.data(), room.data() + n, room.data() + 2 * n, room.data() + 3 * n));
  }
  Dims y = {groups};
  if (c.node().has("axis")) {
    y = x;
    y[axis] = groups;
  }
  c.set(0, c.dtype(0), std::move(y));
  c.set(1, DType::i64, {groups});
  c.set(2, DType::i64, {items});
  c.set(3, DType::i64, {groups});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::Slices slices = slices_of(c.node(), c.in(0).dtype, c.in(0).shape);
  bool sorted = c.node().integer("sorted") != 0;
  int64_t room =
      c.node().has("axis") ? c.out(0).count() / std::max<int64_t>(slices.outer * slices.inner, 1) : c.out(0).count();
  Kernel kernel;
  kernel.scratch_bytes = static_cast<size_t>(slices.n) * 5 * sizeof(int64_t);
  kernel.run = [=, outputs = c.output_count()](const KernelArgs& a) {
    kernels::Slices s = slices;
    s.x = a.in[0];
    auto* first = static_cast<int64_t*>(a.scratch);
    int64_t* count = first + s.n;
    int64_t* inverse = first + 2 * s.n;
    int64_t groups = std::min(room, kernels::distinct(s, sorted, first, count, inverse, first + 3 * s.n));
    kernels::visit_storage(s.dtype, [&]<typename T>(TypeTag<T>) {
      T* y = a.output<T>(0);
      for (int64_t o = 0; o < s.outer; ++o) {
        for (int64_t g = 0; g < groups; ++g) {
          std::copy_n(a.input<T>(0) + (o * s.n + first[g]) * s.inner, s.inner, y + (o * room + g) * s.inner);
        }
      }
    });
    auto give = [&](size_t i, const int64_t* from, int64_t n) {
      if (i < outputs && a.out[i] != nullptr) std::copy_n(from, n, a.output<int64_t>(i));
    };
    give(1, first, groups);
    give(2, inverse, s.n);
    give(3, count, groups);
  };
  return kernel;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::fixed(Tensor::of<float>({6}, {2, 1, 1, 3, 4, 3}))}, .outputs = 4}};
}

}  // namespace

OPERATOR(unique) = {
    .name = "Unique",
    .since = 11,
    .doc =
        "The distinct elements of x (slices along `axis`), where each occurs first, which one each is, and how often.",
    .outputs = {1, 4},
    .attributes = {{{"axis", kOptionalInt}, {"sorted", 1}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {"UNIQUE", "of one dimension, in order of occurrence"},
    .samples = samples,
};

}  // namespace slipway
