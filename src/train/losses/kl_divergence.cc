// The divergence of two distributions.
#include "train/losses/loss_card.h"

namespace slipway::train {

namespace {

// sum(y log(y / p)), y and p at least 1e-7 (Keras); p is the model's distribution.
Result<LossParts> kl_divergence(const LossContext& c) {
  Builder& b = c.b;
  RETURN_IF_ERROR(c.classes_of(c.output).status());
  ValueId y = c.targets(), least = b.scalar(1e-7f), most = b.scalar(1);
  ValueId logits = c.logits("Softmax");
  ValueId log_p = logits == c.output ? b.op("Log", {b.op("Clip", {c.output, least, most})})
                                     : b.op("LogSoftmax", {logits}, {{"axis", int64_t{-1}}});
  ValueId log_y = b.op("Log", {b.op("Clip", {y, least, most})});
  return LossParts{y, c.per_example(c.sum_last(b.mul(y, b.sub(log_y, log_p)))), {}, {}};
}

}  // namespace

LOSS(kl_divergence) = {
    .name = "kl_divergence",
    .doc = "sum(y log(y / p)); labels are distributions.",
    .aliases = {"kld"},
    .parts = kl_divergence,
};

}  // namespace slipway::train
