// A model that is trained anew on later data, whose categories and scales are others, beside the one that serves.
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/random.h"
#include "cli/http_client.h"
#include "store/store.h"
#include "support/folder_test.h"
#include "support/program.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kRecipe = R"(name = "tariff"
[data]
kind = "csv"
path = "table.csv"
target = "high"
[model]
layers = [{ type = "Dense", units = 16, activation = "relu" }, { type = "Dense", units = "classes", activation = "softmax" }]
[train]
loss = "sparse_categorical_crossentropy"
optimizer = { type = "adam", learning_rate = 0.01 }
epochs = 40
threads = 1
)";

// The last of four towns has high tariffs, and so has who uses much. `wrong`: a third of the answers is made up.
std::string table(const std::vector<std::string>& towns, bool wrong, uint64_t seed) {
  Random random(seed);
  std::string text = "town,use,high\n";
  for (int i = 0; i < 1200; ++i) {
    const uint64_t town = random.below(4);
    const double use = 100 * random.uniform();
    const bool high = town == 3 || use > 70;
    const bool told = wrong && random.below(3) == 0 ? !high : high;
    text += fmt::format("{},{:.1f},{}\n", towns[town], use, told ? "yes" : "no");
  }
  return text;
}

class Retraining : public FolderTest {
 protected:
  Retraining() { put("r.toml", kRecipe); }

  void train(const std::string& data) {
    put("table.csv", data);
    const Outcome done = run_slipway({"train", path("r.toml"), "--store", store().string()});
    ASSERT_EQ(done.exit, 0) << done.err;
  }
  fs::path store() const { return folder_.path() / "store"; }
  int64_t production() { return Store::open(store()).value().state("tariff").value().production; }
  void ask(HttpClient& client, const std::vector<std::string>& towns, int times) {
    for (const int end = asked_ + times; asked_ < end; ++asked_) {
      const std::string body = fmt::format(R"({{"instances":[{{"town":"{}","use":{:.1f}}}]}})",
                                           towns[static_cast<size_t>(asked_ % 4)], asked_ * 37 % 1000 / 10.0);
      const Result<HttpReply> reply = client.post("/v1/models/tariff:predict", body);
      ASSERT_TRUE(reply.ok() && reply->status == 200);
    }
  }
  // How version 2 does beside version 1, once that is known.
  std::string verdict(HttpClient& client, const std::vector<std::string>& towns) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      ask(client, towns, 10);
      const Json all = Json::parse(client.get("/v1/diagnosis").value().body).value();
      for (const Json& v : all["diagnosis"]["versions"].items()) {
        const std::string& known = v["verdict"].as_string();
        if (v["version"].as_int() == 2 && !known.empty() && known != "gathering") return known;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return "none";
  }

  int asked_ = 0;  // a thousand different rows come in turns
};

const std::vector<std::string> kBefore = {"Bonn", "Köln", "Trier", "Ulm"};
const std::vector<std::string> kAfter = {"Aachen", "Bonn", "Köln", "Ulm"};  // the same width, another order

TEST_F(Retraining, AVersionThatLearnedOtherCategoriesIsJudgedByRawDataAndStays) {
  train(table(kBefore, false, 1));
  ServerProcess server(store(), {"--poll-ms", "20"});
  HttpClient client(fmt::format("http://127.0.0.1:{}", server.port()));
  ask(client, kBefore, 40);
  train(table(kAfter, false, 2));
  // "equal", or "unknown" where chance made it a little less good.
  EXPECT_THAT(verdict(client, kAfter), ::testing::AnyOf("equal", "unknown"));
  const std::string told = run_slipway({"doctor", fmt::format("127.0.0.1:{}", server.port())}).out;
  const std::string words = "right on ";
  ASSERT_THAT(told, HasSubstr(words));
  EXPECT_GT(std::stod(told.substr(told.find(words) + words.size())), 90)
      << "tensors of the other version mean something else to it\n"
      << told;
  EXPECT_EQ(production(), 2);
}

