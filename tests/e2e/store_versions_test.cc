// Versions come and go: deleting, retaining, exporting and comparing them, under a running server too.
#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "store/store.h"
#include "support/live_server.h"
#include "support/program.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::Client;
using ::testing::HasSubstr;
using ::testing::Not;

// y = factor x.
Graph times(float factor) {
  Graph graph;
  Builder b(graph, all_operators());
  const ValueId x = graph.add_input("x", DType::f32, Dims{Dim::named("batch"), 1});
  graph.outputs = {b.mul(x, b.scalar(factor))};
  graph.rename(graph.outputs[0], "y");
  return graph;
}

class StoreVersions : public ::testing::Test {
 protected:
  StoreVersions() {
    for (float factor : {1.f, 2.f, 3.f, 4.f}) publish_graph(root(), "m", times(factor));
  }
  fs::path root() const { return folder_.path() / "store"; }
  Outcome store(std::vector<std::string> words) const {
    words.insert(words.begin(), "store");
    words.insert(words.begin() + 2, root().string());
    return run_slipway(words);
  }
  std::vector<int64_t> versions() const { return *(*Store::open(root())).versions("m"); }
  TemporaryDirectory folder_;
};

TEST_F(StoreVersions, DeletingSparesWhatIsLive) {
  for (const char* live : {"4", "3"}) {
    const Outcome refused = store({"delete", "m", live});
    EXPECT_EQ(refused.exit, 1);
    EXPECT_THAT(refused.err, HasSubstr("--force"));
  }
  EXPECT_THAT(store({"delete", "m", "4"}).err, HasSubstr("version 4 is in production"));
  EXPECT_THAT(store({"delete", "m", "3"}).err, HasSubstr("version 3 is where a rollback would go"));
  EXPECT_THAT(store({"delete", "m", "9"}).err, HasSubstr("has no version 9; it has 1, 2, 3, 4"));
  EXPECT_EQ(store({"delete", "m", "1"}).exit, 0);
  EXPECT_EQ(versions(), (std::vector<int64_t>{2, 3, 4}));
  EXPECT_FALSE(fs::exists(root() / "m" / "1"));
  ASSERT_EQ(store({"delete", "m", "3", "4", "--force"}).exit, 0);
  EXPECT_EQ(versions(), (std::vector<int64_t>{2}));
  EXPECT_EQ((*Store::open(root())).state("m")->production, 0);
  publish_graph(root(), "m", times(5));
  EXPECT_EQ(versions(), (std::vector<int64_t>{2, 5})) << "a number is never given out again";
  EXPECT_EQ(store({"verify"}).exit, 0);
}

TEST_F(StoreVersions, RetainKeepsTheNewestAndTheLive) {
  EXPECT_EQ(store({"retain", "m"}).exit, 2);
  EXPECT_EQ(store({"retain", "m", "--older-than", "soon"}).exit, 2);
  ASSERT_EQ(store({"promote", "m", "1"}).exit, 0);  // production 1, back to 4
  const Outcome dry = store({"retain", "--keep", "1", "--dry-run"});
  EXPECT_THAT(dry.out, HasSubstr("WOULD BE DELETED"));
  EXPECT_THAT(dry.out, HasSubstr("2, 3"));
  EXPECT_EQ(versions().size(), 4u);
  EXPECT_EQ(store({"retain", "m", "--keep", "1", "--older-than", "30d"}).exit, 0);
  EXPECT_EQ(versions().size(), 4u) << "all are young";
  const Json told = *Json::parse(store({"retain", "m", "--keep", "1", "--json"}).out);
  EXPECT_EQ(told["models"].items()[0]["deleted"].dump(), "[2,3]");
  EXPECT_EQ(versions(), (std::vector<int64_t>{1, 4}));
}

TEST_F(StoreVersions, AnExportStandsForItself) {
  const std::string out = (folder_.path() / "out").string();
  ASSERT_EQ(store({"export", "m", "2", "-o", out}).exit, 0);
  const std::string card = *read_file(out + "/README.md");
  EXPECT_THAT(card, HasSubstr("# m version 2"));
  EXPECT_THAT(card, HasSubstr("- `x` float32[batch, 1]"));
  EXPECT_THAT(card, HasSubstr("it was not tested"));
  EXPECT_EQ(*read_file(out + "/model.onnx"), *read_file(root() / "m/2/model.onnx"));
  EXPECT_EQ(std::system(fmt::format("cd '{}' && sha256sum -c --quiet SHA256SUMS", out).c_str()), 0);
  EXPECT_EQ(run_slipway({"inspect", out + "/model.onnx"}).exit, 0);
  EXPECT_THAT(store({"export", "m", "-o", out}).err, HasSubstr("is there already"));
}

TEST_F(StoreVersions, DiffSaysWhatSetsTwoApart) {
  const Outcome same = store({"diff", "m", "1", "1"});
  EXPECT_THAT(same.out, HasSubstr("graph: nothing differs"));
  const Json told = *Json::parse(store({"diff", "m", "1", "2", "--json"}).out);
  EXPECT_EQ(told["versions"].dump(), "[1,2]");
  EXPECT_TRUE(told["graph"].is_null()) << "one operator, one input, one output in both";
  EXPECT_FALSE(told["weights"].is_null());
}

