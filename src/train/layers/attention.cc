// Attention and transformer blocks (A. Vaswani et al., "Attention Is All You Need", 2017), in ONNX operators.
#include <cmath>

#include <fmt/format.h>

#include "train/layers/context.h"

namespace slipway::train {

namespace {

struct Heads {
  int64_t count;
  int64_t key;    // features of each head's queries and keys
  int64_t value;  // and of its values
  double dropout;
  bool causal;
  bool alibi;
};

// [batch, steps, heads × width] as [batch, heads, steps, width]
ValueId split_heads(LayerContext& c, ValueId x, int64_t heads, int64_t width) {
  return c.transpose(c.b.op("Reshape", {x, c.b.ints({0, 0, heads, width})}), {0, 2, 1, 3});
}

constexpr float kNever = -1e9f;  // added to a score, leaves it no share

// 0 where step i may look at step j <= i, kNever elsewhere: [steps, steps]
Tensor causal_mask(int64_t steps) {
  Tensor mask(DType::f32, {steps, steps});
  for (int64_t i = 0; i < steps; ++i) {
    for (int64_t j = i + 1; j < steps; ++j) mask.mutable_data<float>()[static_cast<size_t>(i * steps + j)] = kNever;
  }
  return mask;
}

// -2^(-8 (h + 1) / heads) |i - j| for head h: [heads, steps, steps] (O. Press, N. Smith, M. Lewis, "Train short, test
// long: attention with linear biases enables input length extrapolation", ICLR 2022)
Tensor linear_biases(int64_t heads, int64_t steps, bool causal) {
  Tensor biases(DType::f32, {heads, steps, steps});
  float* to = biases.mutable_data<float>().data();
  for (int64_t h = 0; h < heads; ++h) {
    double slope = std::exp2(-8.0 * static_cast<double>(h + 1) / static_cast<double>(heads));
    for (int64_t i = 0; i < steps; ++i) {
      for (int64_t j = 0; j < steps; ++j) {
        *to++ = causal && j > i ? kNever : static_cast<float>(-slope * static_cast<double>(std::abs(i - j)));
      }
    }
  }
  return biases;
}

// What is added to the scores; invalid where nothing is.
Result<ValueId> score_bias(LayerContext& c, ValueId query, ValueId key, const Heads& heads, const std::string& part) {
  if (!heads.causal && !heads.alibi) return ValueId();
  int64_t steps = TRY(c.known_size(query, 1, "number of steps for a causal mask or linear biases"));
  if (!heads.alibi) return c.fixed(part + "causal_mask", causal_mask(steps));
  if (int64_t others = TRY(c.known_size(key, 1, "number of steps for linear biases")); others != steps) {
    return invalid(fmt::format("linear biases need as many keys as queries; found {} and {}", others, steps));
  }
  return c.fixed(part + "linear_biases", linear_biases(heads.count, steps, heads.causal));
}

// concat(softmax(Q K^T / sqrt(key) + mask) V) W over heads
Result<ValueId> attend(LayerContext& c, ValueId query, ValueId value, ValueId key, const Heads& heads,
                       const std::string& part) {
  for (ValueId x : {query, value, key}) {
    RETURN_IF_ERROR(c.expect_rank(x, 3, "sequences [batch, steps, features]"));
  }
  int64_t width = TRY(c.known_size(query, 2, "number of features"));
  bool bias = c.flag("use_bias", true);
  auto projected = [&](ValueId x, int64_t size, const char* name) -> Result<ValueId> {
    return split_heads(c, TRY(project(c, x, heads.count * size, bias, part + name)), heads.count, size);
  };
  ValueId q = TRY(projected(query, heads.key, "query/")), k = TRY(projected(key, heads.key, "key/")),
          v = TRY(projected(value, heads.value, "value/"));
  double scale = 1 / std::sqrt(static_cast<double>(heads.key));
  ValueId scores = c.b.op("MatMul", {c.b.mul(q, c.b.scalar(static_cast<float>(scale))), c.transpose(k, {0, 1, 3, 2})});
  if (ValueId bias = TRY(score_bias(c, query, key, heads, part)); bias.valid()) scores = c.b.add(scores, bias);
  ValueId shares =
      c.dropout(c.b.op("Softmax", {scores}, {{"axis", int64_t{-1}}}), heads.dropout, part + "dropout_rate");
  ValueId mixed = c.transpose(c.b.op("MatMul", {shares, v}), {0, 2, 1, 3});
  ValueId joined = c.b.op("Reshape", {mixed, c.b.ints({0, 0, heads.count * heads.value})});
  return project(c, joined, width, bias, part + "attention_output/");
}

// Inputs: query, then value, then key (Keras's order); one left out is the one before.
Result<ValueId> multi_head_attention(LayerContext& c, const Values& x) {
  int64_t key = c.integer("key_dim");
  Heads heads = {c.integer("num_heads"),           key,
                 c.integer("value_dim", key),      c.real("dropout"),
                 c.flag("use_causal_mask", false), c.flag("use_alibi", false)};
  ValueId value = x.size() > 1 ? x[1] : x[0];
  return attend(c, x[0], value, x.size() > 2 ? x[2] : value, heads, "");
}

// One block: what its sublayers share.
class Block {
 public:
  explicit Block(LayerContext& c)
      : c_(c),
        rate_(c.real("dropout")),
        epsilon_(c.real("layer_norm_epsilon", 1e-5)),
        first_(c.flag("normalize_first", false)) {}

