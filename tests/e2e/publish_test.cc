// A file as scikit-learn's exporter writes it, from `slipway publish` to an answer of the server.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "formats/onnx.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "support/live_server.h"

namespace slipway {
namespace {

// Two features; class "good" or "bad" by the sign of the first; probabilities through ZipMap.
std::string classifier() {
  Graph graph;
  ValueId x = graph.add_input("X", DType::f32, Dims{Dim::named("batch"), Dim(2)});
  Builder b(graph, all_operators());
  const std::vector<std::string> labels = {"bad", "good"};
  Values y = b.ops("LinearClassifier", {x}, 2,
                   {{"coefficients", std::vector<float>{-4, 0, 4, 0}},
                    {"intercepts", std::vector<float>{0, 0}},
                    {"classlabels_strings", labels},
                    {"post_transform", std::string("SOFTMAX")}},
                   "ai.onnx.ml");
  ValueId zipped = b.op("ZipMap", {y[1]}, {{"classlabels_strings", labels}}, "ai.onnx.ml");
  graph.rename(zipped, "output_probability");
  graph.outputs = {zipped};
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  Result<std::string> bytes = write_onnx(graph);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return *bytes;
}

TEST(Publish, AClassifierOfScikitLearnIsServed) {
  TemporaryDirectory folder;
  const std::filesystem::path file = folder.path() / "credit.onnx", store = folder.path() / "models";
  ASSERT_TRUE(write_file_atomic(file, classifier()).ok());
  Outcome published = run_slipway({"publish", file.string(), store.string(), "--json"});
  ASSERT_EQ(published.exit, 0) << published.err;
  Result<Json> said = Json::parse(published.out);
  ASSERT_TRUE(said.ok()) << published.out;
  EXPECT_EQ((*said)["name"].as_string(), "credit");
  EXPECT_EQ((*said)["version"].as_int(), 1);
  ServerProcess server(store);
  ASSERT_NE(server.port(), 0);
  testing::Client client(server.port());
  testing::Reply reply = client.post("/v1/models/credit:predict", R"({"instances":[[1,0],[-1,5]]})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  Result<Json> answer = Json::parse(reply.body);
  ASSERT_TRUE(answer.ok()) << reply.body;
  EXPECT_GT((*answer)["predictions"].items()[0].items()[1].as_double(), 0.99);
  EXPECT_GT((*answer)["predictions"].items()[1].items()[0].as_double(), 0.99);
  const Outcome shown = run_slipway({"store", "show", store.string(), "credit", "--json"});
  EXPECT_NE(shown.out.find("\"good\""), std::string::npos) << shown.out;
}

TEST(Publish, WhatCannotRunIsRefusedAndNothingIsPublished) {
  TemporaryDirectory folder;
  const std::filesystem::path file = folder.path() / "m.onnx", store = folder.path() / "models";
  ASSERT_TRUE(write_file_atomic(file, "no model").ok());
  Outcome refused = run_slipway({"publish", file.string(), store.string()});
  EXPECT_NE(refused.exit, 0);
  EXPECT_NE(refused.err.find("m.onnx"), std::string::npos) << refused.err;
  EXPECT_FALSE(std::filesystem::exists(store));
}

}  // namespace
}  // namespace slipway
