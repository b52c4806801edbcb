// Recipes: what they mean, and what is said of their mistakes.
#include "train/recipe.h"

#include <gtest/gtest.h>

#include "base/file.h"

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
  EXPECT_EQ(r->fit.early_stopping->patience, 2);
}

struct Mistake {
  const char* text;
  const char* message;
};

TEST(Recipe, NamesTheLineAndTheWayOut) {
  const Mistake mistakes[] = {
      {"[train]\nepoch = 3\n", "r.toml:2: unknown key \"train.epoch\"; did you mean epochs?"},
      {"[train]\nepochs = \"three\"\n", "r.toml:2: train.epochs: expected a whole number, found text"},
      {"[train]\nepochs = 0\n", "r.toml:2: train.epochs: expected at least 1, found 0"},
      {"[train]\noptimizer = \"adagrad\"\n", "optimizer \"adagrad\" is not known; expected sgd, adam or adamw"},
      {"[train]\nloss = \"huber\"\n", "found \"huber\""},
      {"name = 3\n", "r.toml:1: name: expected text, found a whole number"},
      {"[data]\nvalidation_split = 1.5\n", "data.validation_split: expected a fraction in [0, 1), found 1.5"},
      {"[train\n", "r.toml:1:"},
      {"[callbacks]\nearly_stopping = { monitor = \"val_loss\" }\n", "needs data.validation_split above 0"},
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
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(SLIPWAY_SOURCE_DIR) / "recipes")) {
    if (entry.path().extension() != ".toml") continue;
    EXPECT_TRUE(read_recipe(entry.path()).ok()) << read_recipe(entry.path()).status().message();
  }
}

}  // namespace
}  // namespace slipway::train
