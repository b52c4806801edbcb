// Random weights and the layers that the architectures are made of.
#include "architectures/layers.h"

#include <cmath>

#include "ops/all.h"

namespace slipway {

Layers::Layers(std::string_view name, uint64_t seed) : builder_(graph_, all_operators()), seed_(seed) {
  graph_.name = name;
}

ValueId Layers::input(const char* name, DType dtype, Ints sizes_behind_batch) {
  Dims dims = {Dim::named("batch")};
  for (int64_t size : sizes_behind_batch) dims.push_back(size);
  return graph_.add_input(name, dtype, dims);
}

Result<Graph> Layers::finish(ValueId y, const char* name) {
  RETURN_IF_ERROR(builder_.status());
  graph_.rename(y, name);
  graph_.outputs = {y};
  RETURN_IF_ERROR(verify(graph_));
  return std::move(graph_);
}

ValueId Layers::weights(Shape shape, double deviation, double center) {
  Tensor tensor(DType::f32, std::move(shape));
  Random random(seed_, tensors_++);
  const double width = deviation * std::sqrt(12.0);
  for (float& w : tensor.mutable_data<float>()) {
    w = static_cast<float>(center + width * (random.next_u32() * 0x1p-32 - 0.5));
  }
  return builder_.constant(std::move(tensor), "weight");
}

ValueId Layers::he(Shape shape, int64_t fan_in) {
  return weights(std::move(shape), std::sqrt(2.0 / static_cast<double>(fan_in)));
}

ValueId Layers::conv(ValueId x, int64_t channels, int64_t filters, Window w, bool bias) {
  const int64_t each = channels / w.groups;
  Values inputs = {x, he({filters, each, w.kernel, w.kernel}, each * w.kernel * w.kernel)};
  if (bias) inputs.push_back(weights({filters}, 0.1));
  return op("Conv", inputs,
            {{"dilations", Ints{1, 1}},
             {"group", w.groups},
             {"kernel_shape", Ints{w.kernel, w.kernel}},
             {"pads", Ints{w.pad, w.pad, w.pad, w.pad}},
             {"strides", Ints{w.stride, w.stride}}});
}

ValueId Layers::batch_normalization(ValueId x, int64_t channels, double scale) {
  Values inputs = {x, weights({channels}, 0.1 * scale, scale), weights({channels}, 0.1), weights({channels}, 0.1),
                   weights({channels}, 0.1, 1)};
  return op("BatchNormalization", inputs, {{"epsilon", 1e-5f}, {"momentum", 0.9f}});
}

ValueId Layers::layer_normalization(ValueId x, int64_t size, float epsilon) {
  return op("LayerNormalization", {x, weights({size}, 0.1, 1), weights({size}, 0.1)},
            {{"axis", int64_t{-1}}, {"epsilon", epsilon}});
}

ValueId Layers::max_pool(ValueId x, Window w, bool ceil) {
  return op("MaxPool", {x},
            {{"ceil_mode", int64_t{ceil}},
             {"kernel_shape", Ints{w.kernel, w.kernel}},
             {"pads", Ints{w.pad, w.pad, w.pad, w.pad}},
             {"strides", Ints{w.stride, w.stride}}});
}

ValueId Layers::linear(ValueId x, int64_t from, int64_t to) {
  ValueId product = op("MatMul", {x, weights({from, to}, 1 / std::sqrt(static_cast<double>(from)))});
  return op("Add", {weights({to}, 0.02), product});
}

ValueId Layers::size(ValueId x, int64_t axis) {
  ValueId at = builder_.constant(Tensor::scalar<int64_t>(axis));
  ValueId one = op("Gather", {op("Shape", {x}), at}, {{"axis", int64_t{0}}});
  return op("Unsqueeze", {one, builder_.ints({0})});
}

ValueId Layers::view(ValueId x, int64_t leading, const Ints& rest) {
  Values parts;
  for (int64_t axis = 0; axis < leading; ++axis) parts.push_back(size(x, axis));
  for (int64_t n : rest) parts.push_back(builder_.ints({n}));
  return op("Reshape", {x, op("Concat", parts, {{"axis", int64_t{0}}})}, {{"allowzero", int64_t{0}}});
}

}  // namespace slipway
