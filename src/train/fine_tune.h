// Fine-tuning: training a model a little further, with pruned weights held at zero.
#pragma once

#include <map>
#include <string>

#include "data/dataset.h"
#include "train/trainer.h"

namespace slipway::train {

// The model after options.epochs more epochs over `data`, weights under a mask of 0 staying exactly 0.
Result<Graph> fine_tune(const Graph& model, const std::map<std::string, Tensor>& masks, const Dataset& data,
                        TrainerOptions options);

}  // namespace slipway::train
