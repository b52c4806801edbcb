// Recipe: a training run written down in TOML.
//
//   name = "digits"
//   seed = 1
//   [data]
//   kind = "auto"                 # mnist, idx, npy, csv, digits; path, labels, test_path, …
//   validation_split = 0.1
//   [model]
//   layers = [{ type = "Flatten" }, { type = "Dense", units = 128, activation = "relu" }, …]   # or file = "model.onnx"
//   [train]
//   loss = "sparse_categorical_crossentropy"           # or { type = …, class_weight = [1, 3], … }
//   optimizer = { type = "adam", learning_rate = 0.001 }
//   schedule = { type = "cosine", warmup_steps = 100 }
//   metrics = ["accuracy", "auc"]
//   epochs = 5
//   batch_size = 32
//   [callbacks]
//   early_stopping = { monitor = "val_loss", patience = 3 }
//   reduce_lr_on_plateau = { patience = 2, factor = 0.5 }
//   csv_log = "epochs.csv"
//   tensorboard = "runs"
//
// Layers that branch and meet again have names, and say what they read:
//
//   [[layers]]
//   type = "Dense"
//   units = 64
//   name = "left"
//   inputs = ["input"]
//
// With file and layers, the layers take the place of the file's last ones (behind `cut`, a value or node of the file).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/source.h"
#include "slipway/layers.h"
#include "train/fit.h"
#include "train/trainer.h"

namespace slipway::train {

struct Recipe {
  std::string name = "model";
  std::string text;  // as read
  DataSource data;
  double validation_split = 0;
  std::vector<Layer> layers;         // the model, or what replaces the head of
  std::filesystem::path model_file;  // an ONNX file to start from
  std::string cut;                   // where the head begins; empty: the last layer with weights
  TrainerOptions trainer;
  FitOptions fit;
};

// Relative paths in the recipe are meant from `folder`. An error names the line, the key, what was expected and what
// was found; an unknown key comes with the nearest known one.
Result<Recipe> parse_recipe(const std::string& text, const std::string& where, const std::filesystem::path& folder);
Result<Recipe> read_recipe(const std::filesystem::path& path);

}  // namespace slipway::train
