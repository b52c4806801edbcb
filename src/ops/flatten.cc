// Flatten.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// The product of dimensions [from, to); a lone unknown among ones keeps its name.
Result<Dim> product(const Dims& dims, size_t from, size_t to) {
  Dim result(1);
  for (size_t i = from; i < to; ++i) {
    const Dim& d = dims[i];
    if (d.known() && result.known()) {
      result = Dim(TRY(checked_count(Shape{result.size, d.size})));
    } else if (result.known() && result.size == 1) {
      result = d;
    } else if (!(d.known() && d.size == 1)) {
      return Dim();
    }
  }
  return result;
}

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  auto rank = static_cast<int64_t>(x.size());
  int64_t axis = c.node().integer("axis");
  if (axis < -rank || axis > rank) {
    return invalid(fmt::format("axis {} is outside [-{}, {}] for an input of rank {}", axis, rank, rank, rank));
  }
  auto split = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  Dim rows = TRY(product(x, 0, split));
  Dim columns = TRY(product(x, split, x.size()));
  c.set(0, c.dtype(0), {rows, columns});
  return {};
}

// dx = dy under x's shape
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.reshape_like(dy[0], x[0])};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 3, 4})}},
          {.inputs = {ops::sample({2, 3, 4})}, .attributes = {{"axis", int64_t{-1}}}}};
}

}  // namespace

OPERATOR(flatten) = {
    .name = "Flatten",
    .since = 1,
    .doc = "y = x as a matrix: dimensions before `axis` become rows, the others columns.",
    .attributes = {{{"axis", 1}}},
    .infer = infer,
    .gradient = gradient,
    .view = true,
    .batch = ops::batch::flatten,
    .quant = {Quant::passes},
    .tflite = {"RESHAPE", nullptr},
    .samples = samples,
};

}  // namespace slipway
