// Losses of questions with two answers: cross-entropies over a sigmoid.
#include "train/losses/loss_card.h"

namespace slipway::train {

namespace {

// max(x, 0) - x y + log(1 + exp(-|x|)): the stable form of -y log σ(x) - (1 - y) log(1 - σ(x)).
Result<LossParts> binary(const LossContext& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Sigmoid"), labels = c.targets(), y = c.smoothed(labels, 2);
  ValueId each = b.add(b.sub(b.op("Relu", {x}), b.mul(x, y)), c.softplus(b.neg(b.op("Abs", {x}))));
  if (!c.loss.class_weight.empty()) each = b.mul(each, c.binary_weight(labels));
  return LossParts{labels, c.per_example(each), {}, c.binary_hits(x, labels)};
}

// T.-Y. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017: (1 - p_t)^gamma (-log p_t). With z = x for
// y = 1 and -x for y = 0: 1 - p_t = exp(-softplus(z)) and -log p_t = softplus(-z).
Result<LossParts> binary_focal(const LossContext& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Sigmoid"), y = c.targets();
  ValueId z = b.mul(x, b.sub(c.scaled(y, 2), b.scalar(1)));
  ValueId each = b.mul(b.op("Exp", {c.scaled(c.softplus(z), -c.loss.gamma)}), c.softplus(b.neg(z)));
  double alpha = c.loss.alpha;
  if (alpha > 0) {
    ValueId balance = b.add(c.scaled(y, 2 * alpha - 1), b.scalar(static_cast<float>(1 - alpha)));
    each = b.mul(each, balance);
  }
  if (!c.loss.class_weight.empty()) each = b.mul(each, c.binary_weight(y));
  return LossParts{y, c.per_example(each), {}, c.binary_hits(x, y)};
}

}  // namespace

LOSS(binary_crossentropy) = {
    .name = "binary_crossentropy",
    .doc = "-y log p - (1 - y) log(1 - p); labels are 0 and 1, one or several to an example.",
    .aliases = {"bce"},
    .classifies = true,
    .class_weights = 2,
    .parts = binary,
    .fields = {kLabelSmoothing, kClassWeight},
};

LOSS(binary_focal_crossentropy) = {
    .name = "binary_focal_crossentropy",
    .doc =
        "-(1 - p_t)^gamma log p_t, weighted by alpha for class 1 and 1 - alpha for class 0 (not with alpha 0); labels "
        "are 0 and 1.",
    .aliases = {"focal"},
    .classifies = true,
    .class_weights = 2,
    .parts = binary_focal,
    .fields = {kGamma, kAlpha, kClassWeight},
};

}  // namespace slipway::train
