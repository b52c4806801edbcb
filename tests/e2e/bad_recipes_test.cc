// Bad recipes and bad checkpoints: every mistake is named by file, line and key, and costs nothing that was there.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/bad_input.h"
#include "support/folder_test.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDigits = "kind = \"digits\"\nexamples = 40\ntest_examples = 10";
constexpr const char* kGood = R"(name = "tiny"
[data]
kind = "digits"
examples = 40
test_examples = 10
validation_split = 0.2
[model]
layers = [
  { type = "Flatten" },
  { type = "Dense", units = 8, activation = "relu" },
  { type = "Dense", units = 10, activation = "softmax" },
]
[train]
optimizer = "adam"
epochs = 2
batch_size = 8
)";

class BadRecipes : public FolderTest {
 protected:
  // The good recipe with `from` replaced by `to`, in r.toml.
  std::string recipe(std::string_view from, std::string_view to) {
    std::string text = kGood;
    size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return put("r.toml", text.replace(at, from.size(), to));
  }
};

TEST_F(BadRecipes, EveryMistakeIsNamedByLineAndKey) {
  struct Row {
    const char* from;
    const char* to;
    std::vector<std::string> says;
  };
  const Row rows[] = {
      {"\"tiny\"", "\"tiny", {"r.toml:1:", "not TOML"}},
      {"\"tiny\"", "tiny", {"r.toml:1:", "not TOML", "text stands in quotes"}},
      {"epochs = 2", "epochs = ", {"r.toml:15:", "not TOML", "expected value"}},
      {"epochs", "epocs", {"r.toml:15: unknown key \"train.epocs\"", "did you mean epochs?"}},
      {"[train]", "[trian]", {"r.toml:13: unknown key \"trian\"", "did you mean train?"}},
      {"[model]", "model = 3\n[x]", {"r.toml:8: unknown key \"x\""}},
      {"epochs = 2", "epochs = \"two\"", {"r.toml:15: train.epochs", "expected a whole number", "found text"}},
      {"epochs = 2", "epochs = 0", {"r.toml:15: train.epochs", "expected at least 1", "found 0"}},
      {"epochs = 2", "epochs = -3", {"r.toml:15: train.epochs", "expected at least 1", "found -3"}},
      {"epochs = 2", "epochs = 1.5", {"r.toml:15: train.epochs", "expected a whole number", "found a number"}},
      {"epochs = 2", "epochs = 99999999999999999999", {"r.toml:15:", "64 bits"}},
      {"batch_size = 8", "batch_size = 0", {"r.toml:16: train.batch_size", "at least 1", "found 0"}},
      {"batch_size = 8", "batch_size = -1", {"r.toml:16: train.batch_size", "at least 1", "found -1"}},
      {"batch_size = 8", "threads = 100000", {"r.toml:16: train.threads", "at most 1024", "found 100000"}},
      {"= 0.2", "= 1.5", {"r.toml:6: data.validation_split", "expected a fraction in [0, 1)", "found 1.5"}},
      {"= 0.2", "= nan", {"r.toml:6: data.validation_split", "expected a finite number", "found nan"}},
      {"= 0.2", "= -1", {"r.toml:6: data.validation_split", "expected a fraction", "found -1"}},
      {"= 0.2", "= 0.0001", {"holding out 0.0001 of 40 examples", "give more data or another fraction"}},
      {"examples = 40", "examples = 0", {"r.toml:4: data.examples", "expected at least 1", "found 0"}},
      {"examples = 40", "examples = 999999999999", {"r.toml:4: data.examples", "at most", "found 999999999999"}},
      {"\"Flatten\"", "\"Flaten\"", {"r.toml:9:", "layer 1", "\"Flaten\" is not known", "did you mean Flatten?"}},
      {"units = 8", "unitz = 8", {"r.toml:10:", "layer 2", "\"unitz\"", "did you mean units?"}},
      {"units = 8", "units = [[8]]", {"r.toml:10:", "units", "expected"}},
      {"units = 8",
       "units = 0",
       {"r.toml:10: layer 2 (Dense)", "\"units\": expected a whole number from 1", "found 0"}},
      {"units = 8", "units = -8", {"r.toml:10: layer 2 (Dense)", "from 1 to", "found -8"}},
      {"units = 8", "units = \"8\"", {"r.toml:10: layer 2 (Dense)", "whole number", "found \"8\""}},
      {"units = 8", "units = 8.5", {"r.toml:10: layer 2 (Dense)", "whole number", "found 8.5"}},
      {"units = 8", "units = 1000000000000", {"r.toml:10: layer 2 (Dense)", "found 1000000000000"}},
      {"units = 8, ", "", {"r.toml:10: layer 2 (Dense)", "\"units\"", "found none; add it"}},
      {"\"relu\"", "\"rleu\"", {"r.toml:10: layer 2 (Dense)", "\"rleu\" is not known", "relu"}},
      {"{ type = \"Flatten\" },", "", {"1 label value(s) per example", "with 28", "a Flatten before Dense?"}},
      {"\"Flatten\" }",
       "\"Conv2D\", filters = 2, kernel_size = [99, 99] }",
       {"r.toml:9: layer 1 (Conv2D)", "does not fit", "smaller kernel_size"}},
      {"\"Flatten\" }", "\"Reshape\", target_shape = [3, 5] }", {"r.toml:9: layer 1 (Reshape)"}},
      {"\"Flatten\" }", "\"Dropout\", rate = 1.5 }", {"layer 1 (Dropout)", "expected a number in [0, 1)", "found 1.5"}},
      {"units = 10", "units = 5", {"the data has 10 classes", "5", "give the last layer 10 units"}},
      {"\"adam\"",
       "\"adm\"",
       {"r.toml:14: train.optimizer.type", "\"adm\" is not known", "did you mean adam?", "rmsprop, sgd"}},
      {"\"adam\"", "3", {"r.toml:14: train.optimizer", "expected a table", "found a whole number"}},
      {"\"adam\"", "{ type = \"adam\", learning_rate = nan }", {"r.toml:14: train.optimizer.learning_rate", "finite"}},
      {"\"adam\"", "{ type = \"adam\", learning_rate = -1 }", {"r.toml:14:", "learning_rate is -1", "[0, 1000000]"}},
      {"optimizer = \"adam\"",
       "loss = \"hinje\"",
       {"r.toml:14: train.loss", "\"hinje\" is not known", "did you mean hinge?"}},
      {"optimizer = \"adam\"", "loss = \"mean_squared_error\"", {"1 label value(s)", "check the last layer"}},
      {"optimizer = \"adam\"", "metrics = [\"f9\"]", {"r.toml:14: train.metrics", "\"f9\" is not known", "f1"}},
      {"optimizer = \"adam\"",
       "schedule = \"stp\"",
       {"r.toml:14: train.schedule.type", "\"stp\" is not known", "did you mean step?"}},
      {"\"digits\"", "\"nums\"", {"r.toml:3: data.kind", "expected one of", "found \"nums\""}},
      {kDigits,
       "kind = \"mnist\"\npath = \"nowhere\"",
       {"r.toml:4: ", "nowhere", "four IDX files", "found none", "give their folder"}},
      {kDigits, "path = \"nowhere.csv\"", {"r.toml:3: ", "nowhere.csv", "No such file", "check the path"}},
      {"kind = \"digits\"", "kind = \"mnist\"", {"r.toml:4: data.examples", "no such key", "it belongs to digits"}},
      {"[data]\nkind = \"digits\"\nexamples = 40\ntest_examples = 10\nvalidation_split = 0.2\n",
       "",
       {"r.toml: expected a table [data]", "found none"}},
      {"[model]", "[modl]", {"r.toml:7: unknown key \"modl\"", "did you mean model?"}},
      {"optimizer = \"adam\"",
       "loss = \"crossentropy\"",
       {"r.toml:14: train.loss", "may be sparse_categorical_crossentropy", "name one"}},
  };
  for (const Row& row : rows) {
    std::string file = recipe(row.from, row.to);
    Outcome outcome = run_slipway({"train", file});
    EXPECT_TRUE(outcome.exit >= 1 && outcome.exit <= 3) << row.to << ": " << outcome.exit;
    expect_refused({{"train", file}, outcome.exit, row.says});
  }
}

