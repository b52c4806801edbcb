// The loss of pairs.
#include "train/losses/loss_card.h"

namespace slipway::train {

namespace {

// R. Hadsell, S. Chopra, Y. LeCun, CVPR 2006: y d^2 + (1 - y) max(margin - d, 0)^2, where the output d is a distance
// and y is 1 for a pair that belongs together.
Result<LossParts> contrastive(const LossContext& c) {
  Builder& b = c.b;
  ValueId d = c.output, y = c.targets();
  ValueId short_of = b.op("Relu", {b.sub(b.scalar(static_cast<float>(c.loss.margin)), d)});
  ValueId near = b.mul(y, b.mul(d, d)), far = b.mul(b.sub(b.scalar(1), y), b.mul(short_of, short_of));
  return LossParts{y, c.per_example(b.add(near, far)), {}, {}};
}

}  // namespace

LOSS(contrastive) = {
    .name = "contrastive",
    .doc =
        "y d^2 + (1 - y) max(margin - d, 0)^2; labels are 1 for a pair that belongs together, and the model's output "
        "is "
        "a distance.",
    .parts = contrastive,
    .fields = {kMargin},
};

}  // namespace slipway::train
