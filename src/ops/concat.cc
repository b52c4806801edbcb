// Concat.
#include <algorithm>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"
#include "ops/sizes.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  Dims y = c.dims(0);
  auto axis = static_cast<size_t>(TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(y.size()))));
  for (size_t i = 1; i < c.input_count(); ++i) {
    const Dims& x = c.dims(i);
    if (c.dtype(i) != c.dtype(0)) {
      return invalid(
          fmt::format("input {} is {}; expected {} like input 0", i, dtype_name(c.dtype(i)), dtype_name(c.dtype(0))));
    }
    bool fits = x.size() == y.size();
    for (size_t d = 0; fits && d < y.size(); ++d) {
      if (d != axis) fits = ops::merge_dim(y[d], x[d]);
    }
    if (!fits) {
      return invalid(
          fmt::format("input {} has shape {}; expected {} but for axis {}", i, to_string(x), to_string(y), axis));
    }
    y[axis] = y[axis].known() && x[axis].known() ? Dim(y[axis].size + x[axis].size) : Dim();
    if (y[axis].size > ops::kLargestSize) return invalid("the inputs together are larger than any tensor");
  }
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

// How many rows of y are put together at a time: where rows are short, so many that they stay in the cache until every
// input has written its part of them. 0: each input at once.
int64_t rows_at_once(const std::vector<kernels::StridedCopy>& plans, const TensorType& y) {
  constexpr int64_t kShortRow = 256, kTogether = 32768;  // bytes
  const int64_t rows = plans[0].size[0];
  const bool same = std::all_of(plans.begin(), plans.end(), [&](const kernels::StridedCopy& p) {
    return p.rank > 0 && p.size[0] == rows && p.out_stride[0] == plans[0].out_stride[0];
  });
  if (!same || y.dtype == DType::string) return 0;
  const int64_t row = std::max<int64_t>(1, plans[0].out_stride[0] * static_cast<int64_t>(size_of(y.dtype)));
  const int64_t together = std::max<int64_t>(1, kTogether / row);
  return row <= kShortRow && together < rows ? together : 0;
}

kernels::StridedCopy rows_of(kernels::StridedCopy p, int64_t begin, int64_t n) {
  p.in_offset += begin * p.in_stride[0];
  p.out_offset += begin * p.out_stride[0];
  p.size[0] = n;
  return p;
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.out(0)));
  const Shape& y = c.out(0).shape;
  auto axis = static_cast<size_t>(ops::axis_of(c.node(), "axis", static_cast<int64_t>(y.size())));
  Shape out = row_major_strides(y);
  std::vector<kernels::StridedCopy> plans;
  int64_t offset = 0;
  for (size_t i = 0; i < c.input_count(); ++i) {
    const Shape& x = c.in(i).shape;
    Shape in = row_major_strides(x);
    kernels::StridedCopy plan;
    plan.out_offset = offset * out[axis];
    for (size_t d = 0; d < x.size(); ++d) plan.push(x[d], in[d], out[d]);
    plan.simplify();
    plans.push_back(plan);
    offset += x[axis];
  }
  return Kernel{.run = [plans, dtype = c.out(0).dtype, rows = rows_at_once(plans, c.out(0)),
                        threads = c.threads()](const KernelArgs& a) {
    const int64_t all = rows > 0 ? plans[0].size[0] : 1, step = std::max<int64_t>(rows, 1);
    for (int64_t begin = 0; begin < all; begin += step) {
      for (size_t i = 0; i < plans.size(); ++i) {
        const kernels::StridedCopy part = rows > 0 ? rows_of(plans[i], begin, std::min(rows, all - begin)) : plans[i];
        kernels::strided_copy(part, dtype, a.in[i], a.out[0], threads);
      }
    }
  }};
}

// dx_i = the part of dy along `axis` that came from x_i
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  if (x.size() == 1) return Values{dy[0]};
  int64_t axis = ops::axis_of(n, "axis", b.rank(x[0]));
  std::vector<int64_t> sizes;
  Values size_values;
  for (ValueId v : x) {
    const Dim& d = b.dims(v)[static_cast<size_t>(axis)];
    if (d.known()) sizes.push_back(d.size);
  }
  ValueId split;
  if (sizes.size() == x.size()) {
    split = b.ints(sizes);
  } else {
    for (ValueId v : x) size_values.push_back(b.op("Shape", {v}, {{"start", axis}, {"end", axis + 1}}));
    split = b.op("Concat", size_values, {{"axis", int64_t{0}}});
  }
  return b.ops("Split", {dy[0], split}, static_cast<int>(x.size()), {{"axis", axis}});
}

std::vector<Sample> samples() {
  return {
      {.inputs = {ops::sample({2, 3}), ops::sample({2, 1}), ops::sample({2, 2})}, .attributes = {{"axis", int64_t{1}}}},
      {.inputs = {ops::sample({1, 3}), ops::sample({2, 3})}, .attributes = {{"axis", int64_t{-2}}}}};
}

}  // namespace

OPERATOR(concat) = {
    .name = "Concat",
    .since = 4,
    .doc = "y = the inputs one after the other along `axis`.",
    .inputs = {1, kMany},
    .attributes = {{{"axis", kRequiredInt}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::aligned,
    .batch = ops::batch::aligned,
    .quant = {Quant::rescales},
    .tflite = {"CONCATENATION", nullptr},
    .samples = samples,
};

}  // namespace slipway
