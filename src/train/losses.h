// Losses: appended to a model's graph together with the metrics that come cheaply beside them.
#pragma once

#include <string_view>
#include <vector>

#include "graph/builder.h"
#include "slipway/losses.h"
#include "train/fields.h"

namespace slipway::train {

// An error for an unknown name, an argument out of range, or class weights where labels are no classes.
Status check(const Loss& loss);

// The name of the loss that `name` or its alias ("mse", "MeanSquaredError", "bce", …) means; `name` where it is none.
std::string_view full_loss_name(std::string_view name);

// What a loss of this name takes, without `type`.
Result<std::vector<Field<Loss>>> loss_fields(std::string_view name);

// Every loss by name.
std::vector<std::string> loss_names();

// Everything that decides the loss, as text.
std::string fingerprint(const Loss& loss);

// Whether the loss is a function of the gaps between answers and numbers, so that it learns scaled targets as well.
// Requires: check(loss).ok().
bool tells_gaps(const Loss& loss);

// What the labels of a loss are: class indices (int64) or targets (float32). Requires: check(loss).ok().
DType label_dtype(const Loss& loss);

// Whether the labels are one distribution over the classes for each prediction, along their last axis. Requires:
// check(loss).ok().
bool one_hot_labels(const Loss& loss);

// Predictions of one example, whose labels have this shape; 1 where the loss does not classify.
int64_t predictions(const Loss& loss, const Shape& label);

// Whether the loss tells how many predictions are right. Requires: check(loss).ok().
bool classifies(const Loss& loss);

// The name of a dimension of labels whose size the data says (CTC: labels are not aligned with the output).
inline constexpr const char* kFreeLabels = "labels";

struct LossValues {
  ValueId labels;   // the graph input added for them
  ValueId weights;  // the graph input "sample_weight" (float32 [N]), when it was asked for
  ValueId loss;     // float32 scalar: mean over the batch of weight × loss
  ValueId correct;  // float32 scalar: predictions that are right; invalid where classifies() is false
};

// Adds an input "labels" and the loss of `output` against it; with `sample_weights` also an input of weights. Where
// `output` comes from the activation that belongs to the loss (Softmax over the last axis, Sigmoid), the loss is
// computed from what goes into it, which is exact for saturated outputs; any other output of a cross-entropy is taken
// as logits. Of scaled targets (train/target_scaling.h) the gaps are told before the scaling, in deviations.
Result<LossValues> add_loss(Builder& b, ValueId output, const Loss& loss, bool sample_weights = false);

}  // namespace slipway::train
