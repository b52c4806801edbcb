// LossCard: the card of one loss; a file in src/train/losses/ holds everything about it (a small family shares one).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/cards.h"
#include "graph/builder.h"
#include "slipway/losses.h"
#include "train/fields.h"

namespace slipway::train {

// The nodes that a loss adds, before the mean over the batch.
struct LossParts {
  ValueId labels;
  ValueId each;     // [N], one loss per example; or
  ValueId mean;     // the mean itself, where a fused operator gives it
  ValueId correct;  // scalar: how many predictions are right; or invalid
};

// What a loss sees of the graph, and pieces that several losses are made of.
struct LossContext {
  Builder& b;
  ValueId output;
  const Loss& loss;
  bool weighted;  // by class or by example: a fused mean is no use

  // The value that goes into the activation `op_type` that makes the output, or the output itself.
  ValueId logits(std::string_view op_type) const;
  // The graph input "labels", float32 of the output's shape.
  ValueId targets() const { return b.graph().add_input("labels", DType::f32, b.dims(output)); }
  ValueId floats(ValueId x) const { return b.op("Cast", {x}, {{"to", static_cast<int64_t>(DType::f32)}}); }
  ValueId sum_last(ValueId x) const { return b.op("ReduceSum", {x, b.ints({-1})}, {{"keepdims", int64_t{0}}}); }
  ValueId count(ValueId condition) const { return b.op("ReduceSum", {floats(condition)}, {{"keepdims", int64_t{0}}}); }
  // Means over all axes but the first.
  ValueId per_example(ValueId x) const;
  ValueId power(ValueId x, double exponent) const { return b.op("Pow", {x, b.scalar(static_cast<float>(exponent))}); }
  ValueId scaled(ValueId x, double factor) const { return b.mul(x, b.scalar(static_cast<float>(factor))); }
  ValueId softplus(ValueId x) const { return b.op("Softplus", {x}); }
  ValueId argmax(ValueId x) const { return b.op("ArgMax", {x}, {{"axis", int64_t{-1}}, {"keepdims", int64_t{0}}}); }
  // What class `class_weight` makes of labels in [0, 1].
  ValueId binary_weight(ValueId y) const;
  ValueId class_weights() const;

  // The size of the last axis of x; an error where there is none, or class_weight has another.
  Result<int64_t> classes_of(ValueId x) const;
  // y (1 - s) + s / classes
  ValueId smoothed(ValueId y, double classes) const;
  // How many predictions are right where x > 0 should say what y > 1/2 says.
  ValueId binary_hits(ValueId x, ValueId y) const;
};

// What labels are.
enum class Labels : uint8_t { indices, one_hot, numbers };

struct LossCard {
  const char* name;
  const char* doc;                          // one sentence, formula first; what labels are
  std::array<const char*, 2> aliases = {};  // other names: "mse"
  Labels labels = Labels::numbers;
  bool classifies = false;    // `correct` is there
  bool tells_gaps = false;    // a function of answer - number, which learns scaled targets as well
  int64_t class_weights = 0;  // how many elements class_weight must have; 0: one for each class of the output
  // Requires: check(loss).ok().
  Result<LossParts> (*parts)(const LossContext&);
  std::array<Field<Loss>, 4> fields = {};
};

// Every loss. In both of Keras's spellings.
const Cards<LossCard>& all_losses();

CardText text_of(const LossCard& card);

// Fields of several losses.
inline constexpr Field<Loss> kLabelSmoothing = {"label_smoothing", &Loss::label_smoothing, 0, 1};
inline constexpr Field<Loss> kClassWeight = {"class_weight", &Loss::class_weight, 0, 1e6};
inline constexpr Field<Loss> kGamma = {"gamma", &Loss::gamma, 1, 100};
inline constexpr Field<Loss> kAlpha = {"alpha", &Loss::alpha, 0, 1};
inline constexpr Field<Loss> kMargin = {"margin", &Loss::margin, 0, 1e6};

}  // namespace slipway::train

// Opens a card of src/train/losses/: LOSS(huber) = {.name = "huber", …};
#define LOSS(id)                                     \
  extern const ::slipway::train::LossCard loss_##id; \
  const ::slipway::train::LossCard loss_##id
