// Normalization: its two nodes, and the numbers in them.
#include "train/normalization.h"

#include <cmath>

#include <fmt/format.h>

#include "data/batches.h"
#include "train/imported.h"

namespace slipway::train {

ChannelNormalization imagenet_normalization() { return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}; }

Result<ChannelNormalization> channel_statistics(const Dataset& data) {
  const Shape shape = data.example_shape();
  if ((shape.size() != 2 && shape.size() != 3) || data.window > 0) {
    return invalid(
        fmt::format("{}: data.normalize: expected images [height, width] or [channels, height, width], found "
                    "examples of shape {}",
                    data.name, to_string(std::span<const int64_t>(shape))));
  }
  constexpr int64_t kBatch = 64;
  const auto channels = static_cast<size_t>(shape.size() == 3 ? shape[0] : 1);
  const auto plane = static_cast<size_t>(data.width()) / channels;
  std::vector<double> sums(channels), squares(channels);
  Tensor x(DType::f32, {kBatch, data.width()}), no_labels;
  BatchStream stream(data, {.size = kBatch, .shuffle = false});
  stream.start(0);
  while (const int64_t rows = stream.next(x, no_labels)) {
    const float* value = x.data<float>().data();
    for (size_t i = 0; i < static_cast<size_t>(rows) * channels; ++i) {
      for (size_t p = 0; p < plane; ++p, ++value) {
        sums[i % channels] += static_cast<double>(*value);
        squares[i % channels] += static_cast<double>(*value) * static_cast<double>(*value);
      }
    }
  }
  ChannelNormalization normalization;
  const double n = static_cast<double>(data.size()) * static_cast<double>(plane);
  for (size_t c = 0; c < channels; ++c) {
    const double mean = sums[c] / n, variance = squares[c] / n - mean * mean;
    normalization.mean.push_back(mean);
    normalization.std.push_back(variance > 1e-12 ? std::sqrt(variance) : 1);
  }
  return normalization;
}

Result<Graph> with_normalization(const Graph& model, const ChannelNormalization& normalization) {
  if (model.inputs.size() != 1 || !model.value(model.inputs[0]).dims) {
    return invalid("data.normalize: needs a model with one input of images");
  }
  const Dims dims = *model.value(model.inputs[0]).dims;
  const bool planes = dims.size() == 4;
  const int64_t channels = !planes && dims.size() == 3 ? 1 : planes && dims[1].known() ? dims[1].size : 0;
  const auto given = static_cast<int64_t>(normalization.mean.size());
  if (channels != given) {
    return invalid(fmt::format("data.normalize: has numbers for {} channel{}; the model's input is {}", given,
                               given == 1 ? "" : "s", to_string(dims)));
  }
  Tensor mean(DType::f32, planes ? Shape{channels, 1, 1} : Shape{1}), scale(DType::f32, mean.shape());
  for (size_t c = 0; c < normalization.mean.size(); ++c) {
    mean.mutable_data<float>()[c] = static_cast<float>(normalization.mean[c]);
    scale.mutable_data<float>()[c] = static_cast<float>(1 / normalization.std[c]);
  }
  return with_first_nodes(model, dims, [&](Builder& b, ValueId x) {
    return b.mul(b.sub(x, b.constant(mean, "normalize_mean")), b.constant(scale, "normalize_scale"));
  });
}

}  // namespace slipway::train
