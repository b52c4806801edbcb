// Element storage by width, for arithmetic that moves elements without looking into them.
#pragma once

#include <string>

#include "tensor/dtype.h"
#include "tensor/visit.h"

namespace slipway::kernels {

// f(TypeTag<T>{}) with T an unsigned integer as wide as `dtype`'s elements, or std::string.
template <typename F>
decltype(auto) visit_storage(DType dtype, F&& f) {
  if (dtype == DType::string) return f(TypeTag<std::string>{});
  switch (size_of(dtype)) {
    case 1: return f(TypeTag<uint8_t>{});
    case 2: return f(TypeTag<uint16_t>{});
    case 4: return f(TypeTag<uint32_t>{});
    case 8: return f(TypeTag<uint64_t>{});
    default: CHECK(false, "element type without a width");
  }
  __builtin_unreachable();
}

// f(TypeTag<T>{}) with T int32_t or int64_t. Requires: `dtype` is one of the two.
template <typename F>
decltype(auto) visit_index(DType dtype, F&& f) {
  CHECK(dtype == DType::i32 || dtype == DType::i64, "index type other than int32 and int64");
  if (dtype == DType::i32) return f(TypeTag<int32_t>{});
  return f(TypeTag<int64_t>{});
}

// Element i of an int32 or int64 array.
inline int64_t index_at(DType dtype, const void* data, int64_t i) {
  return dtype == DType::i32 ? static_cast<const int32_t*>(data)[i] : static_cast<const int64_t*>(data)[i];
}

}  // namespace slipway::kernels
