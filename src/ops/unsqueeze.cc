// Unsqueeze.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"
#include "ops/sizes.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  std::optional<std::vector<int64_t>> axes = TRY(ops::index_input(c, 1));
  if (!axes) {
    const Dims& length = c.dims(1);
    if (length.size() == 1 && length[0].known()) {
      c.set(0, c.dtype(0), TRY(ops::unknown_dims_of_length(length[0], x.size())));
    }
    return {};
  }
  size_t rank = x.size() + axes->size();
  std::vector<bool> added(rank, false);
  for (int64_t axis : *axes) {
    auto at = static_cast<size_t>(TRY(normalize_axis(axis, static_cast<int64_t>(rank))));
    if (added[at]) return invalid(fmt::format("axes {} name dimension {} twice", to_string(*axes), at));
    added[at] = true;
  }
  Dims y;
  size_t next = 0;
  for (size_t i = 0; i < rank; ++i) y.push_back(added[i] ? Dim(1) : x[next++]);
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

// dx = dy under x's shape
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.reshape_like(dy[0], x[0]), {}};
}

std::vector<Sample> samples() { return {{.inputs = {ops::sample({3, 4}), ops::ints_sample({0, -1})}}}; }

}  // namespace

OPERATOR(unsqueeze) = {
    .name = "Unsqueeze",
    .since = 1,
    .doc = "y = x with dimensions of size 1 put in so that they are `axes` of y.",
    .inputs = {2, 2},
    .infer = infer,
    .gradient = gradient,
    .view = true,
    .batch = ops::batch::unsqueeze,
    .quant = {Quant::passes},
    .tflite = {"RESHAPE", nullptr},
    .samples = samples,
};

}  // namespace slipway
