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

constexpr LayerRow kLayers[] = {
    {"Add", "add", fold<kAdd>, {}, kAny},
    {"Subtract", "subtract", fold<kSubtract>, {}, kAny},
    {"Multiply", "multiply", fold<kMultiply>, {}, kAny},
    {"Maximum", "maximum", fold<kMaximum>, {}, kAny},
    {"Minimum", "minimum", fold<kMinimum>, {}, kAny},
    {"Average", "average", average, {}, kAny},
    {"Concatenate", "concatenate", concatenate, {{"axis", Argument::integer}}, kAny},
    {"Dot", "dot", dot, {{"normalize", Argument::flag}}, 2},
};

}  // namespace

std::span<const LayerRow> merge_layers() { return kLayers; }

}  // namespace slipway::train
