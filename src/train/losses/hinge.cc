// Hinge losses.
#include "train/losses/loss_card.h"

namespace slipway::train {

namespace {

// max(0, 1 - s x) with s = 1 for y > 0 and -1 else, so that labels may be 0 and 1 or -1 and 1
ValueId hinge_gap(const LossContext& c, ValueId y) {
  Builder& b = c.b;
  ValueId sign = b.op("Where", {b.op("Greater", {y, b.scalar(0)}), b.scalar(1), b.scalar(-1)});
  return b.op("Relu", {b.sub(b.scalar(1), b.mul(sign, c.output))});
}

Result<LossParts> hinge(const LossContext& c) {
  ValueId y = c.targets();
  return LossParts{y, c.per_example(hinge_gap(c, y)), {}, c.binary_hits(c.output, y)};
}

Result<LossParts> squared_hinge(const LossContext& c) {
  ValueId y = c.targets(), gap = hinge_gap(c, y);
  return LossParts{y, c.per_example(c.b.mul(gap, gap)), {}, c.binary_hits(c.output, y)};
}

}  // namespace

LOSS(hinge) = {
    .name = "hinge",
    .doc = "max(0, 1 - s x) with s = 1 for labels above 0, else -1; labels are 0 and 1, or -1 and 1.",
    .classifies = true,
    .parts = hinge,
};

LOSS(squared_hinge) = {
    .name = "squared_hinge",
    .doc = "max(0, 1 - s x)^2 with s = 1 for labels above 0, else -1; labels are 0 and 1, or -1 and 1.",
    .classifies = true,
    .parts = squared_hinge,
};

}  // namespace slipway::train
