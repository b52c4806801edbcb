// Which way a quantized convolution is computed.
#include <cmath>

#include "kernels/byte_conv.h"
#include "kernels/widened_int8.h"

namespace slipway::kernels {

float RequantizedConvSpec::least() const { return y == DType::u8 ? 0.f : y == DType::i8 ? -128.f : -INFINITY; }
float RequantizedConvSpec::greatest() const { return y == DType::u8 ? 255.f : y == DType::i8 ? 127.f : INFINITY; }

Result<std::shared_ptr<const Primitive>> make_requantized_conv(const RequantizedConvSpec& spec, const PackFn& pack) {
  if (auto own = make_depthwise_byte_conv(spec, pack)) return own;
  if (auto own = make_direct_byte_conv(spec, pack)) return own;
  return sums_bytes_exactly() ? make_onednn_requantized_conv(spec, pack) : make_widened_requantized_conv(spec, pack);
}

}  // namespace slipway::kernels
