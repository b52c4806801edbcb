// Convolutions and their gradients as primitives over Winograd's steps.
#pragma once

#include "kernels/primitive.h"

namespace slipway::kernels {

// Whether these primitives can take `spec`, and are the fastest there is for it: 3 x 3 of stride 1, channels last, in
// float32, with channels and filters that fill vectors and products that stay in a core's cache.
bool winograd_takes(const ConvSpec& spec);

// As make_conv, make_conv_backward_data and make_conv_backward_weights; the filters are brought into their layout in
// every run. Requires: winograd_takes(spec).
std::shared_ptr<const Primitive> make_winograd(const ConvSpec& spec);
std::shared_ptr<const Primitive> make_winograd_backward_data(const ConvSpec& spec);
std::shared_ptr<const Primitive> make_winograd_backward_weights(const ConvSpec& spec);

}  // namespace slipway::kernels
