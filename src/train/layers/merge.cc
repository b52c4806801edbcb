// Layers that merge several inputs into one.
#include <fmt/format.h>

#include "train/layers/context.h"

namespace slipway::train {

namespace {

// op(op(a, b), c) …
template <const char* kOp>
Result<ValueId> fold(LayerContext& c, const Values& x) {
  ValueId y = x[0];
  for (size_t i = 1; i < x.size(); ++i) y = c.b.op(kOp, {y, x[i]});
  return y;
}
constexpr char kAdd[] = "Add", kSubtract[] = "Sub", kMultiply[] = "Mul", kMaximum[] = "Max", kMinimum[] = "Min";

Result<ValueId> average(LayerContext& c, const Values& x) {
  return c.b.mul(TRY(fold<kAdd>(c, x)), c.b.scalar(1.0f / static_cast<float>(x.size())));
}

Result<ValueId> concatenate(LayerContext& c, const Values& x) {
  return c.b.op("Concat", x, {{"axis", c.integer("axis", -1)}});
}

// sum(a b) over the last axis, which stays with size 1; normalized: the cosine of the angle between them
Result<ValueId> dot(LayerContext& c, const Values& x) {
  if (x.size() != 2) return invalid(fmt::format("needs 2 inputs; found {}", x.size()));
  auto sum = [&](ValueId v) { return c.b.op("ReduceSum", {v, c.b.ints({-1})}, {{"keepdims", int64_t{1}}}); };
  ValueId product = sum(c.b.mul(x[0], x[1]));
  if (!c.flag("normalize", false)) return product;
  ValueId squares = c.b.mul(sum(c.b.mul(x[0], x[0])), sum(c.b.mul(x[1], x[1])));
  return c.b.div(product, c.b.op("Sqrt", {c.b.add(squares, c.b.scalar(1e-12f))}));
}

constexpr int kAny = 1 << 20;

}  // namespace

LAYER(add) = {
    .name = "Add",
    .doc = "The sum of several inputs.",
    .base_name = "add",
    .build = fold<kAdd>,
    .most_inputs = kAny,
};

LAYER(subtract) = {
    .name = "Subtract",
    .doc = "The first input less the others.",
    .base_name = "subtract",
    .build = fold<kSubtract>,
    .most_inputs = kAny,
};

LAYER(multiply) = {
    .name = "Multiply",
    .doc = "The product of several inputs.",
    .base_name = "multiply",
    .build = fold<kMultiply>,
    .most_inputs = kAny,
};

LAYER(maximum) = {
    .name = "Maximum",
    .doc = "The largest of several inputs, element by element.",
    .base_name = "maximum",
    .build = fold<kMaximum>,
    .most_inputs = kAny,
};

LAYER(minimum) = {
    .name = "Minimum",
    .doc = "The smallest of several inputs, element by element.",
    .base_name = "minimum",
    .build = fold<kMinimum>,
    .most_inputs = kAny,
};

LAYER(average) = {
    .name = "Average",
    .doc = "The mean of several inputs.",
    .base_name = "average",
    .build = average,
    .most_inputs = kAny,
};

LAYER(concatenate) = {
    .name = "Concatenate",
    .doc = "Several inputs behind each other along an axis.",
    .base_name = "concatenate",
    .build = concatenate,
    .parameters = {{{"axis", Argument::integer}}},
    .most_inputs = kAny,
};

LAYER(dot) = {
    .name = "Dot",
    .doc = "sum(a b) over the last axis of two inputs; normalized: the cosine of the angle between them.",
    .base_name = "dot",
    .build = dot,
    .parameters = {{{"normalize", Argument::flag}}},
    .most_inputs = 2,
};

}  // namespace slipway::train
