// 8-bit products through float32, for processors whose 8-bit instructions lose sums.
//
// Without AVX-512 VNNI, oneDNN multiplies bytes with vpmaddubsw, which adds two products in 16 bits and saturates (255
// * 127 + 255 * 127 > 32767), and halves the weights of signed inputs. Whole numbers below 2^24 are exact in float32:
// where sums may be larger, the weights are cut into parts of fewer bits, w = sum_j part_j 2^(bits j), whose products
// are added in int32. With the largest operands a sum may have 65,793 products before it rounds.
#pragma once

#include "kernels/int8.h"

namespace slipway::kernels {

// Whether oneDNN's sums of 8-bit products are exact on this processor.
bool sums_bytes_exactly();

// As make_int8_matmul, make_int8_conv and make_onednn_requantized_conv.
Result<std::shared_ptr<const Primitive>> make_widened_matmul(const Int8MatmulSpec& spec, const PackFn& pack);
Result<std::shared_ptr<const Primitive>> make_widened_conv(const Int8ConvSpec& spec, const PackFn& pack);
Result<std::shared_ptr<const Primitive>> make_widened_requantized_conv(const RequantizedConvSpec& spec,
                                                                       const PackFn& pack);

// The convolution of `spec` on float32, channels last, summed directly (no Winograd, whose transforms round).
// `constant_w`: float32 weights, or nullptr. in: {x, w}; out: {y}. Through oneDNN.
Result<std::shared_ptr<const Primitive>> make_direct_float_conv(const Int8ConvSpec& spec, const Tensor* constant_w,
                                                                const PackFn& pack);

}  // namespace slipway::kernels
