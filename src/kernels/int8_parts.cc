// Weights as int8 and zero points.
#include "kernels/int8_parts.h"

#include <cstring>

namespace slipway::kernels {

int32_t zero_at(DType dtype, const void* data, int64_t i) {
  if (dtype == DType::undefined) return 0;
  return dtype == DType::u8 ? int32_t{static_cast<const uint8_t*>(data)[i]} : static_cast<const int8_t*>(data)[i];
}

void to_int8(DType dtype, const void* x, int8_t* y, int64_t n) {
  if (dtype == DType::i8) {
    std::memcpy(y, x, static_cast<size_t>(n));
    return;
  }
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<int8_t>(static_cast<const uint8_t*>(x)[i] ^ 0x80);
}

Tensor int8_weights(const Tensor& w, const PackFn& pack) {
  if (w.dtype() == DType::i8) return w;
  return pack(w, "int8 shifted", [&] {
    Tensor shifted(DType::i8, w.shape());
    to_int8(DType::u8, w.raw(), shifted.mutable_data<int8_t>().data(), w.count());
    return shifted;
  });
}

bool weights_shifted(DType w, const ZeroPoint& zero) {
  int32_t neutral = w == DType::u8 ? 128 : 0;
  if (!zero.given()) return neutral != 0;
  if (zero.constant == nullptr) return true;
  for (int64_t i = 0; i < zero.count; ++i) {
    if (zero_at(zero.dtype, zero.constant->raw(), i) != neutral) return true;
  }
  return false;
}

}  // namespace slipway::kernels
