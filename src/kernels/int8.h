// 8-bit products with int32 sums: prepared once, run many times. This header shows nothing of oneDNN.
//
// The primitives multiply raw numbers; zero points are corrected around them:
//   sum_k (x - a)(w - b) = sum_k x w - a sum_k w - b (sum_k x - K a)
#pragma once

#include <cstdint>
#include <span>

#include "kernels/primitive.h"

namespace slipway::kernels {

// acc[m, n] = sum_k x[m, k] w[k, n]; x is u8 or i8, w is i8.
struct Int8MatmulSpec {
  int64_t m = 0, n = 0, k = 0;
  DType x = DType::u8;
  bool transpose_w = false;            // w is stored [n, k]
  const Tensor* constant_w = nullptr;  // w when it never changes: packed once, and in[1] is not read
};
// in: {x, w}; out: {acc}.
Result<std::shared_ptr<const Primitive>> make_int8_matmul(const Int8MatmulSpec& spec, const PackFn& pack);

// Convolution of channels-last x [N, ..., C] (u8 or i8) with w [O, C / groups, ...] (i8). Shapes are given in ONNX
// order: x [N, C, ...], y [N, O, ...].
struct Int8ConvSpec {
  Shape x, w, y;
  Shape strides, dilations, pads_begin, pads_end;
  int64_t groups = 1;
  DType x_dtype = DType::u8;
  const Tensor* constant_w = nullptr;
};
// in: {x, w}; out: {acc}, channels last.
Result<std::shared_ptr<const Primitive>> make_int8_conv(const Int8ConvSpec& spec, const PackFn& pack);

// y = clamp(round(scale[o] sum (x - x_zero) w + bias[o]), low, high): a whole quantized convolution in one primitive,
// channels last. `bias` is in steps of y and holds y's zero point. y of float32 is not rounded.
struct RequantizedConvSpec {
  Int8ConvSpec conv;             // constant_w is required
  DType y = DType::u8;           // u8, i8 or f32
  int32_t x_zero = 0;            // what the padding stands for
  std::span<const float> scale;  // [O], none of them 0
  std::span<const float> bias;   // [O]
  float low = 0, high = 0;       // inside least() and greatest()
  int threads = 1;

  float least() const;  // of y's type
  float greatest() const;
};
// in: {x}; out: {y}. By our own loops (byte_conv.h) where they are faster, else through oneDNN.
Result<std::shared_ptr<const Primitive>> make_requantized_conv(const RequantizedConvSpec& spec, const PackFn& pack);
Result<std::shared_ptr<const Primitive>> make_onednn_requantized_conv(const RequantizedConvSpec& spec,
                                                                      const PackFn& pack);

// A pointer to `n` numbers of u8 or i8, or to none (nullptr means zeros).
struct ZeroPoint {
  DType dtype = DType::undefined;  // undefined: there is none
  int64_t count = 0;
  const Tensor* constant = nullptr;

  bool given() const { return dtype != DType::undefined; }
};

struct Int8Operands {
  const void* x;
  const void* w;
  const void* x_zero;
  const void* w_zero;
  int32_t* acc;
  void* scratch;
};

// The whole of an 8-bit product for any mix of signs and zero points. Frozen; instances may run at the same time.
class Int8Product {
 public:
  virtual ~Int8Product() = default;
  virtual size_t scratch_bytes() const = 0;
  virtual std::shared_ptr<void> make_instance() const = 0;
  // Fills acc: [rows, n]. The exact sums are acc[., j] - offset[j] for the offset returned (in scratch; nullptr:
  // zeros).
  virtual const int32_t* run(void* instance, const Int8Operands& a) const = 0;
};

struct Int8GemmSpec {
  int64_t m = 0, n = 0, k = 0;
  DType x = DType::u8, w = DType::i8;  // u8 or i8
  bool transpose_w = false;
  ZeroPoint x_zero;  // one, or one per row
  ZeroPoint w_zero;  // one, or one per column
  const Tensor* constant_w = nullptr;
  int threads = 1;
};
// acc: [m, n].
Result<std::shared_ptr<const Int8Product>> make_int8_gemm(const Int8GemmSpec& spec, const PackFn& pack);

struct Int8ConvolutionSpec {
  Int8ConvSpec conv;  // x in ONNX's layout [N, C, ...] here; padding stands for x's zero point
  DType w = DType::i8;
  ZeroPoint x_zero;  // one
  ZeroPoint w_zero;  // one, or one per output channel
  int threads = 1;
};
// acc: [N * spatial, O], channels last.
Result<std::shared_ptr<const Int8Product>> make_int8_convolution(const Int8ConvolutionSpec& spec, const PackFn& pack);

// Element i of a u8 or i8 array (0 when there is none).
int32_t zero_at(DType dtype, const void* data, int64_t i);

}  // namespace slipway::kernels
