// Attention.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/contraction.h"
#include "ops/infer.h"
#include "ops/samples.h"

namespace slipway {
namespace {

// Q, K or V as [batch, heads, steps, size], whatever its layout.
struct Heads {
  Dim batch, heads, steps, size;
};

Result<Heads> heads_of(const Node& n, const char* attribute, const Dims& x) {
  if (x.size() == 4) return Heads{x[0], x[1], x[2], x[3]};
  if (x.size() != 3) {
    return invalid(fmt::format("an input is {}; expected [B, heads, S, D] or [B, S, heads D]", to_string(x)));
  }
  int64_t heads = n.has(attribute) ? n.integer(attribute) : 0;
  if (heads < 1 || (x[2].known() && x[2].size % heads != 0)) {
    return invalid(
        fmt::format("{} is {} for an input {}; expected a divisor of its last size", attribute, heads, to_string(x)));
  }
  return Heads{x[0], heads, x[1], x[2].known() ? Dim(x[2].size / heads) : Dim()};
}

struct Parts {
  Heads q, k, v;
};

Result<Parts> parts_of(const Node& n, const Dims& q, const Dims& k, const Dims& v) {
  Parts parts;
  parts.q = TRY(heads_of(n, "q_num_heads", q));
  parts.k = TRY(heads_of(n, "kv_num_heads", k));
  parts.v = TRY(heads_of(n, "kv_num_heads", v));
  return parts;
}

Dim plus(const Dim& a, const Dim& b) { return a.known() && b.known() ? Dim(a.size + b.size) : Dim(); }

Status infer(InferContext& c) {
  Parts p = TRY(parts_of(c.node(), c.dims(0), c.dims(1), c.dims(2)));
  auto differ = [](const Dim& a, const Dim& b) { return a.known() && b.known() && a.size != b.size; };
  bool shared =
      !p.q.heads.known() || !p.k.heads.known() || (p.k.heads.size > 0 && p.q.heads.size % p.k.heads.size == 0);
  if (differ(p.q.size, p.k.size) || differ(p.k.steps, p.v.steps) || differ(p.q.batch, p.k.batch) ||
      differ(p.k.batch, p.v.batch) || differ(p.k.heads, p.v.heads) || !shared) {
    return invalid(fmt::format("Q {}, K {} and V {} do not fit", to_string(c.dims(0)), to_string(c.dims(1)),
                               to_string(c.dims(2))));
  }
  if (c.has_input(4) != c.has_input(5)) return invalid("past_key and past_value come together or not at all");
  for (size_t i : {1, 2, 4, 5}) {
    if (c.has_input(i)) RETURN_IF_ERROR(ops::expect_dtype(c, i, {c.dtype(0)}));
  }
  if (c.has_input(3)) RETURN_IF_ERROR(ops::expect_dtype(c, 3, {DType::boolean, c.dtype(0)}));
  Dim total = p.k.steps;
  if (c.has_input(4)) {
    if (c.dims(4).size() != 4 || c.dims(5).size() != 4) return invalid("past_key and past_value must have rank 4");
    total = plus(c.dims(4)[2], p.k.steps);
  }
  Dim width = p.q.heads.known() && p.v.size.known() ? Dim(p.q.heads.size * p.v.size.size) : Dim();
  c.set(0, c.dtype(0),
        c.dims(0).size() == 4 ? Dims{p.q.batch, p.q.heads, p.q.steps, p.v.size} : Dims{p.q.batch, p.q.steps, width});
  c.set(1, c.dtype(0), {p.k.batch, p.k.heads, total, p.k.size});
  c.set(2, c.dtype(0), {p.v.batch, p.v.heads, total, p.v.size});
  c.set(3, c.dtype(0), {p.q.batch, p.q.heads, p.q.steps, total});
  return {};
}

kernels::HeadLayout layout(size_t rank, int64_t heads, int64_t steps, int64_t size) {
  if (rank == 4) return {heads * steps * size, steps * size, size};
  return {heads * steps * size, size, heads * size};
}

// Strides of the mask against [batch, heads, queries, keys].
Status set_mask(const TensorType& mask, kernels::AttentionSpec& s) {
  s.mask = mask.dtype == DType::boolean ? kernels::AttentionSpec::Mask::boolean : kernels::AttentionSpec::Mask::number;
  Shape wanted = {s.batch, s.heads, s.queries, s.past + s.keys}, strides = row_major_strides(mask.shape);
  int64_t* to[] = {&s.mask_batch, &s.mask_head, &s.mask_query, &s.mask_key};
  if (mask.shape.size() > 4) return invalid("attn_mask must have at most 4 dimensions");
  for (size_t i = 0; i < mask.shape.size(); ++i) {
    size_t at = 4 - mask.shape.size() + i;
    if (mask.shape[i] != 1 && mask.shape[i] != wanted[at]) {
      return invalid(fmt::format("attn_mask {} does not broadcast to {}",
                                 to_string(std::span<const int64_t>(mask.shape)),
                                 to_string(std::span<const int64_t>(wanted))));
    }
    *to[at] = mask.shape[i] == 1 ? 0 : strides[i];
  }
  return {};
}

Result<kernels::AttentionSpec> spec_of(const PrepareContext& c) {
  const Node& n = c.node();
  Parts p = TRY(parts_of(n, to_dims(c.in(0).shape), to_dims(c.in(1).shape), to_dims(c.in(2).shape)));
  kernels::AttentionSpec s;
  s.dtype = c.in(0).dtype;
  s.batch = p.q.batch.size;
  s.heads = p.q.heads.size;
  s.kv_heads = p.k.heads.size;
  s.queries = p.q.steps.size;
  s.keys = p.k.steps.size;
  s.size = p.q.size.size;
  s.value_size = p.v.size.size;
  if (c.has_input(4)) {
    s.past = c.in(4).shape[2];
    bool fits = c.in(4).shape == Shape{s.batch, s.kv_heads, s.past, s.size} &&
                c.in(5).shape == Shape{s.batch, s.kv_heads, s.past, s.value_size};
    if (!fits) return invalid("past_key and past_value must be [B, kv heads, past, D]");
  }
  s.q = layout(c.in(0).shape.size(), s.heads, s.queries, s.size);
  s.k = layout(c.in(1).shape.size(), s.kv_heads, s.keys, s.size);
  s.v = layout(c.in(2).shape.size(), s.kv_heads, s.keys, s.value_size);
  s.y = layout(c.in(0).shape.size(), s.heads, s.queries, s.value_size);
  s.scale = n.has("scale") ? static_cast<double>(n.real("scale")) : 1 / std::sqrt(static_cast<double>(s.size));
  s.softcap = static_cast<double>(n.real("softcap"));
  s.causal = n.integer("is_causal") != 0;
  if (c.has_input(3)) RETURN_IF_ERROR(set_mask(c.in(3), s));
  int64_t mode = n.integer("qk_matmul_output_mode");
  if (mode < 0 || mode > 3) return invalid(fmt::format("qk_matmul_output_mode is {}; expected 0 to 3", mode));
  if (c.has_output(3)) s.scores = static_cast<kernels::ScoresOutput>(mode + 1);
  return s;
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::shared_ptr<const Primitive> primitive = TRY(kernels::make_attention(TRY(spec_of(c))));
  Kernel kernel = ops::kernel_of(primitive);
  kernel.run = [primitive, inputs = c.input_count(), outputs = c.output_count()](const KernelArgs& a) {
    const void* in[6] = {};
    void* out[4] = {};
    std::copy_n(a.in, inputs, in);
    std::copy_n(a.out, outputs, out);
    primitive->run(a.instance, in, out, a.scratch);
  };
  return kernel;
}

std::vector<Sample> samples() {
  using ops::random_input;
  return {{.inputs = {random_input({2, 4, 3, 4}), random_input({2, 2, 5, 4}), random_input({2, 2, 5, 3}),
                      random_input({3, 5})}},
          {.inputs = {random_input({1, 2, 4}), random_input({1, 2, 4}), random_input({1, 2, 4}), ops::omitted(),
                      random_input({1, 2, 3, 2}), random_input({1, 2, 3, 2})},
           .attributes = {{"q_num_heads", int64_t{2}},
                          {"kv_num_heads", int64_t{2}},
                          {"is_causal", int64_t{1}},
                          {"softcap", 2.0f},
                          {"qk_matmul_output_mode", int64_t{3}}},
           .outputs = 4}};
}

}  // namespace

OPERATOR(attention) = {
    .name = "Attention",
    .since = 23,
    .doc = "softmax(cap(scale Q K^T + mask)) V for each head; with past keys and values before the new ones.",
    .inputs = {3, 6},
    .outputs = {1, 4},
    .attributes = {{{"is_causal", 0},
                    {"kv_num_heads", kOptionalInt},
                    {"q_num_heads", kOptionalInt},
                    {"qk_matmul_output_mode", 0},
                    {"scale", kOptionalFloat},
                    {"softcap", 0.0f},
                    {"softmax_precision", kOptionalInt}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::attention,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
