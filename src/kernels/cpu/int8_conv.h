// What the 8-bit convolutions through oneDNN share.
#pragma once

#include "kernels/cpu/onednn.h"
#include "kernels/int8.h"

namespace slipway::onednn {

// [N, C, ...] whose elements lie as [N, ..., C].
Desc channels_last(const Shape& dims, Type type);

// [O, C / groups, ...] as oneDNN has it: [groups, O / groups, C / groups, ...] where there are groups.
Shape weight_dims(const kernels::Int8ConvSpec& spec);

}  // namespace slipway::onednn
