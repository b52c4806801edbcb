// Element types: sizes, names, 16-bit floats.
#include "tensor/dtype.h"

#include <bit>

namespace slipway {

namespace {

struct Row {
  DType dtype;
  std::string_view name;
  size_t size;
};

constexpr Row kRows[] = {
    {DType::f32, "float32", 4},       {DType::u8, "uint8", 1},      {DType::i8, "int8", 1},
    {DType::u16, "uint16", 2},        {DType::i16, "int16", 2},     {DType::i32, "int32", 4},
    {DType::i64, "int64", 8},         {DType::string, "string", 0}, {DType::boolean, "bool", 1},
    {DType::f16, "float16", 2},       {DType::f64, "float64", 8},   {DType::u32, "uint32", 4},
    {DType::u64, "uint64", 8},        {DType::bf16, "bfloat16", 2}, {DType::sequence, "sequence", 0},
    {DType::optional, "optional", 0},
};

}  // namespace

size_t size_of(DType dtype) {
  for (const Row& row : kRows) {
    if (row.dtype == dtype) return row.size;
  }
  return 0;
}

std::string_view dtype_name(DType dtype) {
  for (const Row& row : kRows) {
    if (row.dtype == dtype) return row.name;
  }
  return "undefined";
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name && is_tensor(row.dtype)) return row.dtype;
  }
  return std::nullopt;
}

float to_float(Half h) {
  uint32_t sign = uint32_t{h.bits & 0x8000u} << 16;
  uint32_t exponent = (h.bits >> 10) & 0x1F;
  uint32_t mantissa = h.bits & 0x3FF;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000u | mantissa << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return sign != 0 ? -magnitude : magnitude;
}

float to_float(BFloat16 b) { return std::bit_cast<float>(uint32_t{b.bits} << 16); }

Half to_half(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return {static_cast<uint16_t>(sign | 0x7E00)};   // NaN
  if (magnitude >= 0x477FF000) return {static_cast<uint16_t>(sign | 0x7C00)};  // rounds to infinity
  if (magnitude < 0x38800000) {                                                // subnormal: let the adder round
    float rounded = std::bit_cast<float>(magnitude) + 0.5f;
    return {static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(rounded) - 0x3F000000))};
  }
  uint32_t rounded = magnitude + 0xFFF + ((magnitude >> 13) & 1);
  return {static_cast<uint16_t>(sign | ((rounded - 0x38000000) >> 13))};
}

BFloat16 to_bfloat16(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)};
}

}  // namespace slipway
