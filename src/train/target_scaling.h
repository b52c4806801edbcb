// Target scaling: a model that tells numbers learns them with mean 0 and deviation 1, and answers in their own unit.
#pragma once

#include <optional>

#include "data/dataset.h"
#include "graph/graph.h"
#include "slipway/losses.h"

namespace slipway::train {

// What stands behind a model's last layer: answer = before × scale + offset, both float32 [targets].
struct TargetScaling {
  ValueId before;
  ValueId scale;
  ValueId offset;
};

// What add_target_scaling() put behind the layer that `output` comes from; nullopt: nothing.
std::optional<TargetScaling> target_scaling(const Graph& model, ValueId output);

// Puts the deviation and the mean of each of the data's targets behind the model's answer, which keeps its name. Does
// nothing where that is not asked for: the data is no table and no series, its labels are no numbers, the loss is none
// of their gaps, or the last layer is bounded by an activation or scaled by the recipe itself.
// A target that is constant has deviation 1.
Status add_target_scaling(Graph& model, const Dataset& data, const Loss& loss);

}  // namespace slipway::train
