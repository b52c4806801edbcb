// Optimizers: from gradients to the nodes that move the weights.
#pragma once

#include <string>
#include <vector>

#include "graph/builder.h"
#include "slipway/optimizers.h"
#include "train/fields.h"

namespace slipway::train {

// An error for an unknown type or an argument out of range.
Status check(const Optimizer& optimizer);

// What an optimizer of this type takes, without `type`.
Result<std::vector<Field<Optimizer>>> optimizer_fields(std::string_view type);

// Everything that decides the updates, as text. Requires: check(optimizer).ok().
std::string fingerprint(const Optimizer& optimizer);

// What the updates read besides weights and gradients.
struct UpdateInputs {
  ValueId rate;  // float32 scalar
  ValueId step;  // int64 scalar, from 1
  // With gradient_accumulation_steps above 1: how many batches the sum holds with this one (float32 scalar) and whether
  // the weights move now (bool scalar).
  ValueId batches;
  ValueId apply;
};

// The name of the average that use_ema keeps beside a weight.
std::string average_name(const std::string& weight);

// Appends clipping, accumulation, the optimizer and the averages as nodes and updates of the graph. Gradients belong to
// the weights in order. Requires: check(optimizer).ok().
void add_optimizer(Builder& b, const Optimizer& optimizer, const UpdateInputs& inputs, const Values& weights,
                   Values gradients);

}  // namespace slipway::train
