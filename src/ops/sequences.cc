// Positions in sequences and types of what they hold.
#include "ops/sequences.h"

#include <fmt/format.h>

namespace slipway::ops {

Status expect_sequence(InferContext& c, size_t i) {
  ValueType type = c.type(i);
  if (type.dtype == DType::sequence || type.dtype == DType::undefined) return {};
  return invalid(fmt::format("input {} is {}; expected a sequence", i, to_string(type)));
}

ValueType element_of(const ValueType& type) { return type.element != nullptr ? *type.element : ValueType(); }

Result<int64_t> position_in(const Tensor& position) {
  if ((position.dtype() != DType::i64 && position.dtype() != DType::i32) || position.count() != 1) {
    return invalid(fmt::format("the position is {}; expected one int32 or int64", to_string(position.type())));
  }
  return position.to_ints()[0];
}

Result<size_t> place(int64_t position, size_t size) {
  auto n = static_cast<int64_t>(size);
  if (position >= -n && position < n) return static_cast<size_t>(position < 0 ? position + n : position);
  return invalid(fmt::format("position {}; expected {} to {}", position, -n, n - 1));
}

Result<const Sequence*> sequence_input(std::span<const Tensor> inputs, size_t i) {
  if (inputs[i].dtype() == DType::sequence) return &sequence_in(inputs[i]);
  return invalid(fmt::format("input {} is {}; expected a sequence", i, to_string(inputs[i].type())));
}

}  // namespace slipway::ops