TEST_F(Retraining, AWorseOneIsProvedWorse) {
  train(table(kBefore, false, 1));
  ServerProcess server(store(), {"--poll-ms", "20"});
  HttpClient client(fmt::format("http://127.0.0.1:{}", server.port()));
  ask(client, kBefore, 40);
  train(table({"Ulm", "Aachen", "Bonn", "Köln"}, true, 2));
  EXPECT_EQ(verdict(client, kAfter), "worse")
      << run_slipway({"doctor", fmt::format("127.0.0.1:{}", server.port())}).out;
}

TEST_F(Retraining, AModelOfOtherColumnsDoesNotTakeOverProduction) {
  train(table(kBefore, false, 1));
  std::string other = table(kBefore, false, 1);
  for (size_t at = other.find("use"); at != std::string::npos; at = other.find("use", at + 3))
    other.replace(at, 3, "kwh");
  const std::string file = path("other.onnx"), root = store().string();
  put("table.csv", other);
  ASSERT_EQ(run_slipway({"train", path("r.toml"), "-o", file}).exit, 0);
  const Outcome published = run_slipway({"publish", file, root, "tariff"});
  EXPECT_EQ(published.exit, 0) << published.err;
  EXPECT_THAT(published.out, HasSubstr("version 1 stays in production, since version 2 would refuse"));
  EXPECT_THAT(published.out, HasSubstr("\"kwh\" is new to it"));
  EXPECT_EQ(production(), 1);
  EXPECT_EQ(run_slipway({"publish", file, root, "by_kwh"}).exit, 0);
  const Outcome again = run_slipway({"train", path("r.toml"), "--store", root});
  EXPECT_THAT(again.out, HasSubstr("version 1 stays in production"));
  EXPECT_EQ(production(), 1);
}

TEST_F(Retraining, VerbsTakeAModelOfTheStoreByItsName) {
  train(table(kBefore, false, 1));
  const std::string root = store().string(), model = root + "/tariff";
  EXPECT_EQ(run_slipway({"inspect", model}).exit, 0);
  EXPECT_EQ(run_slipway({"bench", model + "/1", "--seconds", "0.01"}).exit, 0);
  const Outcome converted = run_slipway({"convert", model, path("t.tflite")});
  EXPECT_EQ(converted.exit, 0) << converted.err;
  EXPECT_THAT(converted.out, HasSubstr("no room for how raw data is prepared"));
  EXPECT_THAT(converted.out, HasSubstr("its classes, in order: no, yes"));
  EXPECT_THAT(run_slipway({"inspect", root}).err, HasSubstr("is a store; say which model is meant: tariff"));
  EXPECT_THAT(run_slipway({"inspect", root + "/tarif"}).err, HasSubstr("has no model \"tarif\"; did you mean tariff?"));
  EXPECT_THAT(run_slipway({"inspect", model + "/7"}).err, HasSubstr("model \"tariff\" has no version 7; it has 1"));
}

TEST_F(Retraining, FineTuningTakesItsDataFromElsewhereButNotOtherData) {
  train(table(kBefore, false, 1));
  fs::rename(folder_.path() / "table.csv", folder_.path() / "moved.csv");
  const std::string model = store().string() + "/tariff", out = path("small.onnx");
  const std::string recipe = path("r.toml");
  const std::vector<std::string> words = {"optimize", model, out, "--prune", "0.2", "--finetune", recipe};
  EXPECT_THAT(run_slipway(words).err, HasSubstr("r.toml:4: ")) << "where the recipe says that the data is";
  auto with = [&](const std::string& data) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"--data", path(data), "--force"});
    return run_slipway(all);
  };
  EXPECT_EQ(with("moved.csv").exit, 0);
  put("later.csv", table(kAfter, false, 2));
  EXPECT_THAT(with("later.csv").err, HasSubstr("teaches other categories, fill-ins or scaling"));
}

}  // namespace
}  // namespace slipway
