// Recipes: what they mean, and what is said of their mistakes.
#include "train/recipe.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/places.h"

namespace slipway::train {
namespace {

constexpr const char* kGood = R"(
name = "digits"
seed = 7
[data]
kind = "digits"
validation_split = 0.1
[model]
layers = [{ type = "Flatten" }, { type = "Dense", units = 10, activation = "softmax" }]
[train]
optimizer = { type = "sgd", learning_rate = 0.1, momentum = 0.9 }
epochs = 3
precision = "bf16"
[callbacks]
early_stopping = { patience = 2 }
)";

TEST(Recipe, ReadsEverySection) {
  Result<Recipe> r = parse_recipe(kGood, "r.toml", "/tmp");
  ASSERT_TRUE(r.ok()) << r.status().message();
  EXPECT_EQ(r->name, "digits");
  EXPECT_EQ(r->trainer.seed, 7u);
  EXPECT_EQ(r->layers.size(), 2u);
  EXPECT_EQ(r->trainer.training.optimizer.type, "sgd");
  EXPECT_EQ(r->trainer.epochs, 3);
  EXPECT_EQ(r->trainer.training.precision, Precision::bf16);
  EXPECT_EQ(r->fit.early_stopping->patience, 2);
}

TEST(Recipe, ReadsWhatKindsOfThingsTake) {
  constexpr const char* kText = R"(
[data]
kind = "csv"
path = "x.csv"
task = "regression"
sample_weight = "w"
validation_split = 0.2
[train]
loss = { type = "huber", delta = 2 }
optimizer = { type = "rmsprop", rho = 0.8, momentum = 0.5, global_clipnorm = 1, use_ema = true, gradient_accumulation_steps = 4 }
schedule = { type = "piecewise", boundaries = [10], values = [1, 0.5], warmup_steps = 3 }
metrics = ["rmse", "r2"]
[callbacks]
reduce_lr_on_plateau = { patience = 3, factor = 0.5 }
csv_log = "log.csv"
tensorboard = "events"

[[layers]]
type = "Dense"
units = 4
name = "left"
inputs = ["input"]
[[layers]]
type = "Add"
inputs = ["left", "left"]
)";
  Result<Recipe> r = parse_recipe(kText, "r.toml", "/tmp");
  ASSERT_TRUE(r.ok()) << r.status().message();
  const Optimizer& o = r->trainer.training.optimizer;
  EXPECT_EQ(r->data.tabular.task, Task::regression);
  EXPECT_EQ(r->data.tabular.weight, "w");
  EXPECT_EQ(r->trainer.training.loss.delta, 2);
  EXPECT_EQ(o.rho, 0.8);
  EXPECT_EQ(o.momentum, 0.5);
  EXPECT_EQ(o.global_clipnorm, 1);
  EXPECT_TRUE(o.use_ema);
  EXPECT_EQ(o.gradient_accumulation_steps, 4);
  EXPECT_EQ(r->trainer.schedule.boundaries, std::vector<int64_t>{10});
  EXPECT_EQ(r->trainer.schedule.values, (std::vector<double>{1, 0.5}));
  EXPECT_EQ(r->trainer.metrics, (std::vector<std::string>{"rmse", "r2"}));
  EXPECT_EQ(r->fit.callbacks.reduce_lr_on_plateau->patience, 3);
  EXPECT_EQ(r->fit.callbacks.csv_log, "/tmp/log.csv");
  EXPECT_EQ(r->fit.callbacks.tensorboard, "/tmp/events");
  ASSERT_EQ(r->layers.size(), 2u);
  EXPECT_EQ(r->layers[0].name, "left");
  EXPECT_EQ(r->layers[1].inputs, (std::vector<std::string>{"left", "left"}));
}

TEST(Recipe, InputsAreColumnsOrArrays) {
  const std::string model = "[model]\nlayers = [{ type = \"Dense\", units = 3 }]\n";
  auto inputs_of = [&](const std::string& line) {
    Result<Recipe> r = parse_recipe("[data]\n" + line + "\n" + model, "r.toml", {});
    if (!r.ok()) return r.status().message();
    std::string text;
    for (const InputChoice& input : r->data.inputs) {
      text += input.name + ":";
      for (const std::string& column : input.columns) text += " " + column;
      text += ";";
    }
    return text;
  };
  EXPECT_EQ(inputs_of("inputs = [\"image\", \"place\"]"), "image: image;place: place;");
  EXPECT_EQ(inputs_of("inputs = { user = \"user_id\", context = [\"age\", \"city\"] }"),
            "context: age city;user: user_id;");
  EXPECT_EQ(inputs_of("inputs = { user = 3 }"),
            "r.toml:2: data.inputs.user: expected a list of texts, found a whole number");
  EXPECT_NE(inputs_of("inputs = []").find("expected at least one column or array for each input"), std::string::npos);
}

struct Mistake {
  const char* text;
  const char* message;
};

