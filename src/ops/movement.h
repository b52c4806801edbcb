// What the cards that move elements share: axes, strided kernels, shapes as inputs, zeros for gradients.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "graph/builder.h"
#include "graph/operator.h"
#include "kernels/strided_copy.h"
#include "ops/infer.h"
#include "ops/samples.h"

namespace slipway::ops {

// Attribute `name` counted from the front. Requires: inference accepted it.
int64_t axis_of(const Node& node, const char* name, int64_t rank);

// The contents of integer input i, nullopt when not known yet; an error unless it is int32 or int64.
Result<std::optional<std::vector<int64_t>>> index_input(InferContext& c, size_t i);

// An error unless arithmetic by strides can hold the rank.
Status check_rank(const TensorType& type);

// A kernel that copies input 0 to output 0 by `plan`.
Kernel copy_kernel(kernels::StridedCopy plan, DType dtype, int threads);

// A few integers read from an input; a plain value.
struct Ints {
  std::array<int64_t, kernels::kMaxRank> values;
  size_t count = 0;
  std::span<const int64_t> span() const { return {values.data(), count}; }
};

// Plans that follow from integer inputs (int32 or int64) are made once when those are constant, else at each run:
// neither reading nor planning allocates. Indexed by input; empty when omitted.
struct IntInputs {
  std::array<Ints, 8> inputs;
  std::span<const int64_t> operator[](size_t i) const { return inputs[i].span(); }
};
// Inputs [first, input_count) when all of them are constant or omitted. Requires (all three): at most kMaxRank elements
// each, at most 8 inputs.
std::optional<IntInputs> constant_ints(const PrepareContext& c, size_t first);
// A function that reads them at a run.
std::function<IntInputs(const KernelArgs&)> int_reader(const PrepareContext& c, size_t first);
// The same for input i alone.
std::function<Ints(const KernelArgs&)> one_int_reader(const PrepareContext& c, size_t i);

// Whether `a` and `b` may be one dimension; the better known of the two goes to `a`.
bool merge_dim(Dim& a, const Dim& b);

// The shape of `v` as a value: a constant when known, else a Shape node.
ValueId shape_of(Builder& b, ValueId v);
// Zeros of v's dtype and shape.
ValueId zeros_like(Builder& b, ValueId v);

// Floating-point input types are what gradients flow through.
bool flows(Builder& b, ValueId v);

// For samples: 8-bit integers of their whole range, other numbers in [-1, 1]; and constants of given contents.
Sample::Input sample(Shape shape, DType dtype = DType::f32);
Sample::Input fixed(Tensor value);
Sample::Input ints_sample(const std::vector<int64_t>& values);

}  // namespace slipway::ops
