// fit(): epochs with callbacks: early stopping, best and last checkpoints, resuming.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "train/callbacks.h"
#include "train/trainer.h"

namespace slipway::train {

// When checkpoints are written. sparing: at the ends of epochs too, but for at most some 2 % of the time; what a loss
// of power takes is then a little more than an epoch.
enum class Saving : uint8_t { every_epoch, sparing };

struct FitOptions {
  std::optional<EarlyStopping> early_stopping;
  std::string monitor = "val_loss";   // what "best" means without early stopping; loss when there is no validation
  bool restore_best = false;          // end with the best epoch's weights where validation says which that is
  std::filesystem::path checkpoints;  // folder for last.safetensors and best.safetensors; empty: none
  Saving saving = Saving::every_epoch;
  bool resume = false;  // go on from last.safetensors
  CallbackOptions callbacks;
};

struct FitResult {
  std::vector<EpochResult> epochs;  // including those of a resumed run
  std::string monitor;              // by what epochs are compared
  int64_t best_epoch = 0;
  double best = 0;
  int64_t kept_epoch = 0;  // whose weights the trainer holds
  bool stopped_early = false;
  bool interrupted = false;  // the listener wished an end; checkpoints hold the last step
  bool resumed = false;
};

struct FitListener {
  StepListener step;
  std::function<void(const EpochResult&)> epoch;
  std::function<void(const EpochResult&)> resumed;  // an epoch of the checkpoint that the run goes on from
  StopWish stop;
  std::function<void(const std::string&)> note;  // something the user should know before the next epoch
};

// Runs the trainer's epochs. Afterwards the trainer holds the last weights, or the best ones where early stopping or
// restore_best asks for them. With `checkpoints`, a kill loses at most the epoch under way (but see Saving), and a stop
// that was wished loses nothing. A checkpoint that cannot be written ends the run only when it is the first one; later
// the one before it stays, and a note tells.
Result<FitResult> fit(Trainer& trainer, const FitOptions& options, const FitListener& listener = {});

}  // namespace slipway::train
