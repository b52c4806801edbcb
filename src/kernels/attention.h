// Scaled dot-product attention over blocks of queries: the scores of one block at a time are all that is ever stored.
#pragma once

#include <memory>

#include "kernels/primitive.h"

namespace slipway::kernels {

// Strides in elements over [batch, heads, steps, size]; the last is 1.
struct HeadLayout {
  int64_t batch = 0, head = 0, step = 0;
};

// What qk_matmul_output of ONNX holds, if anything: scores become capped, then masked, then weights.
enum class ScoresOutput : uint8_t { none, product, masked, capped, softmax };

struct AttentionSpec {
  DType dtype = DType::f32;
  int64_t batch = 0, heads = 0, kv_heads = 0;  // heads / kv_heads queries share one key head
  int64_t queries = 0, keys = 0, past = 0;     // steps; keys are behind the past ones
  int64_t size = 0, value_size = 0;
  HeadLayout q, k, v, y;
  double scale = 1, softcap = 0;
  bool causal = false;  // query i sees keys up to past + i
  enum class Mask : uint8_t { none, boolean, number } mask = Mask::none;
  int64_t mask_batch = 0, mask_head = 0, mask_query = 0, mask_key = 0;  // strides, 0 where it is broadcast
  ScoresOutput scores = ScoresOutput::none;
};

// y = softmax(cap(scale Q Kᵀ) + mask) V. A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017. The cap comes
// first (ONNX's erratum of 2026, onnx/onnx#7865): behind the mask it would let masked keys in again.
// in: {Q, K, V, mask?, past K?, past V?} (past [batch, kv_heads, past, size]); out: {Y, present K?, present V?,
// scores?} (present [batch, kv_heads, past + keys, size], scores [batch, heads, queries, past + keys]). A row without
// any key gives 0.
Result<std::shared_ptr<const Primitive>> make_attention(const AttentionSpec& spec);

}  // namespace slipway::kernels
