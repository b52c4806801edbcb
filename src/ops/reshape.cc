// Reshape.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"
#include "ops/sizes.h"

namespace slipway {

namespace {

// What the -1 stands for: input over output when both are known, or the one unknown dimension they do not share.
Result<Dim> remainder(const Dims& x, const Dims& y, size_t wild) {
  Shape known_in;
  Shape known_out;
  std::vector<Dim> unknown;
  for (const Dim& d : x) d.known() ? known_in.push_back(d.size) : unknown.push_back(d);
  for (size_t i = 0; i < y.size(); ++i) {
    if (i == wild) continue;
    if (y[i].known()) {
      known_out.push_back(y[i].size);
      continue;
    }
    auto same = std::find_if(unknown.begin(), unknown.end(), [&](const Dim& d) { return d.same(y[i]); });
    if (same == unknown.end()) return Dim();
    unknown.erase(same);
  }
  int64_t in = TRY(checked_count(known_in));
  int64_t out = TRY(checked_count(known_out));
  if (unknown.size() == 1) return in == out ? unknown[0] : Dim();
  if (!unknown.empty()) return Dim();
  if (out == 0) return in == 0 ? Dim(0) : Dim();
  if (in % out != 0) {
    return invalid(fmt::format("cannot reshape {}: {} elements do not divide by {} for the -1", to_string(x), in, out));
  }
  return Dim(in / out);
}

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  std::optional<std::vector<int64_t>> shape = TRY(ops::index_input(c, 1));
  if (!shape) {
    const Dims& length = c.dims(1);
    if (length.size() == 1 && length[0].known()) {
      c.set(0, c.dtype(0), TRY(ops::unknown_dims_of_length(length[0], 0)));
    }
    return {};
  }
  bool allow_zero = c.node().integer("allowzero") != 0;
  Dims y(shape->size());
  std::optional<size_t> wild;
  for (size_t i = 0; i < y.size(); ++i) {
    int64_t size = (*shape)[i];
    if (size < -1 || (size == -1 && wild)) {
      return invalid(fmt::format("shape {} must hold sizes, and -1 at most once", to_string(*shape)));
    }
    if (size == -1) wild = i;
    if (size == 0 && !allow_zero && i >= x.size()) {
      return invalid(
          fmt::format("shape {} copies dimension {} of {}, which has none", to_string(*shape), i, to_string(x)));
    }
    if (size >= 0) y[i] = size == 0 && !allow_zero ? x[i] : Dim(size);
  }
  if (wild) y[*wild] = TRY(remainder(x, y, *wild));
  std::optional<Shape> from = known_shape(x);
  std::optional<Shape> to = known_shape(y);
  if (from && to && TRY(checked_count(*from)) != TRY(checked_count(*to))) {
    return invalid(fmt::format("cannot reshape {} to {}: {} elements against {}", to_string(x), to_string(*shape),
                               element_count(*from), element_count(*to)));
  }
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

// dx = dy under x's shape
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.reshape_like(dy[0], x[0]), {}};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 3, 4}), ops::ints_sample({4, 6})}},
          {.inputs = {ops::sample({2, 3, 4}), ops::ints_sample({0, -1})}}};
}

}  // namespace

OPERATOR(reshape) = {
    .name = "Reshape",
    .since = 1,
    .doc = "y = x under `shape`; 0 copies a dimension (unless `allowzero`), -1 takes what is left.",
    .inputs = {2, 2},
    .attributes = {{{"allowzero", 0}}},
    .infer = infer,
    .gradient = gradient,
    .view = true,
    .batch = ops::batch::reshape,
    .quant = {Quant::passes},
    .tflite = {"RESHAPE", nullptr},
    .samples = samples,
};

}  // namespace slipway
