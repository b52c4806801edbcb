// Squeeze.
#include <set>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer_all(InferContext& c) {
  Dims y;
  for (const Dim& d : c.dims(0)) {
    if (!d.known()) return {};  // the rank depends on this size
    if (d.size != 1) y.push_back(d);
  }
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

Status infer(InferContext& c) {
  if (!c.has_input(1)) return infer_all(c);
  const Dims& x = c.dims(0);
  std::optional<std::vector<int64_t>> axes = TRY(ops::index_input(c, 1));
  if (!axes) {
    const Dims& length = c.dims(1);
    if (length.size() == 1 && length[0].known() && length[0].size <= static_cast<int64_t>(x.size())) {
      c.set(0, c.dtype(0), ops::unknown_dims(x.size() - static_cast<size_t>(length[0].size)));
    }
    return {};
  }
  std::set<int64_t> drop;
  for (int64_t axis : *axes) drop.insert(TRY(normalize_axis(axis, static_cast<int64_t>(x.size()))));
  Dims y;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!drop.contains(static_cast<int64_t>(i))) {
      y.push_back(x[i]);
    } else if (x[i].known() && x[i].size != 1) {
      return invalid(fmt::format("axis {} of {} has size {}; only 1 can be squeezed", i, to_string(x), x[i].size));
    }
  }
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

// dx = dy under x's shape
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values dx(n.inputs.size());
  dx[0] = b.reshape_like(dy[0], x[0]);
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({1, 3, 1})}}, {.inputs = {ops::sample({1, 3, 1}), ops::ints_sample({-1})}}};
}

}  // namespace

OPERATOR(squeeze) = {
    .name = "Squeeze",
    .since = 1,
    .doc = "y = x without the dimensions `axes` (by default all) of size 1.",
    .inputs = {1, 2},
    .infer = infer,
    .gradient = gradient,
    .view = true,
    .batch = ops::batch::squeeze,
    .quant = {Quant::passes},
    .tflite = {"RESHAPE", nullptr},
    .samples = samples,
};

}  // namespace slipway
