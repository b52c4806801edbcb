// Primitive: a oneDNN primitive made ready for fixed shapes. This header shows nothing of oneDNN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

// Applied to each element of the result, inside the primitive.
enum class FusedActivation : uint8_t {
  none,
  relu,
  leaky_relu,
  clip,
  sigmoid,
  tanh,
  gelu_erf,
  gelu_tanh,
  hard_swish,
  elu,
  swish
};

struct PostOp {
  FusedActivation activation = FusedActivation::none;
  float alpha = 0;  // slope, lower bound
  float beta = 0;   // upper bound
};

// Frozen; many instances may run at the same time.
class Primitive {
 public:
  virtual ~Primitive() = default;
  virtual size_t scratch_bytes() const = 0;
  // What one run at a time needs for itself.
  virtual std::shared_ptr<void> make_instance() const = 0;
  // `in` and `out` in the order that the maker states. `scratch` is aligned to 64.
  virtual void run(void* instance, const void* const* in, void* const* out, void* scratch) const = 0;
};

// Whether the processor multiplies bfloat16 numbers (AVX512_BF16 or AMX), so that it is faster than float32.
bool multiplies_bf16();

// C[b, m, n] = post(A[b, m, k] B[b, k, n] + bias[n]); float32. in: {A, B, bias?}; out: {C}.
struct MatmulSpec {
  Shape batch_a;  // leading dimensions of A; broadcast against batch_b as in MatMul
  Shape batch_b;
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false;  // A is stored [k, m]
  bool transpose_b = false;  // B is stored [n, k]
  // In elements, one for each of [batch..., rows, columns]; empty: row-major, transposed as said above. Where given,
  // all batches have the same rank.
  Shape strides_a, strides_b, strides_c;
  bool bias = false;
  PostOp post;
  bool bf16 = false;  // A and B are rounded to bfloat16, sums stay float32. Requires: multiplies_bf16()
  const Tensor* constant_b = nullptr;  // B when it never changes: it is packed once and in[1] is not read
};

// Where packed constants are kept: (source, layout name, maker) -> packed tensor.
using PackFn = std::function<Tensor(const Tensor& source, const std::string& layout, const std::function<Tensor()>&)>;

Result<std::shared_ptr<const Primitive>> make_matmul(const MatmulSpec& spec, const PackFn& pack);

// Convolution over 1 to 3 spatial dimensions, float32, ONNX layouts: X [N, C, ...], W [O, C / groups, ...].
struct ConvSpec {
  Shape x, w, y;
  Shape strides, dilations, pads_begin, pads_end;
  int64_t groups = 1;
  bool bias = false;
  bool channels_last = false;  // X and Y lie in memory as [N, ..., C]; `x` and `y` stay [N, C, ...]
  PostOp post;
  bool bf16 = false;  // as in MatmulSpec
  const Tensor* constant_w = nullptr;
  int threads = 1;  // of what is not oneDNN's, which takes OpenMP's
};

// y = post(x * w + bias). in: {X, W, bias?}; out: {Y}.
Result<std::shared_ptr<const Primitive>> make_conv(const ConvSpec& spec, const PackFn& pack);
// dx from dy and w. in: {dY, W}; out: {dX}.
Result<std::shared_ptr<const Primitive>> make_conv_backward_data(const ConvSpec& spec);
// dw (and db) from x and dy. in: {X, dY}; out: {dW, db?}.
Result<std::shared_ptr<const Primitive>> make_conv_backward_weights(const ConvSpec& spec);
// Transposed convolution: W is [C, O / groups, ...]. in: {X, W, bias?}; out: {Y}.
Result<std::shared_ptr<const Primitive>> make_deconv(const ConvSpec& spec, const PackFn& pack);

}  // namespace slipway
