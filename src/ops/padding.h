// What Pad and its gradient share: modes, and pads per dimension from the inputs `pads` and `axes`.
#pragma once

#include <span>

#include "graph/operator.h"
#include "kernels/pad.h"

namespace slipway::ops {

// Attribute `mode`; an error names those there are.
Result<kernels::PadMode> pad_mode(const Node& node);

// The dimensions of x with `pads` at `axes` (all when empty); what cannot be padded so is an error.
Result<Dims> padded_dims(kernels::PadMode mode, const Dims& x, std::span<const int64_t> pads,
                         std::span<const int64_t> axes);

// Writes the elements put before (and, when `after` is not null, behind) each dimension. An error for lengths or axes
// that do not fit.
Status spread_pads(std::span<const int64_t> pads, std::span<const int64_t> axes, int64_t rank, int64_t* before,
                   int64_t* after);

}  // namespace slipway::ops