  // x + attention(x, memory); without memory x attends to itself
  Result<ValueId> attention(ValueId x, ValueId memory, bool causal, const std::string& part) {
    int64_t width = TRY(c_.known_size(x, -1, "number of features")), count = c_.integer("num_heads");
    if (width % count != 0) return invalid(fmt::format("{} features cannot be cut into {} heads", width, count));
    bool alibi = !memory.valid() && c_.flag("use_alibi", false);
    Heads heads = {count, width / count, width / count, rate_, causal, alibi};
    ValueId query = TRY(before(x, part)), other = memory.valid() ? memory : query;
    return after(x, TRY(attend(c_, query, other, other, heads, part)), part);
  }
  // x + W2 activation(W1 x)
  Result<ValueId> feed_forward(ValueId x) {
    const std::string part = "feed_forward/";
    int64_t width = TRY(c_.known_size(x, -1, "number of features"));
    ValueId y = TRY(project(c_, TRY(before(x, part)), c_.integer("intermediate_dim"), true, part + "intermediate/"));
    return after(x, TRY(project(c_, TRY(c_.activate(y, "relu")), width, true, part + "output/")), part);
  }

 private:
  Result<ValueId> before(ValueId x, const std::string& part) {
    return first_ ? normalize_last(c_, x, epsilon_, part + "layer_norm/") : Result<ValueId>(x);
  }
  Result<ValueId> after(ValueId x, ValueId y, const std::string& part) {
    ValueId sum = c_.b.add(x, c_.dropout(y, rate_, part + "rate"));
    return first_ ? Result<ValueId>(sum) : normalize_last(c_, sum, epsilon_, part + "layer_norm/");
  }

  LayerContext& c_;
  double rate_;
  double epsilon_;
  bool first_;
};

Result<ValueId> transformer_encoder(LayerContext& c, const Values& x) {
  Block block(c);
  return block.feed_forward(TRY(block.attention(x[0], {}, c.flag("use_causal_mask", false), "self_attention/")));
}

// Inputs: the decoder's sequence and, where there is one, the encoder's.
Result<ValueId> transformer_decoder(LayerContext& c, const Values& x) {
  Block block(c);
  ValueId y = TRY(block.attention(x[0], {}, c.flag("use_causal_mask", true), "self_attention/"));
  if (x.size() > 1) y = TRY(block.attention(y, x[1], false, "cross_attention/"));
  return block.feed_forward(y);
}

constexpr Parameter kHeads = {"num_heads", Argument::positive, true}, kDropout = {"dropout", Argument::fraction},
                    kCausal = {"use_causal_mask", Argument::flag}, kBias = {"use_bias", Argument::flag},
                    kAlibi = {"use_alibi", Argument::flag}, kInitializer = {"kernel_initializer", Argument::text},
                    kWide = {"intermediate_dim", Argument::positive, true},
                    kActivation = {"activation", Argument::text}, kEpsilon = {"layer_norm_epsilon", Argument::real},
                    kFirst = {"normalize_first", Argument::flag};

}  // namespace

LAYER(multi_head_attention) = {
    .name = "MultiHeadAttention",
    .doc = "Attention of query, value and key (A. Vaswani et al., 2017); with one input to itself.",
    .base_name = "multi_head_attention",
    .build = multi_head_attention,
    .parameters = {{kHeads,
                    {"key_dim", Argument::positive, true},
                    {"value_dim", Argument::positive},
                    kDropout,
                    kCausal,
                    kAlibi,
                    kBias,
                    kInitializer}},
    .most_inputs = 3,
};

LAYER(transformer_encoder) = {
    .name = "TransformerEncoder",
    .doc = "Attention to itself and a feed-forward network, each with a shortcut and a normalization.",
    .base_name = "transformer_encoder",
    .build = transformer_encoder,
    .parameters = {{kWide, kHeads, kDropout, kActivation, kEpsilon, kFirst, kCausal, kAlibi, kBias, kInitializer}},
};

LAYER(transformer_decoder) = {
    .name = "TransformerDecoder",
    .doc = "The same, causal; with a second input also attention to that.",
    .base_name = "transformer_decoder",
    .build = transformer_decoder,
    .parameters = {{kWide, kHeads, kDropout, kActivation, kEpsilon, kFirst, kCausal, kAlibi, kBias, kInitializer}},
    .most_inputs = 2,
};

}  // namespace slipway::train
