// Recipe edits: one key changes, everything else stays as it was.
#include "train/recipe_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/toml.h"

namespace slipway::train {
namespace {

using ::testing::HasSubstr;

constexpr const char* kText = R"(name = "dé"  # a name
[data]
path = "x/é.csv"  # where it is
columns = { zip = "category" }

[train]  # how
optimizer = "adam"
schedule = { type = "cosine", warmup_steps = 3 }
epochs = 3
[callbacks.early_stopping]
patience = 2
[[layers]]
type = "Dense"
units = 10
[[layers]]
type = "Conv2D"
kernel_size = [3, 3]
)";

std::string edited(const std::string& text, const std::string& setting) {
  Result<Setting> parsed = parse_setting(setting);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  Result<std::string> result = with_setting(text, *parsed);
  EXPECT_TRUE(result.ok()) << setting << ": " << result.status().message();
  return result.ok() ? *result : "";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(RecipeEdit, AValueThatIsThereIsReplacedWhereItStands) {
  EXPECT_EQ(edited(kText, "train.epochs=20"), replaced(kText, "epochs = 3", "epochs = 20"));
  EXPECT_EQ(edited(kText, "name = é"), replaced(kText, "\"dé\"", "\"é\""));
  EXPECT_EQ(edited(kText, "data.path=a b.csv"), replaced(kText, "\"x/é.csv\"", "\"a b.csv\""));
  EXPECT_EQ(edited(kText, "data.path='c.csv'"), replaced(kText, "\"x/é.csv\"", "'c.csv'"));
  EXPECT_EQ(edited(kText, "train.schedule.warmup_steps=7"), replaced(kText, "warmup_steps = 3", "warmup_steps = 7"));
  EXPECT_EQ(edited(kText, "train.optimizer={ type = \"sgd\" }"), replaced(kText, "\"adam\"", "{ type = \"sgd\" }"));
  EXPECT_EQ(edited(kText, "layers[0].units=64"), replaced(kText, "units = 10", "units = 64"));
  EXPECT_EQ(edited(kText, "model.layers[1].kernel_size[1]=5"), replaced(kText, "[3, 3]", "[3, 5]"));
  EXPECT_EQ(edited(kText, "callbacks.early_stopping.patience=9"), replaced(kText, "patience = 2", "patience = 9"));
}

TEST(RecipeEdit, ANewKeyComesIntoItsTable) {
  EXPECT_EQ(edited(kText, "train.batch_size=8"), replaced(kText, "# how\n", "# how\nbatch_size = 8\n"));
  EXPECT_EQ(edited(kText, "train.schedule.end=0.1"), replaced(kText, "{ type", "{ end = 0.1, type"));
  EXPECT_EQ(edited(kText, "data.columns.\"my day\"=date"), replaced(kText, "{ zip", "{ \"my day\" = \"date\", zip"));
  EXPECT_EQ(edited(kText, "train.optimizer.learning_rate=0.01"),
            replaced(kText, "\"adam\"", "{ type = \"adam\", learning_rate = 0.01 }"));
  EXPECT_EQ(
      edited(kText, "layers[1].filters=4"),
      replaced(kText, "\"Conv2D\"", "\"Conv2D\"").replace(std::string(kText).rfind("type ="), 0, "filters = 4\n"));
  EXPECT_EQ(edited(kText, "seed=4"), "seed = 4\n" + std::string(kText));
  EXPECT_EQ(edited(kText, "callbacks.csv_log=a.csv"), std::string(kText) + "\n[callbacks]\ncsv_log = \"a.csv\"\n");
  EXPECT_EQ(edited(kText, "train.loss.class_weight=balanced"),
            replaced(kText, "# how\n", "# how\nloss.class_weight = \"balanced\"\n"));
  EXPECT_EQ(edited("[model]\nlayers = [{}]", "model.layers[0].type=Dense"), "[model]\nlayers = [{ type = \"Dense\" }]");
}

TEST(RecipeEdit, WhatIsInTheWayIsSaid) {
  auto refusal = [](const std::string& setting) {
    Result<Setting> parsed = parse_setting(setting);
    return parsed.ok() ? with_setting(kText, *parsed).status().message() : parsed.status().message();
  };
  EXPECT_THAT(refusal("train.epochs"), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(refusal("=3"), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(refusal("layers[7].units=3"), HasSubstr("layers has 2 entries, counted from 0; there is no 7"));
  EXPECT_THAT(refusal("train[0]=3"), HasSubstr("train is no list; it has no element 0"));
  EXPECT_THAT(refusal("train.epochs.x=3"), HasSubstr("train.epochs is no table; it has no key \"x\""));
  EXPECT_THAT(refusal("train={}"), HasSubstr("train is a table of its own; set one of its keys"));
  EXPECT_THAT(refusal("layers=[]"), HasSubstr("layers is a table of its own"));
  for (const char* bad : {"a b=1", "a..b=1", ".a=1", "a[=1", "a[-1]=1", "a[x]=1", "[0]=1", "a.\"b=1", "a[0]b=1"}) {
    EXPECT_THAT(refusal(bad), HasSubstr("expected a key such as")) << bad;
  }
}

TEST(RecipeEdit, PathsMeanTheSameFromAnywhere) {
  const std::string text = "[data]\npath = \"../a.csv\"  # é\ntest_path = \"/b.csv\"\n[model]\nfile = 'm.onnx'\n";
  EXPECT_EQ(*with_absolute_paths(text, "/home/me/recipes"),
            "[data]\npath = \"/home/me/a.csv\"  # é\ntest_path = \"/b.csv\"\n[model]\nfile = "
            "\"/home/me/recipes/m.onnx\"\n");
}

TEST(RecipeEdit, EveryValueHasAKey) {
  const std::map<std::string, std::string> values = *recipe_values(kText);
  EXPECT_EQ(values.size(), 12u);
  EXPECT_EQ(values.at("train.epochs"), "3");
  EXPECT_EQ(values.at("train.optimizer.type"), "\"adam\"");
  EXPECT_EQ(values.at("data.columns.zip"), "\"category\"");
  EXPECT_EQ(values.at("layers[1].kernel_size"), "[3, 3]");
  EXPECT_EQ(values.at("callbacks.early_stopping.patience"), "2");
}

TEST(RecipeEdit, AnErrorIsSaidOfItsSetting) {
  const std::vector<Setting> settings = {{"train.epochs", "x"}, {"train.optimizer.learning_rat", "1"}};
  EXPECT_EQ(at_setting(settings, invalid("r.toml:7: unknown key \"train.optimizer.learning_rat\"; did you mean "
                                         "learning_rate?"))
                .message(),
            "--set train.optimizer.learning_rat=1: unknown key \"train.optimizer.learning_rat\"; did you mean "
            "learning_rate?");
  EXPECT_EQ(at_setting(settings, invalid("r.toml:2: data.path: none")).message(), "r.toml:2: data.path: none");
}

}  // namespace
}  // namespace slipway::train
