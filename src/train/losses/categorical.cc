// Losses of one class out of several: cross-entropies over a softmax.
#include "train/losses/loss_card.h"

namespace slipway::train {

namespace {

// -sum(y log softmax(x)), weighted by the class that y names
ValueId cross_entropy(const LossContext& c, ValueId x, ValueId one_hot, int64_t classes) {
  ValueId log_p = c.b.op("LogSoftmax", {x}, {{"axis", int64_t{-1}}});
  ValueId each = c.b.neg(c.sum_last(c.b.mul(c.smoothed(one_hot, static_cast<double>(classes)), log_p)));
  if (!c.loss.class_weight.empty()) each = c.b.mul(each, c.sum_last(c.b.mul(one_hot, c.class_weights())));
  return c.per_example(each);
}

Result<LossParts> categorical(const LossContext& c) {
  ValueId x = c.logits("Softmax");
  int64_t classes = TRY(c.classes_of(x));
  ValueId y = c.targets();
  return LossParts{y, cross_entropy(c, x, y, classes), {}, c.count(c.b.op("Equal", {c.argmax(x), c.argmax(y)}))};
}

// The same from class indices, and the fused operator where all examples count alike.
Result<LossParts> sparse_categorical(const LossContext& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Softmax");
  int64_t classes = TRY(c.classes_of(x));
  Dims dims = b.dims(x);
  ValueId labels = b.graph().add_input("labels", DType::i64, Dims(dims.begin(), dims.end() - 1));
  if (c.weighted || c.loss.label_smoothing != 0) {
    ValueId one_hot = b.op("OneHot", {labels, b.constant(Tensor::scalar(classes), "classes"),
                                      b.constant(Tensor::of<float>({2}, {0, 1}), "off_on")});
    return LossParts{labels, cross_entropy(c, x, one_hot, classes), {}, c.count(b.op("Equal", {c.argmax(x), labels}))};
  }
  ValueId flat_labels = labels;
  if (dims.size() > 2) {
    x = b.op("Reshape", {x, b.ints({-1, classes})});
    flat_labels = b.op("Reshape", {labels, b.ints({-1})});
  }
  Values out = b.ops("SparseSoftmaxCrossEntropy", {x, flat_labels}, 3, {}, "slipway");
  return LossParts{labels, {}, out[0], out[2]};
}

// T.-Y. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, over a softmax.
Result<LossParts> categorical_focal(const LossContext& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Softmax");
  RETURN_IF_ERROR(c.classes_of(x).status());
  ValueId y = c.targets();
  ValueId log_pt = c.sum_last(b.mul(y, b.op("LogSoftmax", {x}, {{"axis", int64_t{-1}}})));
  ValueId rest = b.op("Relu", {b.sub(b.scalar(1), b.op("Exp", {log_pt}))});
  ValueId each = b.neg(b.mul(c.power(rest, c.loss.gamma), log_pt));
  if (c.loss.alpha > 0) each = c.scaled(each, c.loss.alpha);
  if (!c.loss.class_weight.empty()) each = b.mul(each, c.sum_last(b.mul(y, c.class_weights())));
  return LossParts{y, c.per_example(each), {}, c.count(b.op("Equal", {c.argmax(x), c.argmax(y)}))};
}

}  // namespace

LOSS(categorical_crossentropy) = {
    .name = "categorical_crossentropy",
    .doc = "-sum(y log p); labels are one-hot, or distributions over the classes.",
    .labels = Labels::one_hot,
    .classifies = true,
    .parts = categorical,
    .fields = {kLabelSmoothing, kClassWeight},
};

LOSS(sparse_categorical_crossentropy) = {
    .name = "sparse_categorical_crossentropy",
    .doc = "-log p of the class that is true; labels are class indices.",
    .labels = Labels::indices,
    .classifies = true,
    .parts = sparse_categorical,
    .fields = {kLabelSmoothing, kClassWeight},
};

LOSS(categorical_focal_crossentropy) = {
    .name = "categorical_focal_crossentropy",
    .doc =
        "-alpha (1 - p)^gamma log p of the class that is true, by which easy examples count less; labels are one-hot.",
    .labels = Labels::one_hot,
    .classifies = true,
    .parts = categorical_focal,
    .fields = {kGamma, kAlpha, kClassWeight},
};

}  // namespace slipway::train
