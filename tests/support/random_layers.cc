// How random layers are drawn.
#include "support/random_layers.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "graph/builder.h"
#include "kernels/gelu.h"
#include "ops/all.h"
#include "support/random_graph.h"

namespace slipway {

namespace {

using Ints = std::vector<int64_t>;

// Contents from one choice, so that a layer costs few bytes.
Tensor numbers(Choices& c, Shape shape, double low, double high) {
  Random random(c.below(256));
  Tensor t(DType::f32, std::move(shape));
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(low + (high - low) * random.uniform());
  return t;
}

class LayerMaker {
 public:
  LayerMaker(Graph& graph, ValueId x, const Values& pool, Choices& choices)
      : c_(choices), b_(graph, all_operators()), x_(x), pool_(pool), shape_(*known_shape(b_.dims(x))) {}

  ValueId draw() {
    using Layer = ValueId (LayerMaker::*)();
    static constexpr Layer kAny[] = {
        &LayerMaker::activation,      &LayerMaker::activation,     &LayerMaker::shifted,   &LayerMaker::scaled,
        &LayerMaker::joined,          &LayerMaker::quantized,      &LayerMaker::quantized, &LayerMaker::transposed,
        &LayerMaker::concatenated,    &LayerMaker::softmax,        &LayerMaker::product,   &LayerMaker::flattened,
        &LayerMaker::normalized_rows, &LayerMaker::dynamic_product};
    static constexpr Layer kImages[] = {&LayerMaker::convolution, &LayerMaker::convolution, &LayerMaker::convolution,
                                        &LayerMaker::normalized,  &LayerMaker::normalized,  &LayerMaker::pooled,
                                        &LayerMaker::padded,      &LayerMaker::mean,        &LayerMaker::shuffled,
                                        &LayerMaker::resized,     &LayerMaker::sliced};
    if (shape_.empty() || element_count(shape_) == 0 || element_count(shape_) > kMostElements) return {};
    const bool image = shape_.size() == 4 && c_.below(3) != 0;
    const Layer layer = image ? kImages[c_.below(std::size(kImages))] : kAny[c_.below(std::size(kAny))];
    const ValueId y = (this->*layer)();
    return b_.status().ok() ? y : ValueId{};
  }

 private:
  static constexpr int64_t kMostElements = 4096;

  ValueId weights(Shape shape, double low, double high) {
    return b_.constant(numbers(c_, std::move(shape), low, high));
  }
  ValueId scalar(double value) { return b_.constant(Tensor::scalar(static_cast<float>(value))); }
  int64_t channels() const { return shape_.size() == 4 ? shape_[1] : shape_.back(); }
  // Of one number for each channel.
  Shape along_channels() const { return shape_.size() == 4 ? Shape{shape_[1], 1, 1} : Shape{shape_.back()}; }

  ValueId activation() {
    switch (c_.below(11)) {
      case 0: return b_.op("Clip", {x_, scalar(0), scalar(6)});
      case 1: return b_.op("Sigmoid", {x_});
      case 2: return b_.op("LeakyRelu", {x_}, {{"alpha", 0.125f}});
      case 3: return b_.mul(x_, b_.op("Sigmoid", {x_}));
      case 4: return b_.div(b_.mul(x_, b_.op("Clip", {b_.add(x_, scalar(3)), scalar(0), scalar(6)})), scalar(6));
      case 5: {
        const ValueId gate = b_.op("Erf", {b_.mul(x_, scalar(kernels::kInvSqrt2))});
        return b_.mul(b_.mul(x_, scalar(0.5)), b_.add(gate, scalar(1)));
      }
      case 6: return b_.op("HardSwish", {x_});
      case 7: return b_.op("Tanh", {x_});
      case 8: return b_.op("PRelu", {x_, weights(along_channels(), -0.5, 0.5)});
      default: return b_.op("Relu", {x_});
    }
  }