TEST_F(BadRecipes, WhatIsNoRecipe) {
  expect_refused({{"train", path("none.toml")}, 3, {"none.toml", "No such file", "check the path"}});
  expect_refused({{"train", folder_.path().string()}, 2, {"Is a directory", "a file is expected"}});
  expect_refused({{"train", put("e.toml", "")}, 2, {"e.toml", "expected either layers or file in [model]"}});
  expect_refused({{"train", put("b.toml", "\xff\xfe\x01\x02 = 3")}, 2, {"b.toml:1:", "not TOML"}});
  std::string deep = "x = " + std::string(100'000, '[');
  expect_refused({{"train", put("deep.toml", deep)}, 2, {"deep.toml:1:", "not TOML"}});
}

TEST_F(BadRecipes, BadFlags) {
  std::string good = put("good.toml", kGood);
  const BadInput rows[] = {
      {{"train", good, "--epochs", "0"}, 2, {"--epochs: expected a number above 0, found '0'", "--help"}},
      {{"train", good, "--epochs", "many"}, 2, {"--epochs: expected a number above 0, found 'many'"}},
      {{"train", good, "--threads", "100000"}, 2, {"--threads", "[0 - 1024]", "found '100000'"}},
      {{"train", good, "--seed", "-4"}, 2, {"--seed: expected a number of at least 0, found '-4'"}},
      {{"train", good, "--epoch", "3"}, 2, {"unknown option --epoch", "did you mean --epochs?"}},
      {{"train"}, 2, {"RECIPE is required", "--help"}},
  };
  for (const BadInput& row : rows) expect_refused(row);
}

// An hour of training must not end in a message about the disk.
TEST_F(BadRecipes, DestinationsAreCheckedBeforeTheTraining) {
  std::string good = put("good.toml", kGood);
  auto named = [&](const char* file, const char* name) {
    return put(file, std::string(kGood).replace(0, std::string("name = \"tiny\"").size(), name));
  };
  const BadInput rows[] = {
      {{"train", good, "-o", path("none/m.onnx")}, 3, {"none", "No such file or directory", "make the folder"}},
      {{"train", good, "-o", path("m.h5")}, 2, {"m.h5", "extension", ".onnx"}},
      {{"train", good, "--store", good}, 2, {"good.toml", "expected a folder, found a file"}},
      {{"train", named("a.toml", "name = \"../evil\""), "--store", path("s")},
       2,
       {"a.toml", "\"../evil\"", "A-Z a-z 0-9"}},
      {{"train", named("b.toml", "name = \"\""), "--store", path("s")}, 2, {"b.toml", "model \"\"", "A-Z a-z 0-9"}},
  };
  for (const BadInput& row : rows) {
    expect_refused(row);
    EXPECT_EQ(run_slipway(row.words).err.find("Epoch"), std::string::npos) << "it trained first";
  }
  EXPECT_FALSE(fs::exists(path("evil")));
}

TEST_F(BadRecipes, ResumingFromWhatIsNoCheckpointOfThisRun) {
  std::string good = put("good.toml", kGood);
  std::string keep = path("keep");
  ASSERT_EQ(run_slipway({"train", good, "--checkpoints", keep, "--runs", path("runs")}).exit, 0);
  std::string whole = *read_file(keep + "/last.safetensors");
  auto resume = [&](int exit, std::vector<std::string> says, const std::string& recipe_file) {
    std::map<std::string, std::string> before = contents(keep);
    expect_refused({{"train", recipe_file, "--checkpoints", keep, "--resume"}, exit, std::move(says)});
    EXPECT_EQ(contents(keep), before) << "a refused resume changed the checkpoints";
  };
  for (size_t part = 0; part < 16; part += 3) {
    put("keep/last.safetensors", whole.substr(0, whole.size() * part / 16));
    resume(4, {"last.safetensors", "bytes", "train anew without --resume"}, good);
  }
  put("keep/last.safetensors", std::string(5000, '\x17'));
  resume(4, {"last.safetensors", "cut short or of another kind", "train anew"}, good);
  put("keep/last.safetensors", whole);
  resume(2, {"last.safetensors", "other options", "expected seed 1", "resume with the recipe"},
         recipe("batch_size = 8", "batch_size = 4"));
  resume(2, {"last.safetensors", "another model", "expected float32[784, 9], found float32[784, 8]", "with the recipe"},
         recipe("units = 8", "units = 9"));
  expect_refused({{"train", good, "--resume"}, 2, {"nothing to resume from", "--checkpoints DIR"}});
  expect_refused(
      {{"train", good, "--resume", "--checkpoints", path("no")}, 3, {"no/last.safetensors", "No such file"}});
  Outcome resumed = run_slipway({"train", good, "--checkpoints", keep, "--resume", "--runs", path("runs")});
  EXPECT_EQ(resumed.exit, 0) << resumed.err;
}

}  // namespace
}  // namespace slipway
