// Watched primitives: as fast as they are with ordinary numbers, right with all others too.
//
// oneDNN's post-ops lose NaN (maxps answers its second operand where the first is NaN), and Winograd's transforms
// overflow where the sums themselves would not. The processor notes both in sticky flags (an invalid operation, an
// overflow) that cost nothing to raise and little to read, so the fast primitive runs first, and where a flag was
// raised a careful one runs again: direct, without a post-op, whose activation is a loop of its own.
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

// Runs `fast`; where that raised a flag, `careful` instead, and the post-op over its output, unless no sum is NaN and
// nothing can overflow inside: then `fast` is right, whatever raised the flag.
std::shared_ptr<const Primitive> watched(std::shared_ptr<const Primitive> fast,
                                         std::shared_ptr<const Primitive> careful, const Watch& watch);

}  // namespace slipway::kernels
