// Layers in Keras's vocabulary: what a Sequential model is made of.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace slipway {

using LayerParameter = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>>;

// A layer as data: Keras's class name and arguments. The functions below make them; a recipe spells them in TOML.
struct Layer {
  std::string type;
  std::map<std::string, LayerParameter> parameters;
};

// Activations by Keras's names, for use as arguments.
inline constexpr const char* linear = "linear";
inline constexpr const char* relu = "relu";
inline constexpr const char* leaky_relu = "leaky_relu";
inline constexpr const char* sigmoid = "sigmoid";
inline constexpr const char* tanh_ = "tanh";
inline constexpr const char* gelu = "gelu";
inline constexpr const char* softmax = "softmax";

// y = activation(x W + b) over the last dimension; W is [in, units].
inline Layer Dense(int64_t units, std::string activation = linear) {
  return {"Dense", {{"units", units}, {"activation", std::move(activation)}}};
}

// Images are [batch, channels, height, width]; [batch, height, width] counts as one channel. `padding`: "valid",
// "same".
inline Layer Conv2D(int64_t filters, int64_t kernel_size, std::string activation = linear, int64_t strides = 1,
                    std::string padding = "valid") {
  return {"Conv2D",
          {{"filters", filters},
           {"kernel_size", kernel_size},
           {"activation", std::move(activation)},
           {"strides", strides},
           {"padding", std::move(padding)}}};
}

inline Layer MaxPooling2D(int64_t pool_size = 2) { return {"MaxPooling2D", {{"pool_size", pool_size}}}; }
inline Layer AveragePooling2D(int64_t pool_size = 2) { return {"AveragePooling2D", {{"pool_size", pool_size}}}; }
inline Layer GlobalAveragePooling2D() { return {"GlobalAveragePooling2D", {}}; }
inline Layer Flatten() { return {"Flatten", {}}; }
// Zeroes a fraction `rate` of its inputs while training and scales the rest by 1 / (1 - rate).
inline Layer Dropout(double rate) { return {"Dropout", {{"rate", rate}}}; }
inline Layer BatchNormalization() { return {"BatchNormalization", {}}; }
inline Layer LayerNormalization() { return {"LayerNormalization", {}}; }
inline Layer Activation(std::string name) { return {"Activation", {{"activation", std::move(name)}}}; }

}  // namespace slipway
