// Compress.
#include <fmt/format.h>

#include "kernels/storage.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::boolean}));
  if (c.dims(1).size() != 1)
    return invalid(fmt::format("condition is {}; expected one dimension", to_string(c.dims(1))));
  Dim kept;
  if (const Tensor* condition = c.known(1)) {
    kept = Dim(0);
    for (bool keep : condition->data<bool>()) kept.size += keep ? 1 : 0;
  }
  Dims y = {kept};
  Dim size(1);
  if (c.node().has("axis")) {
    auto axis = static_cast<size_t>(TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(x.size()))));
    size = x[axis];
    y = x;
    y[axis] = kept;
  } else {
    for (const Dim& d : x) size = size.known() && d.known() ? Dim(size.size * d.size) : Dim();
  }
  if (size.known() && c.dims(1)[0].known() && c.dims(1)[0].size > size.size) {
    return invalid(fmt::format("condition has {} entries for a size of {}", c.dims(1)[0].size, size.size));
  }
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::span<const int64_t> x = c.in(0).shape;
  int64_t outer = 1, size = element_count(x), inner = 1, kept = c.out(0).count();
  if (c.node().has("axis")) {
    auto axis = static_cast<size_t>(ops::axis_of(c.node(), "axis", static_cast<int64_t>(x.size())));
    outer = element_count(x.first(axis));
    size = x[axis];
    inner = element_count(x.subspan(axis + 1));
    kept = c.out(0).shape[axis];
  }
  int64_t asked = std::min(c.in(1).count(), size);
  return Kernel{.run = [=, dtype = c.in(0).dtype](const KernelArgs& a) {
    kernels::visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
      const bool* condition = a.input<bool>(1);
      for (int64_t o = 0; o < outer; ++o) {
        T* y = a.output<T>(0) + o * kept * inner;
        int64_t room = kept;
        for (int64_t i = 0; i < asked && room > 0; ++i) {
          if (!condition[i]) continue;
          y = std::copy_n(a.input<T>(0) + (o * size + i) * inner, inner, y);
          --room;
        }
      }
    });
  }};
}

// dx = zeros like x; dx[where condition] = dy along `axis` (of the flat x when there is none)
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId places = b.op("Squeeze", {b.op("NonZero", {x[1]}), b.ints({0})});
  if (n.has("axis")) {
    ValueId dx = b.op("GatherGrad", {dy[0], places, ops::shape_of(b, x[0])}, {{"axis", n.integer("axis")}}, "slipway");
    return Values{dx, {}};
  }
  ValueId flat = b.op("Reshape", {x[0], b.ints({-1})});
  ValueId dx = b.op("GatherGrad", {dy[0], places, ops::shape_of(b, flat)}, {{"axis", int64_t{0}}}, "slipway");
  return Values{b.reshape_like(dx, x[0]), {}};
}

std::vector<Sample> samples() {
  Sample::Input condition = ops::fixed(Tensor::of<bool>({3}, {false, true, true}));
  return {{.inputs = {ops::sample({3, 2}), condition}, .attributes = {{"axis", int64_t{0}}}},
          {.inputs = {ops::sample({3, 2}), condition}}};
}

}  // namespace

OPERATOR(compress) = {
    .name = "Compress",
    .since = 9,
    .doc = "y = the slices of x along `axis` (elements of the flat x without one) whose condition is true.",
    .inputs = {2, 2},
    .attributes = {{{"axis", kOptionalInt}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "TFLite has no selection by a mask; use WHERE and GATHER"},
    .samples = samples,
};

}  // namespace slipway