TEST(Recipe, NamesTheLineAndTheWayOut) {
  const Mistake mistakes[] = {
      {"[train]\nepoch = 3\n", "r.toml:2: unknown key \"train.epoch\"; did you mean epochs?"},
      {"[train]\noptimizer = { type = \"adam\", lr = 1 }\n", "unknown key \"train.optimizer.lr\"; expected one of "},
      {"[train]\nloss = \"mse\"\nmetrics = [\"accuracy\", \"auc\"]\n",
       "r.toml:3: train.metrics: accuracy counts right classes, but mean_squared_error compares numbers"},
      {"[train]\nepochs = \"three\"\n", "r.toml:2: train.epochs: expected a whole number, found text"},
      {"[train]\nepochs = 0\n", "r.toml:2: train.epochs: expected at least 1, found 0"},
      {"[train]\noptimizer = \"adagard\"\n",
       "r.toml:2: train.optimizer.type: optimizer \"adagard\" is not known; did you mean adagrad?"},
      {"[train]\nloss = \"hubber\"\n", "r.toml:2: train.loss.type: loss \"hubber\" is not known; did you mean huber?"},
      {"[train]\noptimizer = { type = \"adam\", momentum = 0.9 }\n", "unknown key \"train.optimizer.momentum\""},
      {"[train]\noptimizer = { type = \"sgd\", momentum = 2 }\n",
       "r.toml:2: train.optimizer: momentum is 2; expected it in [0"},
      {"[train]\nloss = { type = \"huber\", delta = \"x\" }\n",
       "r.toml:2: train.loss.delta: expected a number, found text"},
      {"[train]\nloss = { type = \"bce\", class_weight = [1, \"x\"] }\n",
       "train.loss.class_weight: expected a number, found text"},
      {"[train]\nschedule = { type = \"cosine\", boundaries = [1] }\n", "unknown key \"train.schedule.boundaries\""},
      {"[train]\nschedule = { type = \"piecewise\", boundaries = [1], values = [1] }\n",
       "one value more than boundaries"},
      {"[train]\nmetrics = [\"acuracy\"]\n",
       "r.toml:2: train.metrics: metric \"acuracy\" is not known; did you mean accuracy?"},
      {"[data]\ntask = \"guess\"\n",
       "r.toml:2: data.task: expected one of automatic, classification, regression, found"},
      {"[callbacks]\nreduce_lr_on_plateau = { patience = 0, monitor = \"loss\" }\n", "patience is 0"},
      {"[callbacks]\nreduce_lr_on_plateau = { monitor = \"val_f2\" }\n", "metric \"f2\" is not known"},
      {"[model]\nlayers = [\n  { type = \"Dense\", unit = 3 },\n]\n",
       "r.toml:3: layer 1 (Dense): unknown parameter \"unit\"; did you mean units?"},
      {"[model]\nlayers = [\n  { type = \"Dens\", units = 3 },\n]\n",
       "layer type \"Dens\" is not known; did you mean Dense?"},
      {"[model]\nlayers = [\n  { type = \"Dense\", units = 3, inputs = [1] },\n]\n",
       "inputs: expected names of layers"},
      {"[model]\ncut = \"x\"\nlayers = [{ type = \"Flatten\" }]\n", "r.toml:2: model.cut: needs file and layers"},
      {"name = 3\n", "r.toml:1: name: expected text, found a whole number"},
      {"[data]\nvalidation_split = 1.5\n", "data.validation_split: expected a fraction in [0, 1), found 1.5"},
      {"[train\n", "r.toml:1:"},
      {"[callbacks]\nearly_stopping = { monitor = \"val_loss\" }\n", "needs data.validation_split above 0"},
      {"[data]\nvalidation_split = 0.1\n[callbacks]\nearly_stopping = { monitor = \"val_auc\" }\n",
       "r.toml:4: callbacks.early_stopping.monitor: \"val_auc\" is not measured by this run; name it in train.metrics"},
      {"[callbacks]\nearly_stopping = { monitor = \"auc\" }\n", "while training only the loss and"},
  };
  for (const Mistake& mistake : mistakes) {
    std::string text = mistake.text;
    if (text.find("[model]") == std::string::npos) text += "[model]\nlayers = [{ type = \"Dense\", units = 3 }]\n";
    Status status = parse_recipe(text, "r.toml", {}).status();
    EXPECT_EQ(status.code(), Code::invalid_argument);
    EXPECT_NE(status.message().find(mistake.message), std::string::npos) << mistake.text << "\n" << status.message();
  }
}

TEST(Recipe, WantsLayersOrAFile) {
  EXPECT_NE(parse_recipe("[model]\n", "r.toml", {}).status().message().find("expected either layers or file"),
            std::string::npos);
}

TEST(Recipe, TheShippedOnesParse) {
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "recipes")) {
    if (entry.path().extension() != ".toml") continue;
    EXPECT_TRUE(read_recipe(entry.path()).ok()) << read_recipe(entry.path()).status().message();
  }
}

}  // namespace
}  // namespace slipway::train
