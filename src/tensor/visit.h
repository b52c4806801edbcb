// Calls a generic lambda with the C++ type of a dtype: the one place that lists the types.
#pragma once

#include <string>

#include "base/check.h"
#include "tensor/dtype.h"

namespace slipway {

template <typename T>
struct TypeTag {
  using type = T;
};

// f(TypeTag<T>{}) for a numeric or boolean `dtype` (Half and BFloat16 included). Requires: not string, not undefined.
template <typename F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32: return f(TypeTag<float>{});
    case DType::f64: return f(TypeTag<double>{});
    case DType::u8: return f(TypeTag<uint8_t>{});
    case DType::i8: return f(TypeTag<int8_t>{});
    case DType::u16: return f(TypeTag<uint16_t>{});
    case DType::i16: return f(TypeTag<int16_t>{});
    case DType::u32: return f(TypeTag<uint32_t>{});
    case DType::i32: return f(TypeTag<int32_t>{});
    case DType::u64: return f(TypeTag<uint64_t>{});
    case DType::i64: return f(TypeTag<int64_t>{});
    case DType::boolean: return f(TypeTag<bool>{});
    case DType::f16: return f(TypeTag<Half>{});
    case DType::bf16: return f(TypeTag<BFloat16>{});
    default: CHECK(false, "visit_dtype on a type without numbers");
  }
  __builtin_unreachable();
}

// Conversion that knows the 16-bit floats.
template <typename To, typename From>
To convert_element(From x) {
  if constexpr (std::is_same_v<From, To>) {
    return x;
  } else if constexpr (std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>) {
    return convert_element<To>(to_float(x));
  } else if constexpr (std::is_same_v<To, Half>) {
    return to_half(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return to_bfloat16(static_cast<float>(x));
  } else {
    return static_cast<To>(x);
  }
}

}  // namespace slipway
