// Losses: appended to a model's graph together with the metrics that come cheaply beside them.
#pragma once

#include <optional>
#include <string_view>

#include "graph/builder.h"

namespace slipway::train {

// Keras names: sparse_categorical_crossentropy, binary_crossentropy, mean_squared_error.
enum class Loss : uint8_t { sparse_categorical_crossentropy, binary_crossentropy, mean_squared_error };

std::optional<Loss> loss_from_name(std::string_view name);
std::string_view loss_name(Loss loss);

// What the labels of a loss are: class indices (int64 [N]) or targets (float32, shaped like the output).
DType label_dtype(Loss loss);

struct LossValues {
  ValueId labels;   // the graph input added for them
  ValueId loss;     // float32 scalar, mean over the batch
  ValueId correct;  // float32 scalar: rows whose prediction is right; invalid for mean_squared_error
};

// Adds an input "labels" and the loss of `output` against it. Where `output` comes from the activation that belongs to
// the loss (Softmax over the last axis, Sigmoid), the loss is computed from what goes into it, which is exact for
// saturated outputs; any other output is taken as logits.
Result<LossValues> add_loss(Builder& b, ValueId output, Loss loss);

}  // namespace slipway::train
