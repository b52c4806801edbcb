// Layers in Keras's vocabulary: what a model is made of.
//
// Images are [batch, channels, height, width] ([batch, height, width] counts as one channel), volumes [batch, channels,
// depth, height, width], sequences [batch, steps, features]. Arguments that a function here does not offer are set on
// the layer: Conv2D(8, 3).with("groups", 2).
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace slipway {

using LayerParameter = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>>;

class Symbol;

// A layer as data: Keras's class name and arguments. The functions below make them; a recipe spells them in TOML.
struct Layer {
  std::string type;
  std::map<std::string, LayerParameter> parameters;
  std::string name = {};                 // empty: made from the type, "dense", "dense_1", …
  std::vector<std::string> inputs = {};  // names of the layers it reads; empty: the one before it
  std::string shares = {};  // the earlier layer whose weights it uses instead of its own (Siamese networks)

  Layer with(const std::string& parameter, LayerParameter value) const {
    Layer changed = *this;
    changed.parameters[parameter] = std::move(value);
    return changed;
  }
  template <std::integral Whole>
  requires(!std::same_as<Whole, bool>) Layer with(const std::string& parameter, Whole value)
  const { return with(parameter, LayerParameter(static_cast<int64_t>(value))); }
  Layer with(const std::string& parameter, const char* value) const {
    return with(parameter, LayerParameter(std::string(value)));
  }
  Layer named(std::string its_name) const {
    Layer changed = *this;
    changed.name = std::move(its_name);
    return changed;
  }
  Layer sharing(std::string earlier_layer) const {
    Layer changed = *this;
    changed.shares = std::move(earlier_layer);
    return changed;
  }

  // The layer's answer to other layers' answers. Every call is a layer of its own, with weights of its own unless it
  // shares another's: Dense(8).named("tower")(a), Dense(8).sharing("tower")(b).
  Symbol operator()(const Symbol& x) const;
  Symbol operator()(std::vector<Symbol> inputs) const;
};

// What a layer answers, in a model under construction. Copies mean the same answer.
class Symbol {
 public:
  struct Node {
    Layer layer;
    std::vector<Symbol> inputs;
  };
  Symbol(Layer layer, std::vector<Symbol> inputs)
      : node_(std::make_shared<const Node>(Node{std::move(layer), std::move(inputs)})) {}
  const Node& node() const { return *node_; }

 private:
  std::shared_ptr<const Node> node_;
};

inline Symbol Layer::operator()(const Symbol& x) const { return Symbol(*this, {x}); }
inline Symbol Layer::operator()(std::vector<Symbol> symbols) const { return Symbol(*this, std::move(symbols)); }

// Where the examples come in; the data given to fit() says their shape.
inline Symbol Input(std::string name = "input") { return Symbol(Layer{"Input", {}, std::move(name), {}}, {}); }

// Activations by Keras's names, for use as arguments. There are more: relu6, log_softmax, elu, selu, celu, softplus,
// softsign, silu, mish, exponential, hard_sigmoid, hard_silu, hard_tanh, log_sigmoid, tanh_shrink, soft_shrink,
// hard_shrink, squareplus, glu.
inline constexpr const char* linear = "linear";
inline constexpr const char* relu = "relu";
inline constexpr const char* leaky_relu = "leaky_relu";
inline constexpr const char* sigmoid = "sigmoid";
inline constexpr const char* gelu = "gelu";
inline constexpr const char* softmax = "softmax";

// The name of an activation, as an argument: relu, "swish", tanh.
class ActivationName {
 public:
  ActivationName(const char* name) : name_(name) {}             // NOLINT(google-explicit-constructor)
  ActivationName(std::string name) : name_(std::move(name)) {}  // NOLINT(google-explicit-constructor)
  // The function tanh below: a constant of that name would be ambiguous beside the C library's function.
  ActivationName(ActivationName (*name)(const Symbol&)) : name_(name(Input()).name_) {}  // NOLINT

  operator LayerParameter() && { return std::move(name_); }  // NOLINT(google-explicit-constructor)

 private:
  std::string name_;
};
inline ActivationName tanh(const Symbol&) { return "tanh"; }

// y = activation(x W + b) over the last dimension; W is [in, units].
inline Layer Dense(int64_t units, ActivationName activation = linear) {
  return {"Dense", {{"units", units}, {"activation", std::move(activation)}}};
}
// Rows of a table by index: [...] whole numbers below input_dim become [..., output_dim].
inline Layer Embedding(int64_t input_dim, int64_t output_dim) {
  return {"Embedding", {{"input_dim", input_dim}, {"output_dim", output_dim}}};
}

// `padding`: "valid", "same"; of Conv1D also "causal".
inline Layer convolution_layer(const char* type, int64_t filters, int64_t kernel_size, ActivationName activation,
                               int64_t strides, std::string padding) {
  return {type,
          {{"filters", filters},
           {"kernel_size", kernel_size},
           {"activation", std::move(activation)},
           {"strides", strides},
           {"padding", std::move(padding)}}};
}
inline Layer Conv1D(int64_t filters, int64_t kernel_size, ActivationName activation = linear, int64_t strides = 1,
                    std::string padding = "valid") {
  return convolution_layer("Conv1D", filters, kernel_size, std::move(activation), strides, std::move(padding));
}
inline Layer Conv2D(int64_t filters, int64_t kernel_size, ActivationName activation = linear, int64_t strides = 1,
                    std::string padding = "valid") {
  return convolution_layer("Conv2D", filters, kernel_size, std::move(activation), strides, std::move(padding));
}
inline Layer Conv3D(int64_t filters, int64_t kernel_size, ActivationName activation = linear, int64_t strides = 1,
                    std::string padding = "valid") {
  return convolution_layer("Conv3D", filters, kernel_size, std::move(activation), strides, std::move(padding));
}
inline Layer SeparableConv1D(int64_t filters, int64_t kernel_size, ActivationName activation = linear,
                             int64_t strides = 1, std::string padding = "valid") {
  return convolution_layer("SeparableConv1D", filters, kernel_size, std::move(activation), strides, std::move(padding));
}
inline Layer SeparableConv2D(int64_t filters, int64_t kernel_size, ActivationName activation = linear,
                             int64_t strides = 1, std::string padding = "valid") {
  return convolution_layer("SeparableConv2D", filters, kernel_size, std::move(activation), strides, std::move(padding));
}
inline Layer Conv1DTranspose(int64_t filters, int64_t kernel_size, ActivationName activation = linear,
                             int64_t strides = 1, std::string padding = "valid") {
  return convolution_layer("Conv1DTranspose", filters, kernel_size, std::move(activation), strides, std::move(padding));
}
inline Layer Conv2DTranspose(int64_t filters, int64_t kernel_size, ActivationName activation = linear,
                             int64_t strides = 1, std::string padding = "valid") {
  return convolution_layer("Conv2DTranspose", filters, kernel_size, std::move(activation), strides, std::move(padding));
}
inline Layer Conv3DTranspose(int64_t filters, int64_t kernel_size, ActivationName activation = linear,
                             int64_t strides = 1, std::string padding = "valid") {
  return convolution_layer("Conv3DTranspose", filters, kernel_size, std::move(activation), strides, std::move(padding));
}
inline Layer depthwise_layer(const char* type, int64_t kernel_size, ActivationName activation, int64_t strides,
                             std::string padding) {
  return {type,
          {{"kernel_size", kernel_size},
           {"activation", std::move(activation)},
           {"strides", strides},
           {"padding", std::move(padding)}}};
}
inline Layer DepthwiseConv1D(int64_t kernel_size, ActivationName activation = linear, int64_t strides = 1,
                             std::string padding = "valid") {
  return depthwise_layer("DepthwiseConv1D", kernel_size, std::move(activation), strides, std::move(padding));
}
inline Layer DepthwiseConv2D(int64_t kernel_size, ActivationName activation = linear, int64_t strides = 1,
                             std::string padding = "valid") {
  return depthwise_layer("DepthwiseConv2D", kernel_size, std::move(activation), strides, std::move(padding));
}

inline Layer MaxPooling1D(int64_t pool_size = 2) { return {"MaxPooling1D", {{"pool_size", pool_size}}}; }
inline Layer MaxPooling2D(int64_t pool_size = 2) { return {"MaxPooling2D", {{"pool_size", pool_size}}}; }
inline Layer MaxPooling3D(int64_t pool_size = 2) { return {"MaxPooling3D", {{"pool_size", pool_size}}}; }
inline Layer AveragePooling1D(int64_t pool_size = 2) { return {"AveragePooling1D", {{"pool_size", pool_size}}}; }
inline Layer AveragePooling2D(int64_t pool_size = 2) { return {"AveragePooling2D", {{"pool_size", pool_size}}}; }
inline Layer AveragePooling3D(int64_t pool_size = 2) { return {"AveragePooling3D", {{"pool_size", pool_size}}}; }
inline Layer GlobalMaxPooling1D() { return {"GlobalMaxPooling1D", {}}; }
inline Layer GlobalMaxPooling2D() { return {"GlobalMaxPooling2D", {}}; }
inline Layer GlobalMaxPooling3D() { return {"GlobalMaxPooling3D", {}}; }
inline Layer GlobalAveragePooling1D() { return {"GlobalAveragePooling1D", {}}; }
inline Layer GlobalAveragePooling2D() { return {"GlobalAveragePooling2D", {}}; }
inline Layer GlobalAveragePooling3D() { return {"GlobalAveragePooling3D", {}}; }

// Recurrent layers answer with their last step, or with every step.
inline Layer recurrent_layer(const char* type, int64_t units, bool return_sequences) {
  return {type, {{"units", units}, {"return_sequences", return_sequences}}};
}
inline Layer LSTM(int64_t units, bool return_sequences = false) {
  return recurrent_layer("LSTM", units, return_sequences);
}
inline Layer GRU(int64_t units, bool return_sequences = false) {
  return recurrent_layer("GRU", units, return_sequences);
}
inline Layer SimpleRNN(int64_t units, bool return_sequences = false) {
  return recurrent_layer("SimpleRNN", units, return_sequences);
}
// An LSTM, GRU or SimpleRNN in both directions. `merge_mode`: "concat", "sum", "mul", "ave".
inline Layer Bidirectional(const Layer& layer, std::string merge_mode = "concat") {
  Layer both = layer.with("layer", layer.type).with("merge_mode", std::move(merge_mode));
  both.type = "Bidirectional";
  return both;
}

// Called with one input it attends to itself; with several they are query, value and key.
inline Layer MultiHeadAttention(int64_t num_heads, int64_t key_dim) {
  return {"MultiHeadAttention", {{"num_heads", num_heads}, {"key_dim", key_dim}}};
}
inline Layer TransformerEncoder(int64_t intermediate_dim, int64_t num_heads, double dropout = 0) {
  return {"TransformerEncoder",
          {{"intermediate_dim", intermediate_dim}, {"num_heads", num_heads}, {"dropout", dropout}}};
}
// Called with the decoder's sequence and, where there is one, the encoder's. Causal.
inline Layer TransformerDecoder(int64_t intermediate_dim, int64_t num_heads, double dropout = 0) {
  return {"TransformerDecoder",
          {{"intermediate_dim", intermediate_dim}, {"num_heads", num_heads}, {"dropout", dropout}}};
}
inline Layer PositionEmbedding() { return {"PositionEmbedding", {}}; }
inline Layer SinePositionEncoding() { return {"SinePositionEncoding", {}}; }

inline Layer BatchNormalization() { return {"BatchNormalization", {}}; }
inline Layer LayerNormalization() { return {"LayerNormalization", {}}; }
inline Layer GroupNormalization(int64_t groups = 32) { return {"GroupNormalization", {{"groups", groups}}}; }
inline Layer RMSNormalization() { return {"RMSNormalization", {}}; }

inline Layer Activation(ActivationName name) { return {"Activation", {{"activation", std::move(name)}}}; }
// Zeroes a fraction `rate` of its inputs while training and scales the rest by 1 / (1 - rate).
inline Layer Dropout(double rate) { return {"Dropout", {{"rate", rate}}}; }
// y = scale x + offset
inline Layer Rescaling(double scale, double offset = 0) {
  return {"Rescaling", {{"scale", scale}, {"offset", offset}}};
}

inline Layer Flatten() { return {"Flatten", {}}; }
// To [batch, target_shape...]; one size may be -1.
inline Layer Reshape(std::vector<int64_t> target_shape) {
  return {"Reshape", {{"target_shape", std::move(target_shape)}}};
}
// Axes behind the batch in a new order, counted from 1.
inline Layer Permute(std::vector<int64_t> dims) { return {"Permute", {{"dims", std::move(dims)}}}; }
// [batch, features] becomes [batch, n, features].
inline Layer RepeatVector(int64_t n) { return {"RepeatVector", {{"n", n}}}; }
// `padding`, `cropping`: one number for all sides, {height, width}, or {top, bottom, left, right}.
inline Layer ZeroPadding2D(std::vector<int64_t> padding = {1}) {
  return {"ZeroPadding2D", {{"padding", std::move(padding)}}};
}
inline Layer Cropping2D(std::vector<int64_t> cropping) { return {"Cropping2D", {{"cropping", std::move(cropping)}}}; }
// `interpolation`: "nearest", "bilinear".
inline Layer UpSampling2D(int64_t size = 2, std::string interpolation = "nearest") {
  return {"UpSampling2D", {{"size", size}, {"interpolation", std::move(interpolation)}}};
}
// Elements [begin, end) of one axis (0 is the batch and cannot be cut); an end of 0 means the last.
inline Layer Slice(int64_t axis, int64_t begin, int64_t end = 0) {
  return {"Slice", {{"axis", axis}, {"begin", begin}, {"end", end}}};
}

// Of several inputs.
inline Layer Add() { return {"Add", {}}; }
inline Layer Subtract() { return {"Subtract", {}}; }
inline Layer Multiply() { return {"Multiply", {}}; }
inline Layer Average() { return {"Average", {}}; }
inline Layer Maximum() { return {"Maximum", {}}; }
inline Layer Minimum() { return {"Minimum", {}}; }
inline Layer Concatenate(int64_t axis = -1) { return {"Concatenate", {{"axis", axis}}}; }
// sum(a b) over the last axis; normalized: the cosine of the angle between the two
inline Layer Dot(bool normalize = false) { return {"Dot", {{"normalize", normalize}}}; }

}  // namespace slipway
