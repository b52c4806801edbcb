// Kept runs: what a training leaves in its folder, whether it ends well, is interrupted, or cannot write its model.
#include <algorithm>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "support/folder_test.h"
#include "support/program.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// Many short steps, and a learning rate that soon learns the training data by heart.
constexpr const char* kRecipe = R"(name = "toy"
[data]
kind = "digits"
examples = 400
test_examples = 60
validation_split = 0.25
[model]
layers = [{{ type = "Flatten" }}, {{ type = "Dense", units = 24, activation = "relu" }},
          {{ type = "Dropout", rate = 0.2 }}, {{ type = "Dense", units = 10, activation = "softmax" }}]
[train]
optimizer = {{ type = "adam", learning_rate = 0.004 }}
epochs = {}
batch_size = 1
threads = 1
)";

class KeptRuns : public FolderTest {
 protected:
  std::string recipe(int epochs) const { return put("toy.toml", fmt::format(kRecipe, epochs)); }
  Outcome train(std::vector<std::string> words, const std::string& runs = "runs") const {
    words.insert(words.begin(), "train");
    words.insert(words.end(), {"--runs", path(runs)});
    return run_slipway(words);
  }
  Json record(const std::string& run) const { return *Json::parse(bytes_of(run + "/run.json")); }
  std::vector<Json> log(const std::string& run) const {
    std::vector<Json> lines;
    const std::string text = bytes_of(run + "/log.jsonl");
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      lines.push_back(*Json::parse(text.substr(at, end - at)));
      at = end + 1;
    }
    return lines;
  }
  // Until the file is there, or the process is gone.
  static bool appears(const std::string& file, Process& process) {
    while (process.running()) {
      if (fs::exists(file)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return fs::exists(file);
  }
};

TEST_F(KeptRuns, ARunLeavesEverythingAndCanBeRunAgain) {
  const Outcome first = train({recipe(3)});
  ASSERT_EQ(first.exit, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("The run is kept in " + path("runs/toy") + ": model.onnx"));
  EXPECT_THAT(first.err, HasSubstr(" samples/s"));
  for (const char* file : {"model.onnx", "best.safetensors", "last.safetensors", "curves.svg", "recipe.toml"}) {
    EXPECT_TRUE(fs::exists(path("runs/toy/") + file)) << file;
  }
  const std::vector<Json> lines = log("runs/toy");
  ASSERT_EQ(lines.size(), 5u) << "the data, three epochs, the result";
  EXPECT_FALSE(lines[0]["data"].is_null());
  EXPECT_EQ(lines[3]["epoch"].as_int(), 3);
  EXPECT_EQ(record("runs/toy")["status"].as_string(), "finished");
  EXPECT_EQ(record("runs/toy")["parameters"].as_int(), 784 * 24 + 24 + 24 * 10 + 10);
  EXPECT_EQ(record("runs/toy")["metrics"]["test_accuracy"].dump(), lines[4]["result"]["test_accuracy"].dump());
  EXPECT_EQ(run_slipway({"inspect", path("runs/toy/model.onnx")}).exit, 0);
  // The same recipe again is a run of its own, and so is the kept one, which gives the same bytes.
  ASSERT_EQ(train({path("runs/toy")}).exit, 0);
  EXPECT_EQ(bytes_of("runs/toy-2/model.onnx"), bytes_of("runs/toy/model.onnx"));
}

TEST_F(KeptRuns, TheRecipeIsKeptAsItWasRun) {
  ASSERT_TRUE(make_directories(path("recipes")).ok());
  std::string table = "a,b,y\n";
  for (int i = 0; i < 60; ++i) table += fmt::format("{},{},{}\n", i, i * 7 % 5, i % 2 == 0 ? "yes" : "no");
  ASSERT_TRUE(write_file_atomic(path("t.csv"), table).ok());
  ASSERT_TRUE(write_file_atomic(path("recipes/r.toml"),
                                "name = \"tab\" # mine\n[data]\npath = \"../t.csv\"\n[model]\nlayers = [{ type = "
                                "\"Dense\", units = 2, activation = \"softmax\" }]\n[train]\nepochs = 9\n")
                  .ok());
  ASSERT_EQ(train({path("recipes/r.toml"), "--epochs", "2", "--seed", "5"}).exit, 0);
  EXPECT_EQ(
      bytes_of("runs/tab/recipe.toml"),
      "seed = 5\nname = \"tab\" # mine\n[data]\npath = \"" + path("t.csv") +
          "\"\n[model]\nlayers = [{ type = \"Dense\", units = 2, activation = \"softmax\" }]\n[train]\nepochs = 2\n");
}

TEST_F(KeptRuns, TheBestEpochIsTheOneThatIsWritten) {
  const Outcome outcome = train({recipe(14), "--json"});
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  int64_t best = 0;
  double least = 1e9;
  const std::vector<Json> lines = log("runs/toy");
  for (const Json& line : lines) {
    if (!line["epoch"].is_integer() || line["val_loss"].as_double() >= least) continue;
    least = line["val_loss"].as_double();
    best = line["epoch"].as_int();
  }
  const Json& result = lines.back()["result"];
  ASSERT_LT(best, 14) << "this recipe is meant to learn by heart";
  EXPECT_EQ(result["kept_epoch"].as_int(), best);
  EXPECT_EQ(record("runs/toy")["metrics"]["val_loss"].as_double(), least);
  // A run of just so many epochs ends with the same model, and says why in words.
  const Outcome shorter = train({recipe(static_cast<int>(best))});
  EXPECT_EQ(bytes_of("runs/toy-2/model.onnx"), bytes_of("runs/toy/model.onnx"));
  EXPECT_THAT(shorter.out, HasSubstr(fmt::format("Kept: epoch {}, the last and the best by val_loss", best)));
  const Outcome again = train({recipe(14)});
  EXPECT_THAT(again.out, HasSubstr(fmt::format("Kept: epoch {} of 14, the best by val_loss ({:.4f};", best, least)));
}

TEST_F(KeptRuns, AnInterruptedRunGoesOnToTheSameBytes) {
  ASSERT_EQ(train({recipe(24)}, "whole").exit, 0);
  for (int signal : {SIGINT, SIGTERM}) {
    const std::string runs = fmt::format("runs{}", signal);
    Process process({"train", recipe(24), "--runs", path(runs)});
    ASSERT_TRUE(appears(path(runs + "/toy/last.safetensors"), process)) << process.err();
    process.signal(signal);
    EXPECT_EQ(process.wait(), 130) << process.err();
    EXPECT_THAT(process.err(), HasSubstr("interrupted "));
    EXPECT_THAT(process.err(), HasSubstr("to go on:\n  slipway train " + path(runs + "/toy") + " --resume"));
    EXPECT_THAT(process.err(), Not(HasSubstr("error")));
    EXPECT_EQ(record(runs + "/toy")["status"].as_string(), "interrupted");
    const Outcome resumed = run_slipway({"train", path(runs + "/toy"), "--resume"});
    ASSERT_EQ(resumed.exit, 0) << resumed.err;
    EXPECT_EQ(bytes_of(runs + "/toy/model.onnx"), bytes_of("whole/toy/model.onnx"));
    EXPECT_EQ(log(runs + "/toy").size(), 26u) << "every epoch once";
    EXPECT_EQ(record(runs + "/toy")["status"].as_string(), "finished");
  }
}

TEST_F(KeptRuns, AModelThatCannotBeWrittenIsNotLost) {
  ASSERT_TRUE(make_directories(path("gone")).ok());
  Process process({"train", recipe(12), "--runs", path("runs"), "-o", path("gone/m.onnx")});
  ASSERT_TRUE(appears(path("runs/toy/last.safetensors"), process)) << process.err();
  fs::remove_all(path("gone"));
  EXPECT_NE(process.wait(), 0);
  EXPECT_THAT(process.err(), HasSubstr("gone/m.onnx"));
  EXPECT_THAT(process.err(), HasSubstr("The run so far, with its weights, is kept in " + path("runs/toy")));
  const std::vector<std::string> command = {"train", path("runs/toy"), "--resume", "-o", path("gone/m.onnx")};
  EXPECT_THAT(process.err(), HasSubstr(fmt::format("slipway {}", fmt::join(command, " "))));
  ASSERT_TRUE(make_directories(path("gone")).ok());
  const Outcome resumed = run_slipway(command);
  ASSERT_EQ(resumed.exit, 0) << resumed.err;
  EXPECT_THAT(resumed.err, Not(HasSubstr("Epoch "))) << "nothing was left to train";
  ASSERT_EQ(train({recipe(12)}, "whole").exit, 0);
  EXPECT_EQ(bytes_of("gone/m.onnx"), bytes_of("whole/toy/model.onnx"));
}

TEST_F(KeptRuns, QuietTellsTheResultAlone) {
  const Outcome loud = train({recipe(2)}), quiet = train({recipe(2), "--quiet"});
  EXPECT_THAT(loud.err, HasSubstr("Epoch 2/2"));
  EXPECT_EQ(quiet.err, "");
  EXPECT_THAT(quiet.out, HasSubstr("The run is kept in " + path("runs/toy-2")));
  const Outcome json = train({recipe(2), "--quiet", "--json"});
  EXPECT_THAT(json.out, ::testing::StartsWith("{\"result\":"));
  EXPECT_EQ(std::ranges::count(json.out, '\n'), 1);
  EXPECT_EQ(log("runs/toy-3").size(), 4u) << "the log tells all";
}

// With -o and without --runs: nothing beside the model stays.
TEST_F(KeptRuns, WithOutNothingElseStays) {
  const std::string text = fmt::format(kRecipe, 1);
  ASSERT_TRUE(write_file_atomic(path("o.toml"), "name = \"passing-by\"" + text.substr(text.find('\n'))).ok());
  const Outcome outcome = run_slipway({"train", path("o.toml"), "-o", path("m.onnx")});
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(path("m.onnx")));
  EXPECT_FALSE(fs::exists("runs/passing-by"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("kept in")));
}

