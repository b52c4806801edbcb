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
#include "train/data_keys.h"
#include "train/fit.h"
#include "train/normalization.h"
#include "train/recipe_edit.h"
#include "train/trainer.h"

namespace slipway::train {

// A text in [data]: data.key = "text".
struct RecipeValue {
  std::string key;
  std::string text;
  int64_t line = 0;
};

struct Recipe {
  std::string name = "model";
  std::string text;   // as read
  std::string where;  // for messages: its path
  std::vector<DataKey> data_keys;
  std::vector<RecipeValue> data_values;
  std::vector<int64_t> layer_lines;
  bool balanced = false;  // class_weight = "balanced": by the training data's classes (balance())
  DataSource data;
  double validation_split = 0;
  std::optional<ChannelNormalization> normalization;  // of images, before the model's first layer
  std::vector<Layer> layers;                          // the model, or what replaces the head of
  std::filesystem::path model_file;                   // an ONNX file to start from
  std::string cut;                                    // where the head begins; empty: the last layer with weights
  TrainerOptions trainer;
  FitOptions fit;
};

// Relative paths in the recipe are meant from `folder`. An error names the line, the key, what was expected and what
// was found; an unknown key comes with the nearest known one.
Result<Recipe> parse_recipe(const std::string& text, const std::string& where, const std::filesystem::path& folder);
// `settings`: what is set otherwise than in the file; the recipe's text has them (train/recipe_edit.h).
Result<Recipe> read_recipe(const std::filesystem::path& path, const std::vector<Setting>& settings = {});

// Whether the recipe says where its data is, and reads only what data of this kind has; after whatever the command line
// has changed. The path decides the kind where the recipe does not.
Status check_data(const Recipe& recipe);

// `status` with the line of what it speaks of: the longest text in [data] that it quotes, else the path.
Status at_data_line(const Recipe& recipe, const Status& status);

// `status` of building or training layers with the line of the layer that it names ("layer 2 (Dense): …").
Status at_layer_line(const Recipe& recipe, const Status& status);

// Fills in what the recipe leaves to its training data: sizes of layers (train/layer_sizes.h), and the weights of
// class_weight = "balanced": examples / (classes × examples of the class). Error where the labels are no classes, or a
// class has no example.
Status balance(Recipe& recipe, const Dataset& train);

}  // namespace slipway::train
