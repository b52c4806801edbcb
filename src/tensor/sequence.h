// Sequence and Optional: what a value that is no tensor holds. Such a value is a Tensor of DType::sequence or
// DType::optional, shape [], with one of these as its element; so it passes wherever tensors do.
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace slipway {

// Items are tensors of one dtype (shapes may differ), or sequences.
struct Sequence {
  DType item = DType::undefined;  // of all items; undefined while nothing tells
  std::vector<Tensor> items;
};

// A tensor or a sequence, or nothing: then `value` is undefined.
struct Optional {
  Tensor value;
};

template <>
inline constexpr DType dtype_of<Sequence> = DType::sequence;
template <>
inline constexpr DType dtype_of<Optional> = DType::optional;

// invalid_argument, naming both types, when the items are not all of one dtype.
Result<Tensor> make_sequence(std::vector<Tensor> items, DType item = DType::undefined);
Tensor make_optional(Tensor value);

// Requires: of that dtype.
const Sequence& sequence_in(const Tensor& tensor);
const Optional& optional_in(const Tensor& tensor);

}  // namespace slipway
