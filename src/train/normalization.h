// Normalization of images by channel, as nodes in front of a model: (x - mean) / std.
#pragma once

#include <vector>

#include "data/dataset.h"
#include "graph/graph.h"

namespace slipway::train {

// One number for each channel, of values from 0 to 1 (torchvision's Normalize).
struct ChannelNormalization {
  std::vector<double> mean;  // empty: those of the training data
  std::vector<double> std;
};

// What models trained on ImageNet expect.
ChannelNormalization imagenet_normalization();

// Mean and deviation of each channel over all examples, scaled as they are fed. invalid_argument for what is no image
// ([H, W] or [C, H, W]). A channel without deviation counts as 1.
Result<ChannelNormalization> channel_statistics(const Dataset& data);

// `model` behind the normalization, with the same inputs. invalid_argument unless its only input has as many channels
// ([N, C, H, W]; [N, H, W] has one).
Result<Graph> with_normalization(const Graph& model, const ChannelNormalization& normalization);

}  // namespace slipway::train
