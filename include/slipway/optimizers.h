// Optimizers as data: names, arguments and defaults are Keras's.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace slipway {

// Stands for the optimizer's own default.
inline constexpr double kOwnDefault = std::numeric_limits<double>::quiet_NaN();

// How weights move along their gradients. The functions below make them; a recipe spells them in TOML. An optimizer
// reads only the arguments that it takes.
struct Optimizer {
  std::string type = "adam";  // sgd, rmsprop, adagrad, adam, adamw, lion, lamb
  double learning_rate = 0.001;
  double momentum = kOwnDefault;                   // sgd, rmsprop: 0
  bool nesterov = false;                           // sgd
  double beta_1 = kOwnDefault;                     // adam, adamw, lion, lamb: 0.9
  double beta_2 = kOwnDefault;                     // adam, adamw, lamb: 0.999; lion: 0.99
  double rho = kOwnDefault;                        // rmsprop: 0.9
  double epsilon = kOwnDefault;                    // 1e-7; lamb: 1e-6
  double initial_accumulator_value = kOwnDefault;  // adagrad: 0.1
  double weight_decay = kOwnDefault;               // decoupled, but of sgd an L2 term; 0, adamw: 0.004

  // For every optimizer. Clipping of gradients, 0: none. Each element to [-clipvalue, clipvalue]; each weight's
  // gradient to the norm clipnorm; all gradients together to the norm global_clipnorm.
  double clipvalue = 0;
  double clipnorm = 0;
  double global_clipnorm = 0;
  // Batches whose mean gradient makes one update.
  int64_t gradient_accumulation_steps = 1;
  // Keeps average' = ema_momentum average + (1 - ema_momentum) weight beside each weight, from the initial weights on.
  // The model is evaluated and saved with the averages.
  bool use_ema = false;
  double ema_momentum = 0.99;
};

inline Optimizer SGD(double learning_rate = 0.01, double momentum = 0, bool nesterov = false) {
  return {.type = "sgd", .learning_rate = learning_rate, .momentum = momentum, .nesterov = nesterov};
}
inline Optimizer RMSprop(double learning_rate = 0.001, double rho = 0.9, double momentum = 0) {
  return {.type = "rmsprop", .learning_rate = learning_rate, .momentum = momentum, .rho = rho};
}
inline Optimizer Adagrad(double learning_rate = 0.001) { return {.type = "adagrad", .learning_rate = learning_rate}; }
inline Optimizer Adam(double learning_rate = 0.001) { return {.type = "adam", .learning_rate = learning_rate}; }
inline Optimizer AdamW(double learning_rate = 0.001, double weight_decay = 0.004) {
  return {.type = "adamw", .learning_rate = learning_rate, .weight_decay = weight_decay};
}
inline Optimizer Lion(double learning_rate = 0.001, double weight_decay = 0) {
  return {.type = "lion", .learning_rate = learning_rate, .weight_decay = weight_decay};
}
inline Optimizer Lamb(double learning_rate = 0.001, double weight_decay = 0) {
  return {.type = "lamb", .learning_rate = learning_rate, .weight_decay = weight_decay};
}

}  // namespace slipway
