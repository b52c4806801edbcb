// Sequential: build, train, evaluate, use and save a model, in Keras's terms.
//
//   Sequential model({Flatten(), Dense(128, relu), Dense(10, softmax)});
//   model.compile({.optimizer = Adam(0.001), .loss = "sparse_categorical_crossentropy"});
//   Result<History> history = model.fit(x, y, {.epochs = 5});
//   Result<Tensor> answers = model.predict(x_test);
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "slipway/layers.h"
#include "tensor/tensor.h"

namespace slipway {

// An optimizer as data; the functions below make them. Defaults are Keras's.
struct Optimizer {
  std::string type = "adam";
  double learning_rate = 0.001;
  double momentum = 0;
  bool nesterov = false;
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  double weight_decay = 0;
};
Optimizer SGD(double learning_rate = 0.01, double momentum = 0, bool nesterov = false);
Optimizer Adam(double learning_rate = 0.001);
Optimizer AdamW(double learning_rate = 0.001, double weight_decay = 0.004);

struct CompileArguments {
  Optimizer optimizer;
  // "sparse_categorical_crossentropy" (labels int64 [N]), "binary_crossentropy", "mean_squared_error" (labels float32).
  std::string loss = "sparse_categorical_crossentropy";
};

// Loss and, for classifiers, accuracy in [0, 1], as means over examples.
struct Metrics {
  double loss = 0;
  std::optional<double> accuracy;
};

struct Epoch {
  int64_t number = 0;  // from 1
  Metrics train;
  std::optional<Metrics> validation;
  double seconds = 0;
};
using History = std::vector<Epoch>;

struct FitArguments {
  int64_t epochs = 1;
  int64_t batch_size = 32;
  double validation_split = 0;          // fraction of the examples held out
  uint64_t seed = 1;                    // of the order of examples and of dropout
  int64_t early_stopping_patience = 0;  // epochs without improvement of the validation loss; 0: never stop early
  std::filesystem::path checkpoints;    // folder for last.safetensors and best.safetensors; empty: none
  bool resume = false;                  // go on from last.safetensors
  int threads = 0;                      // 0: chosen by the work in a step
  std::function<void(const Epoch&)> on_epoch;
};

// Not thread-safe. Movable.
class Sequential {
 public:
  // `seed` draws the initial weights, which happens when the shape of the inputs is known: at the first fit.
  explicit Sequential(std::vector<Layer> layers, uint64_t seed = 1);
  // A model from an ONNX or TFLite file.
  static Result<Sequential> load(const std::filesystem::path& file);
  ~Sequential();
  Sequential(Sequential&&) noexcept;
  Sequential& operator=(Sequential&&) noexcept;

  // invalid_argument for an unknown optimizer or loss.
  Status compile(const CompileArguments& arguments);

  // x: [N, ...] float32 or uint8, y: [N] or [N, ...] as the loss wants it. Fitting again goes on from the weights there
  // are. failed_precondition before compile(); errors name the layer or example that is wrong.
  Result<History> fit(const Tensor& x, const Tensor& y, const FitArguments& arguments = {});
  Result<Metrics> evaluate(const Tensor& x, const Tensor& y) const;
  // [N, ...] in, [N, ...] out.
  Result<Tensor> predict(const Tensor& x) const;

  // By the extension: .onnx or .tflite.
  Status save(const std::filesystem::path& file) const;
  // The graph as text; a hint before the first fit.
  std::string summary() const;

 private:
  struct State;
  explicit Sequential(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway
