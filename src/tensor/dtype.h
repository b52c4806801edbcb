// Element types, with ONNX's numbers (onnx.proto, TensorProto.DataType), and the two that are no tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

enum class DType : uint8_t {
  undefined = 0,
  f32 = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  string = 8,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  u32 = 12,
  u64 = 13,
  bf16 = 16,
  // A value of these types is a Tensor of shape [] whose one element holds tensors (tensor/sequence.h).
  sequence = 200,
  optional = 201,
};

// IEEE 754 binary16 and bfloat16 as bits; arithmetic happens in float.
struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};
float to_float(Half h);
float to_float(BFloat16 b);
Half to_half(float x);          // rounds to nearest, ties to even
BFloat16 to_bfloat16(float x);  // rounds to nearest, ties to even

// Bytes of one element; 0 for what has no bytes of fixed size: string, sequence, optional, undefined.
size_t size_of(DType dtype);
// "float32", "uint8", …: NumPy's names.
std::string_view dtype_name(DType dtype);
// The inverse of dtype_name for tensors; nullopt for anything else.
std::optional<DType> dtype_from_name(std::string_view name);

constexpr bool is_float(DType t) { return t == DType::f32 || t == DType::f64 || t == DType::f16 || t == DType::bf16; }
constexpr bool is_integer(DType t) {
  return t == DType::u8 || t == DType::i8 || t == DType::u16 || t == DType::i16 || t == DType::i32 || t == DType::i64 ||
         t == DType::u32 || t == DType::u64;
}

// Whether elements are C++ objects rather than bytes: they cannot be copied by memcpy, nor lie in an arena.
constexpr bool holds_objects(DType t) { return t == DType::string || t == DType::sequence || t == DType::optional; }
// Whether a value of this type is a tensor at all.
constexpr bool is_tensor(DType t) { return t != DType::sequence && t != DType::optional; }

template <typename T>
constexpr DType dtype_of = DType::undefined;
template <>
inline constexpr DType dtype_of<float> = DType::f32;
template <>
inline constexpr DType dtype_of<double> = DType::f64;
template <>
inline constexpr DType dtype_of<uint8_t> = DType::u8;
template <>
inline constexpr DType dtype_of<int8_t> = DType::i8;
template <>
inline constexpr DType dtype_of<uint16_t> = DType::u16;
template <>
inline constexpr DType dtype_of<int16_t> = DType::i16;
template <>
inline constexpr DType dtype_of<uint32_t> = DType::u32;
template <>
inline constexpr DType dtype_of<int32_t> = DType::i32;
template <>
inline constexpr DType dtype_of<uint64_t> = DType::u64;
template <>
inline constexpr DType dtype_of<int64_t> = DType::i64;
template <>
inline constexpr DType dtype_of<bool> = DType::boolean;
template <>
inline constexpr DType dtype_of<Half> = DType::f16;
template <>
inline constexpr DType dtype_of<BFloat16> = DType::bf16;
template <>
inline constexpr DType dtype_of<std::string> = DType::string;

}  // namespace slipway
