// What cards expect of their inputs: types, dimensions and counts that a file may get wrong.
#pragma once

#include "ops/infer.h"

namespace slipway::ops {

// An error unless every input that is there has the dtype of input 0.
Status expect_same_dtypes(InferContext& c);

// An error that names the expected types unless input i is of numbers: no strings, no booleans.
Status expect_numbers(InferContext& c, size_t i);

// An error unless input i is left out or fits `wanted`, whose unknown dimensions fit anything. `name` names it.
Status expect_dims(InferContext& c, size_t i, const char* name, const Dims& wanted);

// An error unless input i is left out or has one element, as far as its shape is known.
Status expect_one(InferContext& c, size_t i, const char* name);

// An error unless x falls into rows as long as scale has elements.
Status expect_rows(const TensorType& x, const TensorType& scale);

// The type whose number in ONNX's TensorProto the integer attribute `name` holds.
Result<DType> dtype_attribute(const Node& node, const char* name);

// For cards whose inputs are checked by their contents: output 0 like input 0 in type and rank, its sizes unknown until
// then. An error for a scalar, which has no sizes to wait for.
Status await_contents(InferContext& c);

// An error for an input from number `first` on that has more integers than a tensor has dimensions: int_reader() and
// its like hold no more.
Status expect_few_ints(const PrepareContext& c, size_t first);

// A kernel that writes zeros to every output: sums over no elements.
Kernel zero_kernel(const PrepareContext& c);

}  // namespace slipway::ops