// The best of what is left answers, whoever asks meanwhile; a model that is gone is not found; the server lives.
TEST_F(StoreVersions, WhatIsDeletedUnderAServerIsUnloaded) {
  ServerProcess server(root(), {"--poll-ms", "50", "--no-monitor"});
  ASSERT_NE(server.port(), 0) << server.err();
  std::atomic<bool> over{false};
  std::atomic<int64_t> bad{0}, good{0};
  std::thread client([&] {
    Client connection(server.port());
    while (!over) {
      const auto reply = connection.post("/v1/models/m:predict", R"({"inputs":[[10]]})");
      (reply.status == 200 ? good : bad) += 1;
    }
  });
  auto answer = [&] { return Client(server.port()).post("/v1/models/m:predict", R"({"inputs":[[10]]})"); };
  auto comes_to = [&](auto wanted) {
    for (int i = 0; i < 600; ++i) {
      if (wanted()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  };
  EXPECT_THAT(answer().body, HasSubstr("40.0"));
  ASSERT_EQ(store({"delete", "m", "4", "--force"}).exit, 0);
  EXPECT_TRUE(comes_to([&] { return answer().body.find("30.0") != std::string::npos; }))
      << answer().body << server.err();
  EXPECT_THAT(server.err(), HasSubstr("version 4 is unloaded"));
  over = true;
  client.join();
  EXPECT_EQ(bad, 0) << "no request saw the change";
  EXPECT_GT(good, 0);
  ASSERT_EQ(store({"delete", "m", "1", "2", "3", "--force"}).exit, 0);
  EXPECT_TRUE(comes_to([&] { return answer().status == 404; })) << answer().body;
  EXPECT_TRUE(server.running());
  EXPECT_EQ(server.stop(), 0);
}

constexpr const char* kRecipe = R"(name = "m"
[data]
path = "t.csv"
test_fraction = {}
[model]
layers = [{{ type = "Dense", units = 2, activation = "softmax" }}]
[train]
epochs = 2
)";

// A version knows where its data was, and one without a test does not take production.
TEST_F(StoreVersions, AVersionIsTrainedAgainFromTheStore) {
  auto put = [&](const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file_atomic(folder_.path() / name, text).ok());
    return (folder_.path() / name).string();
  };
  std::string table = "a,b,y\n";
  for (int i = 0; i < 80; ++i) table += fmt::format("{},{},{}\n", i, i * 7 % 5, i % 2 == 0 ? "yes" : "no");
  put("t.csv", table);
  const std::string runs = (folder_.path() / "runs").string(), models = (folder_.path() / "models").string();
  auto train = [&](const std::string& recipe, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"train", recipe, "--store", models, "--runs", runs};
    words.insert(words.end(), more.begin(), more.end());
    return run_slipway(words);
  };
  ASSERT_EQ(train(put("r.toml", fmt::format(kRecipe, 0.25))).exit, 0);
  const Outcome again = train(models + "/m/1");
  ASSERT_EQ(again.exit, 0) << again.err;
  const Store store = *Store::open(models);
  EXPECT_EQ(store.state("m")->production, 2);
  EXPECT_EQ(*store.read("m", 1, "model.onnx"), *store.read("m", 2, "model.onnx"));
  const std::string untested = put("u.toml", fmt::format(kRecipe, 0));
  const Outcome stays = train(untested);
  EXPECT_THAT(stays.out,
              HasSubstr("version 2 stays in production, since version 3 was not tested; to promote it: slipway "
                        "store promote " +
                        models + " m 3"));
  EXPECT_EQ(store.state("m")->production, 2);
  ASSERT_EQ(train(untested, {"--promote"}).exit, 0);
  EXPECT_EQ(store.state("m")->production, 4);
  const Outcome file = run_slipway({"publish", models + "/m/1/model.onnx", models, "m"});
  EXPECT_THAT(file.out, HasSubstr("version 4 stays in production"));
  EXPECT_EQ(store.state("m")->production, 4);
  const Outcome judged =
      run_slipway({"publish", models + "/m/1/model.onnx", models, "m", "--data", put("t.csv", table)});
  EXPECT_EQ(judged.exit, 0) << judged.err;
  EXPECT_EQ(store.state("m")->production, 6) << judged.out;
  EXPECT_TRUE(store.manifest("m", 6)->metrics["accuracy"].is_number());
  fs::remove(folder_.path() / "t.csv");
  const Outcome gone = train(models + "/m/1");
  EXPECT_EQ(gone.exit, 3);
  EXPECT_THAT(gone.err, HasSubstr((folder_.path() / "t.csv").string()));
  const Json told = *Json::parse(run_slipway({"store", "diff", models, "m", "1", "3", "--json"}).out);
  EXPECT_EQ(told["recipe"]["data.test_fraction"].dump(), R"(["0.25","0"])");
}

}  // namespace
}  // namespace slipway
