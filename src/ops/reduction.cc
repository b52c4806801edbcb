// Axes and shapes of reductions, their float32 kernel, and the broadcasts in their gradients.
#include "ops/reduction.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway::ops {

Result<std::vector<int64_t>> reduced_axes(const Node& node, int64_t rank, const Tensor* axes) {
  std::vector<int64_t> result;
  if (axes == nullptr || axes->count() == 0) {
    if (node.integer("noop_with_empty_axes") == 0) {
      result.resize(static_cast<size_t>(rank));
      std::iota(result.begin(), result.end(), 0);
    }
    return result;
  }
  for (int64_t axis : axes->to_ints()) {
    int64_t at = TRY(normalize_axis(axis, rank));
    if (std::find(result.begin(), result.end(), at) != result.end()) {
      return invalid(fmt::format("axis {} is listed twice in the axes to reduce", axis));
    }
    result.push_back(at);
  }
  return result;
}

namespace {

// The output's dimensions when the axes are not known yet, or nullopt when not even its rank is.
std::optional<Dims> dims_without_axes(InferContext& c) {
  size_t rank = c.dims(0).size();
  if (c.node().integer("keepdims") != 0) return unknown_dims(rank);
  const Dims& axes = c.dims(1);
  if (axes.size() != 1 || !axes[0].known() || static_cast<size_t>(axes[0].size) > rank) return std::nullopt;
  if (axes[0].size == 0) return c.node().integer("noop_with_empty_axes") != 0 ? c.dims(0) : Dims{};
  return unknown_dims(rank - static_cast<size_t>(axes[0].size));
}

// An error unless the axes, as many as there are dimensions, are each of them once.
Status expect_all_axes(std::span<const int64_t> axes) {
  auto rank = static_cast<int64_t>(axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    RETURN_IF_ERROR(normalize_axis(axes[i], rank).status());
    for (size_t j = 0; j < i; ++j) {
      bool twice = (axes[i] - axes[j]) % rank == 0;
      if (twice) return invalid(fmt::format("axis {} is listed twice in the axes to reduce", axes[i]));
    }
  }
  return {};
}

}  // namespace

Status infer_reduction(InferContext& c) {
  const Tensor* known = c.has_input(1) ? c.known(1) : nullptr;
  if (c.has_input(1)) RETURN_IF_ERROR(expect_dtype(c, 1, {DType::i64}));
  if (c.has_input(1) && known == nullptr) {
    if (std::optional<Dims> dims = dims_without_axes(c)) c.set(0, c.dtype(0), *dims);
    return {};
  }
  std::vector<int64_t> axes = TRY(reduced_axes(c.node(), static_cast<int64_t>(c.dims(0).size()), known));
  Dims out;
  for (size_t d = 0; d < c.dims(0).size(); ++d) {
    bool reduced = std::find(axes.begin(), axes.end(), static_cast<int64_t>(d)) != axes.end();
    if (!reduced) out.push_back(c.dims(0)[d]);
    if (reduced && c.node().integer("keepdims") != 0) out.push_back(1);
  }
  c.set(0, c.dtype(0), out);
  return {};
}

Result<kernels::ReducePlan> reduce_plan(const PrepareContext& c) {
  auto rank = static_cast<int64_t>(c.in(0).shape.size());
  const Tensor* axes = c.has_input(1) ? c.constant(1) : nullptr;
  if (c.has_input(1) && axes == nullptr && c.in(1).count() > 0) {
    if (c.in(1).count() != rank) return unsupported("the axes to reduce must be known before the run");
    std::vector<int64_t> all(c.in(0).shape.size());
    std::iota(all.begin(), all.end(), 0);
    return kernels::plan_reduce(c.in(0).shape, all);
  }
  return kernels::plan_reduce(c.in(0).shape, TRY(reduced_axes(c.node(), rank, axes)));
}

Kernel with_checked_axes(const PrepareContext& c, Kernel kernel) {
  if (!c.has_input(1) || c.constant(1) != nullptr || c.in(1).count() == 0) return kernel;
  auto rank = static_cast<int64_t>(c.in(0).shape.size());
  kernel.run = [rank, run = std::move(kernel.run)](const KernelArgs& a) {
    a.report(expect_all_axes({a.input<int64_t>(1), static_cast<size_t>(rank)}));
    run(a);
  };
  return kernel;
}

int64_t reduce_grain(const kernels::ReducePlan& plan) { return kElementGrain / std::max<int64_t>(plan.folded, 1) + 1; }

Kernel fold_f32_kernel(const PrepareContext& c, const kernels::ReducePlan& plan, kernels::Fold fold, FinishF32 finish) {
  int threads = c.threads();
  kernels::FoldF32 folds(plan, fold);
  return {[=](const KernelArgs& args) {
    const float* x = args.input<float>(0);
    float* y = args.output<float>(0);
    parallel_for(threads, folds.plan.outputs, reduce_grain(folds.plan), [&](int64_t begin, int64_t end) {
      folds.run(x, y, begin, end);
      if (finish == nullptr) return;
      for (int64_t i = begin; i < end; ++i) y[i] = finish(y[i], folds.plan.folded);
    });
  }};
}

ValueId with_kept_dims(Builder& b, const Node& node, const Values& x, ValueId v) {
  if (!b.status().ok() || node.integer("keepdims") != 0 || b.rank(v) == b.rank(x[0])) return v;
  if (!node.has_input(1)) return v;  // everything is reduced: a scalar broadcasts as it is
  return b.op("Unsqueeze", {v, x[1]});
}

ValueId stretched(Builder& b, const Node& node, const Values& x, ValueId v) {
  if (!b.status().ok()) return {};
  std::optional<Shape> shape = known_shape(b.dims(x[0]));
  return b.op("Expand", {with_kept_dims(b, node, x, v), shape ? b.ints(*shape) : b.op("Shape", {x[0]})});
}

Result<Values> reduced_extreme_gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  ValueId best = b.op("Equal", {x[0], with_kept_dims(b, n, x, y[0])});
  ValueId ones = where_or_zero(b, best, scalar_like(b, 1, x[0]));
  ValueId ties = b.op("ReduceSum", n.has_input(1) ? Values{ones, x[1]} : Values{ones});
  return Values{b.mul(ones, b.div(with_kept_dims(b, n, x, dy[0]), ties))};
}

std::vector<Sample> reduction_samples(double low, double high) {
  auto sample = [&](Shape shape, std::vector<int64_t> axes, int64_t keepdims) {
    int64_t count = static_cast<int64_t>(axes.size());
    return Sample{
        .inputs = {random_input(std::move(shape), low, high), given(Tensor::of<int64_t>({count}, axes), true)},
        .attributes = {{"keepdims", keepdims}}};
  };
  return {sample({4, 21}, {1}, 0),         sample({4, 21}, {0}, 0),
          sample({2, 3, 4}, {1}, 1),       sample({2, 3, 2, 5}, {0, -2}, 0),
          sample({2, 3, 2, 5}, {1, 3}, 1), Sample{.inputs = {random_input({3, 5}, low, high)}}};
}

}  // namespace slipway::ops
