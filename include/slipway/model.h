// Model and Sequential: build, train, evaluate, use and save a model, in Keras's terms.
//
//   Sequential model({Flatten(), Dense(128, relu), Dense(10, softmax)});
//   model.compile({.optimizer = Adam(0.001), .loss = "sparse_categorical_crossentropy"});
//   Result<History> history = model.fit(x, y, {.epochs = 5});
//   Result<Tensor> answers = model.predict(x_test);
//
// Layers that branch and meet again:
//
//   Symbol x = Input();
//   Symbol h = Dense(64, relu)(x);
//   Model model(x, Dense(10, softmax)(Add()({h, Dense(64, relu)(h)})));
//
// A trained model on another task:
//
//   Result<Model> model = Model::load("model.onnx");
//   model->replace_head({Dense(3, softmax)});
//   model->freeze({"conv2d*"});
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "slipway/callbacks.h"
#include "slipway/layers.h"
#include "slipway/losses.h"
#include "slipway/optimizers.h"
#include "slipway/schedules.h"
#include "tensor/tensor.h"

namespace slipway {

struct CompileArguments {
  Optimizer optimizer = {};
  // By name, or a Loss with arguments. Labels are int64 [N] class indices for "sparse_categorical_crossentropy" and
  // "triplet", else float32 like the model's output.
  Loss loss = {};
  Schedule schedule = {};
  // Measured on validation data and by evaluate(): auc, f1, rmse, top_5_accuracy, … (an unknown name lists them).
  std::vector<std::string> metrics = {};
};

// Loss and, for classifiers, accuracy in [0, 1], as means over examples; the metrics asked for, by name.
struct Metrics {
  double loss = 0;
  std::optional<double> accuracy = {};
  std::map<std::string, double> others = {};
};

struct Epoch {
  int64_t number = 0;  // from 1
  Metrics train = {};
  std::optional<Metrics> validation = {};
  double seconds = 0;
};
using History = std::vector<Epoch>;

struct FitArguments {
  int64_t epochs = 1;
  int64_t batch_size = 32;
  double validation_split = 0;             // fraction of the examples held out
  uint64_t seed = 1;                       // of the order of examples and of dropout
  int64_t early_stopping_patience = 0;     // epochs without improvement of the validation loss; 0: never stop early
  std::filesystem::path checkpoints = {};  // folder for last.safetensors and best.safetensors; empty: none
  bool resume = false;                     // go on from last.safetensors
  int threads = 0;                         // 0: chosen by the work in a step
  std::optional<ReduceOnPlateau> reduce_lr_on_plateau = std::nullopt;
  std::filesystem::path csv_log = {};      // a table of epochs; empty: none
  std::filesystem::path tensorboard = {};  // folder for TensorBoard's event files; empty: none
  Tensor sample_weight = {};               // float32 [N]: what each example counts; undefined: all alike
  std::function<void(const Epoch&)> on_epoch = nullptr;
};

// Not thread-safe. Movable.
class Model {
 public:
  // What is between an Input and an answer. `seed` draws the initial weights, which happens when the shape of the
  // inputs is known: at the first fit.
  Model(const Symbol& input, const Symbol& output, uint64_t seed = 1);
  // A model from an ONNX or TFLite file.
  static Result<Model> load(const std::filesystem::path& file);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  // invalid_argument for an unknown optimizer, loss, schedule or metric, or arguments out of range.
  Status compile(const CompileArguments& arguments);

  // x: [N, ...] float32 or uint8, y: [N] or [N, ...] as the loss wants it. Fitting again goes on from the weights there
  // are. failed_precondition before compile(); errors name the layer or example that is wrong.
  Result<History> fit(const Tensor& x, const Tensor& y, const FitArguments& arguments = {});
  Result<Metrics> evaluate(const Tensor& x, const Tensor& y) const;
  // [N, ...] in, [N, ...] out.
  Result<Tensor> predict(const Tensor& x) const;

  // Weights whose names match one of these globs ("conv2d*") stay as they are in every fit() that follows.
  void freeze(std::vector<std::string> globs);
  // Puts `layers` behind the value or node called `at`, instead of what was there; an empty `at`: instead of the last
  // layer with weights. failed_precondition before the model has weights.
  Status replace_head(const std::vector<Layer>& layers, const std::string& at = "", uint64_t seed = 1);

  // By the extension: .onnx or .tflite.
  Status save(const std::filesystem::path& file) const;
  // The graph as text; a hint before the first fit.
  std::string summary() const;

 protected:
  Model(std::vector<Layer> layers, uint64_t seed);

 private:
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Layers one after the other.
class Sequential : public Model {
 public:
  explicit Sequential(std::vector<Layer> layers, uint64_t seed = 1) : Model(std::move(layers), seed) {}
};

}  // namespace slipway
