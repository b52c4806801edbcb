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
};

// [batch, steps, heads × width] as [batch, heads, steps, width]
ValueId split_heads(LayerContext& c, ValueId x, int64_t heads, int64_t width) {
  return c.transpose(c.b.op("Reshape", {x, c.b.ints({0, 0, heads, width})}), {0, 2, 1, 3});
}

// 0 where step i may look at step j <= i, -1e9 elsewhere: [steps, steps]
Result<ValueId> causal_mask(LayerContext& c, ValueId x, const std::string& part) {
  int64_t steps = TRY(c.known_size(x, 1, "number of steps for a causal mask"));
  Tensor mask(DType::f32, {steps, steps});
  for (int64_t i = 0; i < steps; ++i) {
    for (int64_t j = i + 1; j < steps; ++j) mask.mutable_data<float>()[static_cast<size_t>(i * steps + j)] = -1e9f;
  }
  return c.fixed(part + "causal_mask", mask);
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
  if (heads.causal) scores = c.b.add(scores, TRY(causal_mask(c, query, part)));
  ValueId shares =
      c.dropout(c.b.op("Softmax", {scores}, {{"axis", int64_t{-1}}}), heads.dropout, part + "dropout_rate");
  ValueId mixed = c.transpose(c.b.op("MatMul", {shares, v}), {0, 2, 1, 3});
  ValueId joined = c.b.op("Reshape", {mixed, c.b.ints({0, 0, heads.count * heads.value})});
  return project(c, joined, width, bias, part + "attention_output/");
}

// Inputs: query, then value, then key (Keras's order); one left out is the one before.
Result<ValueId> multi_head_attention(LayerContext& c, const Values& x) {
  int64_t key = c.integer("key_dim");
  Heads heads = {c.integer("num_heads"), key, c.integer("value_dim", key), c.real("dropout"),
                 c.flag("use_causal_mask", false)};
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
    Heads heads = {count, width / count, width / count, rate_, causal};
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
                    kInitializer = {"kernel_initializer", Argument::text},
                    kWide = {"intermediate_dim", Argument::positive, true},
                    kActivation = {"activation", Argument::text}, kEpsilon = {"layer_norm_epsilon", Argument::real},
                    kFirst = {"normalize_first", Argument::flag};

constexpr LayerRow kLayers[] = {
    {"MultiHeadAttention",
     "multi_head_attention",
     multi_head_attention,
     {kHeads,
      {"key_dim", Argument::positive, true},
      {"value_dim", Argument::positive},
      kDropout,
      kCausal,
      kBias,
      kInitializer},
     3},
    {"TransformerEncoder",
     "transformer_encoder",
     transformer_encoder,
     {kWide, kHeads, kDropout, kActivation, kEpsilon, kFirst, kCausal, kInitializer}},
    {"TransformerDecoder",
     "transformer_decoder",
     transformer_decoder,
     {kWide, kHeads, kDropout, kActivation, kEpsilon, kFirst, kCausal, kInitializer},
     2},
};

}  // namespace

std::span<const LayerRow> attention_layers() { return kLayers; }

}  // namespace slipway::train
