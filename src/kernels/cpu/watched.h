// Watched primitives: as fast as they are with ordinary numbers, right with all others too.
//
// oneDNN's post-ops lose NaN (maxps answers its second operand where the first is NaN) and make NaN of infinities (its
// relu multiplies by 0), and Winograd's transforms overflow where the sums themselves would not. The processor notes
// all that in sticky flags (an invalid operation, an overflow) that cost nothing to raise and little to read, so the
// fast primitive runs first, and where a flag was raised a careful one runs again: direct, without a post-op, whose
// activation is a loop of its own.
#pragma once

#include <memory>

#include "kernels/primitive.h"

namespace slipway::kernels {

// Whether the primitive's post-op gives a number where its operand is NaN.
bool hides_nan(const PostOp& post);

// y = post(x) for n elements, as libm has it; NaN stays NaN. y may be x.
void apply_activation(const PostOp& post, const float* x, float* y, int64_t n);

// What may go wrong in a fast primitive.
struct Watch {
  PostOp post;
  int64_t n = 0;           // elements of output 0, float32
  bool overflows = false;  // inside, where the results would not
};

// Runs `fast`; where that raised a flag, `careful` too, and takes from it, with the post-op, what `fast` may have
// wrong: all elements where something can overflow inside, else those whose sum is not finite. So the bits of the
// others do not depend on what raised the flag: lanes beyond the last channel do that by what lies in memory.
std::shared_ptr<const Primitive> watched(std::shared_ptr<const Primitive> fast,
                                         std::shared_ptr<const Primitive> careful, const Watch& watch);

}  // namespace slipway::kernels