  ValueId shifted() { return b_.add(x_, weights(c_.below(4) == 0 ? Shape{} : along_channels(), -1, 1)); }
  ValueId scaled() { return b_.mul(x_, weights(c_.below(4) == 0 ? Shape{} : along_channels(), -2, 2)); }

  // Another value of the same size, or x itself.
  ValueId partner() {
    Values fitting = {x_};
    for (ValueId id : pool_) {
      const Value& value = b_.graph().value(id);
      if (value.dtype == DType::f32 && value.dims && known_shape(*value.dims) == shape_) fitting.push_back(id);
    }
    return fitting[c_.below(fitting.size())];
  }
  ValueId joined() { return b_.op(c_.below(4) == 0 ? "Mul" : "Add", {x_, partner()}); }
  ValueId concatenated() { return b_.op("Concat", {x_, partner()}, {{"axis", int64_t{1}}}); }

  // Through 8 bits and back.
  ValueId quantized() {
    const bool sign = c_.below(2) == 1;
    const ValueId scale = scalar(0.01 * static_cast<double>(1 + c_.below(8)));
    const auto zero = static_cast<int64_t>(c_.below(3) * 64);
    const ValueId point = b_.constant(Tensor::scalar(sign ? zero - 64 : zero).cast(sign ? DType::i8 : DType::u8));
    return b_.op("DequantizeLinear", {b_.op("QuantizeLinear", {x_, scale, point}), scale, point});
  }

  // Weights as they are, or 8-bit ones behind DequantizeLinear: one scale, or one for each output along `axis`.
  ValueId maybe_quantized(Shape shape, int64_t axis) {
    const auto fan = static_cast<double>(std::max<int64_t>(1, element_count(shape) / shape[static_cast<size_t>(axis)]));
    const double most = 2 / std::sqrt(fan);
    Tensor w = numbers(c_, shape, -most, most);
    if (c_.below(2) == 0) return b_.constant(w);
    for (float& v : w.mutable_data<float>()) v = std::nearbyint(v / static_cast<float>(most) * 127);
    const int64_t count = c_.below(2) == 0 ? 1 : shape[static_cast<size_t>(axis)];
    const ValueId stored = b_.constant(w.cast(DType::i8));
    if (count == 1) return b_.op("DequantizeLinear", {stored, scalar(most / 127)});
    return b_.op("DequantizeLinear", {stored, weights({count}, most / 255, most / 127)}, {{"axis", axis}});
  }

  ValueId transposed() {
    Ints perm(shape_.size());
    std::iota(perm.begin(), perm.end(), 0);
    if (shape_.size() == 4) {
      perm = c_.below(2) == 0 ? Ints{0, 2, 3, 1} : Ints{0, 3, 1, 2};
    } else if (shape_.size() > 1) {
      std::swap(perm[shape_.size() - 1], perm[shape_.size() - 2]);
    }
    return b_.op("Transpose", {x_}, {{"perm", perm}});
  }

  ValueId softmax() { return b_.op("Softmax", {x_}, {{"axis", c_.below(2) == 0 ? int64_t{-1} : int64_t{0}}}); }
  ValueId flattened() { return b_.op("Flatten", {x_}); }

  ValueId product() {
    const int64_t k = shape_.back(), n = 1 + static_cast<int64_t>(c_.below(20));
    const ValueId w = maybe_quantized({k, n}, 1);
    if (shape_.size() == 2 && c_.below(2) == 0) return b_.op("Gemm", {x_, w, weights({n}, -1, 1)});
    const ValueId y = b_.op("MatMul", {x_, w});
    return c_.below(2) == 0 ? b_.add(y, weights({n}, -1, 1)) : y;
  }

  // As PyTorch and ONNX Runtime quantize for processors without calibration.
  ValueId dynamic_product() {
    const int64_t k = shape_.back(), n = 1 + static_cast<int64_t>(c_.below(12));
    const Values q = b_.ops("DynamicQuantizeLinear", {x_}, 3);
    if (!b_.status().ok()) return {};
    Tensor w = numbers(c_, {k, n}, -127, 127);
    const ValueId sum = b_.op("MatMulInteger", {q[0], b_.constant(w.cast(DType::i8)), q[2]});
    const ValueId y = b_.op("Cast", {sum}, {{"to", int64_t{1}}});
    return b_.mul(y, b_.mul(q[1], scalar(0.01)));
  }