TEST_F(KeptRuns, ASettingChangesTheRecipeAndRunsAreCompared) {
  ASSERT_EQ(train({recipe(2)}).exit, 0);
  const Outcome set =
      train({recipe(2), "--set", "train.optimizer.learning_rate=0.02", "--set", "model.layers[1].units=8"});
  ASSERT_EQ(set.exit, 0) << set.err;
  std::string expected = bytes_of("runs/toy/recipe.toml");
  expected.replace(expected.find("0.004"), 5, "0.02");
  expected.replace(expected.find("units = 24"), 10, "units = 8");
  EXPECT_EQ(bytes_of("runs/toy-2/recipe.toml"), expected);
  EXPECT_EQ(record("runs/toy-2")["parameters"].as_int(), 784 * 8 + 8 + 8 * 10 + 10);

  auto runs = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "runs");
    words.insert(words.end(), {"--runs", path("runs")});
    return run_slipway(words);
  };
  const Outcome list = runs({"list"});
  EXPECT_THAT(list.out, HasSubstr("val_loss"));
  EXPECT_THAT(list.out, HasSubstr("finished"));
  EXPECT_THAT(list.out, HasSubstr("2/2"));
  EXPECT_THAT(list.out, HasSubstr("19,090"));
  const Json listed = (*Json::parse(runs({"list", "--json"}).out))["runs"];
  ASSERT_EQ(listed.items().size(), 2u);
  EXPECT_EQ(listed.items()[1]["name"].as_string(), "toy-2");
  const Json compared = *Json::parse(runs({"compare", "toy", path("runs/toy-2"), "--json"}).out);
  EXPECT_EQ(compared["recipe"].dump(),
            R"({"model.layers[1].units":["24","8"],"train.optimizer.learning_rate":["0.004","0.02"]})");
  EXPECT_THAT(runs({"compare", "toy", "toy-2"}).out, HasSubstr("train.optimizer.learning_rate"));
  const Json best = *Json::parse(runs({"best", "--by", "test_accuracy", "--json"}).out);
  const double a = listed.items()[0]["metrics"]["test_accuracy"].as_double();
  const double b = listed.items()[1]["metrics"]["test_accuracy"].as_double();
  EXPECT_EQ(best["metrics"]["test_accuracy"].as_double(), std::max(a, b));
  EXPECT_TRUE(fs::exists(best["model"].as_string()));
  ASSERT_EQ(runs({"plot", "-o", path("both.svg")}).exit, 0);
  EXPECT_THAT(bytes_of("both.svg"), HasSubstr(">toy-2, kept: epoch "));

  EXPECT_THAT(runs({"compare", "toy-3"}).err, HasSubstr("no run \"toy-3\""));
  EXPECT_THAT(runs({"best", "--by", "test_acuracy"}).err, HasSubstr("did you mean test_accuracy?"));
  const Outcome unknown = train({recipe(2), "--set", "train.optimizer.learning_rat=1"});
  EXPECT_EQ(unknown.exit, 2);
  EXPECT_THAT(unknown.err, HasSubstr("--set train.optimizer.learning_rat=1: "));
  EXPECT_THAT(unknown.err, HasSubstr("did you mean learning_rate?"));
  EXPECT_THAT(train({recipe(2), "--set", "model.layers[1].unit=1"}).err, HasSubstr("did you mean units?"));
  EXPECT_THAT(train({recipe(2), "--set", "trian.epochs=1"}).err, HasSubstr("did you mean train?"));
  EXPECT_THAT(train({recipe(2), "--set", "train.epochs=many"}).err, HasSubstr("expected a whole number, found text"));
  EXPECT_FALSE(fs::exists(path("runs/toy-3")));
}

}  // namespace
}  // namespace slipway
