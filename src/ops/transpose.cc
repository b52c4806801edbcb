// Transpose.
#include <numeric>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

std::vector<int64_t> permutation_of(const Node& n, size_t rank) {
  if (n.has("perm")) return n.ints("perm");
  std::vector<int64_t> perm(rank);
  std::iota(perm.rbegin(), perm.rend(), 0);
  return perm;
}

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  std::vector<int64_t> perm = permutation_of(c.node(), x.size());
  std::vector<bool> seen(x.size(), false);
  Dims y;
  for (int64_t p : perm) {
    if (p < 0 || p >= static_cast<int64_t>(x.size()) || seen[static_cast<size_t>(p)]) break;
    seen[static_cast<size_t>(p)] = true;
    y.push_back(x[static_cast<size_t>(p)]);
  }
  if (y.size() != x.size() || perm.size() != x.size()) {
    return invalid(fmt::format("perm {} is not a permutation of the {} dimensions", to_string(perm), x.size()));
  }
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  const Shape& x = c.in(0).shape;
  Shape in = row_major_strides(x);
  Shape out = row_major_strides(c.out(0).shape);
  std::vector<int64_t> perm = permutation_of(c.node(), x.size());
  kernels::StridedCopy plan;
  for (size_t i = 0; i < x.size(); ++i) plan.push(c.out(0).shape[i], in[static_cast<size_t>(perm[i])], out[i]);
  return ops::copy_kernel(plan, c.in(0).dtype, c.threads());
}

// dx = transpose(dy, perm^-1)
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  std::vector<int64_t> perm = permutation_of(n, static_cast<size_t>(b.rank(x[0])));
  std::vector<int64_t> inverse(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) inverse[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  return Values{b.op("Transpose", {dy[0]}, {{"perm", inverse}})};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({3, 4})}},
          {.inputs = {ops::sample({2, 3, 4})}, .attributes = {{"perm", std::vector<int64_t>{1, 2, 0}}}}};
}

}  // namespace

OPERATOR(transpose) = {
    .name = "Transpose",
    .since = 1,
    .doc = "y[i_perm] = x[i]; `perm` reverses the dimensions by default.",
    .attributes = {{{"perm", kOptionalInts}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::transpose,
    .quant = {Quant::passes},
    .tflite = {"TRANSPOSE", nullptr},
    .samples = samples,
};

}  // namespace slipway
