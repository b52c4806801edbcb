// What the operators that draw random numbers share.
#pragma once

#include "base/random.h"
#include "graph/operator.h"

namespace slipway::ops {

inline constexpr AttributeSpec kSeed = {"seed", kOptionalFloat};

// A kernel that calls fill(Random&, args). Every workspace draws one sequence, given by the node's `seed` (or its place
// in the graph) alone, and goes on in it from run to run.
Kernel random_kernel(const PrepareContext& c, std::function<void(Random&, const KernelArgs&)> fill);

// Output 0 filled with draw(random), in its float type.
Result<Kernel> random_fill(const PrepareContext& c, std::function<double(Random&)> draw);

// Output 0 of attribute dtype (or input 0's type where it is left out) and the shape of input 0, or attribute shape.
Status infer_random_like(InferContext& c);
Status infer_random(InferContext& c);

}  // namespace slipway::ops
