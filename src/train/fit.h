// fit(): epochs with callbacks: early stopping, best and last checkpoints, resuming.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "train/callbacks.h"
#include "train/trainer.h"

namespace slipway::train {

struct FitOptions {
  std::optional<EarlyStopping> early_stopping;
  std::string monitor = "val_loss";   // what "best" means without early stopping; loss when there is no validation
  std::filesystem::path checkpoints;  // folder for last.safetensors and best.safetensors; empty: none
  bool resume = false;                // go on from last.safetensors
  CallbackOptions callbacks;
};

struct FitResult {
  std::vector<EpochResult> epochs;  // including those of a resumed run
  int64_t best_epoch = 0;
  double best = 0;
  bool stopped_early = false;
  bool resumed = false;
};

struct FitListener {
  StepListener step;
  std::function<void(const EpochResult&)> epoch;
  std::function<void(const std::string&)> note;  // something the user should know before the next epoch
};

// Runs the trainer's epochs. Afterwards the trainer holds the last weights, or the best ones where early stopping
// restores them. With `checkpoints`, an interruption loses at most the epoch under way.
Result<FitResult> fit(Trainer& trainer, const FitOptions& options, const FitListener& listener = {});

}  // namespace slipway::train
