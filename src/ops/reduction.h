// What the Reduce* cards share: axes from input 1, geometry, folds of any dtype, gradients.
#pragma once

#include <cmath>

#include "kernels/reduce.h"
#include "ops/elementwise.h"

namespace slipway::ops {

// Inputs: x, axes (optional, int64). keepdims, noop_with_empty_axes as in ONNX.
Status infer_reduction(InferContext& c);
inline constexpr AttributeSpec kKeepDims = {"keepdims", 1};
inline constexpr AttributeSpec kNoopWithEmptyAxes = {"noop_with_empty_axes", 0};

// The axes that a node reduces, in [0, rank). `axes`: contents of input 1, nullptr when it is omitted.
Result<std::vector<int64_t>> reduced_axes(const Node& node, int64_t rank, const Tensor* axes);

// Plan of the node's reduction; an error unless its axes are constant or follow from their number: none, or all.
Result<kernels::ReducePlan> reduce_plan(const PrepareContext& c);

// `kernel`, which reports axes that are known at a run only and are not those that reduce_plan() took them for.
Kernel with_checked_axes(const PrepareContext& c, Kernel kernel);

// Outputs worth a thread of their own.
int64_t reduce_grain(const kernels::ReducePlan& plan);

// y = finish(fold(x), n) in float32, n being the number of elements folded.
using FinishF32 = float (*)(float folded, int64_t n);
Kernel fold_f32_kernel(const PrepareContext& c, const kernels::ReducePlan& plan, kernels::Fold fold,
                       FinishF32 finish = nullptr);

// What a fold of elements of type T accumulates in: double for floats, 64 bits for integers.
template <typename T>
using Accumulator = std::conditional_t<std::is_floating_point_v<kernels::Compute<T>>, double,
                                       std::conditional_t<std::is_unsigned_v<T>, uint64_t, int64_t>>;

// y = folder.result(n) after folder.add(x) for each of its n elements. R::Folder<T>: default constructible. (A template
// as a template argument would not do: g++ 12 merges those of different files' anonymous namespaces.)
template <typename R, typename T>
Kernel fold_kernel(const PrepareContext& c, const kernels::ReducePlan& plan) {
  int threads = c.threads();
  return {[=](const KernelArgs& args) {
    const T* x = args.input<T>(0);
    T* y = args.output<T>(0);
    parallel_for(threads, plan.outputs, reduce_grain(plan), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        typename R::template Folder<T> folder;
        kernels::for_each_folded(plan, x, plan.origin(i), [&](T e) { folder.add(kernels::widen(e)); });
        y[i] = convert_element<T>(folder.result(plan.folded));
      }
    });
  }};
}

// A card's `.cpu` from its R::Folder, for the types in `List`.
template <typename List, typename R>
Result<Kernel> prepare_fold(const PrepareContext& c) {
  kernels::ReducePlan plan = TRY(reduce_plan(c));
  return for_types(List{}, c, c.in(0).dtype,
                   [&]<typename T>(TypeTag<T>) { return with_checked_axes(c, fold_kernel<R, T>(c, plan)); });
}

// The same with float32 through SIMD.
template <typename List, typename R>
Result<Kernel> prepare_fold(const PrepareContext& c, kernels::Fold fold, FinishF32 finish = nullptr) {
  if (c.in(0).dtype != DType::f32) return prepare_fold<List, R>(c);
  return with_checked_axes(c, fold_f32_kernel(c, TRY(reduce_plan(c)), fold, finish));
}

// Types of the arithmetic reductions (ONNX lists no smaller integers).
using ReducibleTypes = Types<float, double, Half, BFloat16, int32_t, int64_t, uint32_t, uint64_t>;

// `v` (a reduction's output or its gradient) with the reduced dimensions back as 1.
ValueId with_kept_dims(Builder& b, const Node& node, const Values& x, ValueId v);
// `v` stretched to the shape of x[0].
ValueId stretched(Builder& b, const Node& node, const Values& x, ValueId v);

// The gradient of ReduceMax and ReduceMin: dx = dy where x is the extreme, shared evenly among ties.
Result<Values> reduced_extreme_gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy);

// Last, first, middle and all axes, with and without keepdims; elements in [low, high].
std::vector<Sample> reduction_samples(double low, double high);
inline std::vector<Sample> reduction_samples() { return reduction_samples(-2, 2); }

}  // namespace slipway::ops