  ValueId normalized_rows() {
    return b_.op("LayerNormalization", {x_, weights({shape_.back()}, 0.5, 2), weights({shape_.back()}, -1, 1)});
  }

  ValueId convolution() {
    const int64_t size = c_.below(2) == 0 ? 1 : 3, pad = c_.below(3) == 0 ? 0 : size / 2;
    const bool by_channel = c_.below(4) == 0;
    const int64_t filters = by_channel ? channels() : 1 + static_cast<int64_t>(c_.below(12));
    const int64_t stride = c_.below(4) == 0 ? 2 : 1;
    Values inputs = {x_, maybe_quantized({filters, by_channel ? 1 : channels(), size, size}, 0)};
    if (c_.below(2) == 0) inputs.push_back(weights({filters}, -1, 1));
    return b_.op("Conv", inputs,
                 {{"pads", Ints{pad, pad, pad, pad}},
                  {"strides", Ints{stride, stride}},
                  {"group", by_channel ? channels() : int64_t{1}}});
  }

  ValueId normalized() {
    const Shape each = {channels()};
    return b_.op("BatchNormalization",
                 {x_, weights(each, 0.5, 2), weights(each, -1, 1), weights(each, -1, 1), weights(each, 0.25, 4)});
  }

  ValueId pooled() {
    const char* kind = c_.below(2) == 0 ? "MaxPool" : "AveragePool";
    if (c_.below(2) == 0) return b_.op(kind, {x_}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}});
    return b_.op(kind, {x_}, {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}});
  }

  ValueId padded() {
    const auto p = static_cast<int64_t>(1 + c_.below(2));
    return b_.op("Pad", {x_, b_.ints({0, 0, p, 1, 0, 0, 1, p})});
  }

  ValueId mean() {
    if (c_.below(2) == 0) return b_.op("GlobalAveragePool", {x_});
    return b_.op("ReduceMean", {x_, b_.ints({2, 3})}, {{"keepdims", static_cast<int64_t>(c_.below(2))}});
  }

  ValueId shuffled() {
    const int64_t groups = channels() % 2 == 0 ? 2 : 1;
    const ValueId apart =
        b_.op("Reshape", {x_, b_.ints({shape_[0], groups, shape_[1] / groups, shape_[2], shape_[3]})});
    return b_.op("Reshape", {b_.op("Transpose", {apart}, {{"perm", Ints{0, 2, 1, 3, 4}}}), b_.ints(shape_)});
  }

  ValueId resized() {
    const ValueId scales = b_.constant(Tensor::of<float>({4}, {1, 1, 2, 2}));
    const char* mode = c_.below(2) == 0 ? "nearest" : "linear";
    return b_.op("Resize", {x_, {}, scales},
                 {{"mode", mode}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}});
  }

  ValueId sliced() { return b_.op("Slice", {x_, b_.ints({0}), b_.ints({(channels() + 1) / 2}), b_.ints({1})}); }

  Choices& c_;
  Builder b_;
  ValueId x_;
  const Values& pool_;
  Shape shape_;
};

}  // namespace

Tensor random_activations(Choices& choices) {
  auto size = [&](uint64_t most) { return static_cast<int64_t>(1 + choices.below(most)); };
  Shape shape = {size(2)};
  if (choices.below(4) == 0) {
    shape.push_back(size(24));
  } else {
    for (uint64_t most : {12, 8, 8}) shape.push_back(size(most));
  }
  return numbers(choices, std::move(shape), -2, 2);
}

ValueId add_random_layer(Graph& graph, ValueId x, const Values& pool, Choices& choices) {
  return LayerMaker(graph, x, pool, choices).draw();
}

}  // namespace slipway
