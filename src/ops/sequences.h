// What the cards over sequences and optionals share.
#pragma once

#include "graph/operator.h"
#include "tensor/sequence.h"

namespace slipway::ops {

inline constexpr TfliteRule kNoSequences = {nullptr, "there are no sequences or optionals"};

// An error when the dtype of input i is known and is not that.
Status expect_sequence(InferContext& c, size_t i);

// What a sequence or optional of this type holds; nothing known when it does not say.
ValueType element_of(const ValueType& type);

// The one integer in `position` (int32 or int64).
Result<int64_t> position_in(const Tensor& position);

// `position` counted from the front of `size` places; out_of_range outside [-size, size).
Result<size_t> place(int64_t position, size_t size);

// The sequence in input i of an eager function; invalid_argument when it is something else.
Result<const Sequence*> sequence_input(std::span<const Tensor> inputs, size_t i);

}  // namespace slipway::ops
