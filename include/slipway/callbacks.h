// Callbacks as data: what may happen after every epoch. Names and arguments are Keras's.
#pragma once

#include <cstdint>
#include <string>

namespace slipway {

// What is monitored: loss, accuracy, or with "val_" before it the validation's loss, accuracy or a metric.

// Stops when `monitor` has not improved by more than min_delta for `patience` epochs.
struct EarlyStopping {
  std::string monitor = "val_loss";
  int64_t patience = 3;
  double min_delta = 0;
  bool restore_best = true;
};

// Multiplies the learning rate with `factor` when `monitor` has not improved by more than min_delta for `patience`
// epochs, then rests for `cooldown` epochs. min_lr bounds the learning rate from below.
struct ReduceOnPlateau {
  std::string monitor = "val_loss";
  double factor = 0.1;
  int64_t patience = 10;
  double min_delta = 1e-4;
  int64_t cooldown = 0;
  double min_lr = 0;
};

}  // namespace slipway
