// slipway optimize on every kind of data, and what it refuses to write.
#include <png.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/random.h"
#include "formats/onnx.h"
#include "formats/tensor_pb.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "support/archives.h"
#include "support/folder_test.h"
#include "support/pictures.h"
#include "support/program.h"
#include "tensor/npy.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Tensor random_tensor(Shape shape, uint64_t seed) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.normal());
  return t;
}

std::string npz(const std::vector<std::pair<std::string, Tensor>>& arrays) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& [name, tensor] : arrays) files.emplace_back(name + ".npy", *npy_bytes(tensor));
  return stored_zip(files);
}

class Optimize : public FolderTest {
 protected:
  using FolderTest::put;
  std::string put(const std::string& name, const Tensor& tensor) const { return put(name, *npy_bytes(tensor)); }
  std::string put(const std::string& name, Graph& graph, ValueId y) const {
    graph.rename(y, "answer");
    graph.outputs = {graph.find("answer")};
    Result<std::string> bytes = write_onnx(graph);
    EXPECT_TRUE(bytes.ok()) << bytes.status().message();
    return put(name, *bytes);
  }

  // in [batch, 6] -> Gemm 16 -> Relu -> Gemm 3
  std::string one_input() const {
    Graph graph;
    Builder b(graph, all_operators());
    ValueId x = graph.add_input("in", DType::f32, Dims{Dim::named("batch"), 6});
    ValueId h = b.op(
        "Relu",
        {b.op("Gemm", {x, b.constant(random_tensor({6, 16}, 1), "w1"), b.constant(random_tensor({16}, 2), "b1")})});
    return put("one.onnx", graph, b.op("MatMul", {h, b.constant(random_tensor({16, 3}, 3), "w2")}));
  }
  // left [batch, 4] W + right [batch, 5] V
  std::string two_inputs() const {
    Graph graph;
    Builder b(graph, all_operators());
    ValueId l = graph.add_input("left", DType::f32, Dims{Dim::named("batch"), 4});
    ValueId r = graph.add_input("right", DType::f32, Dims{Dim::named("batch"), 5});
    ValueId y = b.add(b.op("MatMul", {l, b.constant(random_tensor({4, 8}, 1), "w")}),
                      b.op("MatMul", {r, b.constant(random_tensor({5, 8}, 2), "v")}));
    return put("two.onnx", graph, y);
  }

  Outcome optimize(const std::string& model, std::vector<std::string> words) const {
    words.insert(words.begin(), {"optimize", model, path("out.onnx")});
    return run_slipway(words);
  }
  // Static quantization by `data`, each for a --calibrate; what it says, as JSON.
  Json calibrated(const std::string& model, const std::vector<std::string>& data) const {
    std::vector<std::string> words = {"--quantize", "static", "--json"};
    for (const std::string& each : data) words.insert(words.end(), {"--calibrate", each});
    Outcome outcome = optimize(model, words);
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    Result<Json> json = Json::parse(outcome.out);
    EXPECT_TRUE(json.ok()) << outcome.out;
    return json.ok() ? *json : Json();
  }
  static void expect_alike(const Json& said, const char* source) {
    ASSERT_EQ(said["steps"].items().size(), 2u);
    EXPECT_GT(said["steps"].items()[1]["likeness"]["cosine"].as_double(), 0.99);
    EXPECT_THAT(said["data"].as_string(), HasSubstr(source));
    EXPECT_FALSE(said["made_up"].as_bool(true));
  }
};

TEST_F(Optimize, CalibratesByArraysWithoutLabels) {
  const std::string model = one_input();
  const Tensor few = random_tensor({7, 6}, 5), many = random_tensor({100, 6}, 6);
  expect_alike(calibrated(model, {put("few.npy", few)}), "few.npy");
  expect_alike(calibrated(model, {put("many.npy", many)}), "many.npy");
  expect_alike(calibrated(model, {"in=" + path("few.npy")}), "1 files");
  expect_alike(calibrated(model, {put("named.npz", npz({{"in", few}, {"ids", few}}))}), "named.npz");
  expect_alike(calibrated(model, {put("x.npz", npz({{"x_train", few}, {"other", few}}))}), "x.npz");
  expect_alike(calibrated(model, {put("only.npz", npz({{"features", few}}))}), "only.npz");
  expect_alike(calibrated(model, {put("one_row.npy", random_tensor({1, 6}, 7))}), "one_row.npy");
}

TEST_F(Optimize, CalibratesSeveralInputsByName) {
  const std::string model = two_inputs();
  const Tensor l = random_tensor({60, 4}, 5), r = random_tensor({60, 5}, 6);
  expect_alike(calibrated(model, {put("both.npz", npz({{"left", l}, {"right", r}, {"y", l}}))}), "both.npz");
  expect_alike(calibrated(model, {"right=" + put("r.npy", r), "left=" + put("l.npy", l)}), "2 files");
  put("folder/left.npy", l);
  put("folder/right.npy", r);
  expect_alike(calibrated(model, {path("folder")}), "values in");
  for (int set : {0, 1, 2}) {
    const std::string name = fmt::format("sets/test_data_set_{}/", set);
    put(name + "input_0.pb", write_tensor_pb(l));
    put(name + "input_1.pb", write_tensor_pb(r));
    put(name + "output_0.pb", write_tensor_pb(l));
  }
  expect_alike(calibrated(model, {path("sets")}), "3 test data sets");
  expect_alike(calibrated(model, {path("sets/test_data_set_1")}), "test_data_set_1");
  const Outcome missing = optimize(model, {"--quantize", "static", "--calibrate", put("half.npz", npz({{"left", l}}))});
  EXPECT_EQ(missing.exit, 2);
  EXPECT_THAT(missing.err, HasSubstr("no value for right"));
  const Outcome uneven = optimize(
      model, {"--quantize", "static", "--calibrate", put("odd.npz", npz({{"left", l}, {"right", r.rows(0, 59)}}))});
  EXPECT_EQ(uneven.exit, 2);
  EXPECT_THAT(uneven.err, HasSubstr("\"left\" has 60 rows and \"right\" has 59"));
}

TEST_F(Optimize, CalibratesByATableWithoutLabels) {
  std::string table = "a,b,c,d,e,f\n";
  for (int row = 0; row < 40; ++row) table += fmt::format("{},1.5,-2,0.25,{},3\n", row % 5, 0.1 * row);
  expect_alike(calibrated(one_input(), {put("t.csv", table)}), "t.csv");
}

TEST_F(Optimize, CalibratesByAFolderOfImages) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("image", DType::f32, Dims{Dim::named("batch"), 3, 8, 8});
  ValueId y = b.op("Conv", {x, b.constant(random_tensor({4, 3, 3, 3}, 1), "w")});
  const std::string model = put("images.onnx", graph, y);
  for (int i = 0; i < 20; ++i) {
    std::vector<uint8_t> pixels(3 * 12 * 12);
    Random random(static_cast<uint64_t>(i));
    for (uint8_t& each : pixels) each = static_cast<uint8_t>(random.below(256));
    put(fmt::format("pictures/{}.png", i), png_bytes(12, 12, PNG_FORMAT_RGB, pixels));
  }
  expect_alike(calibrated(model, {path("pictures")}), "20 images");
}

// A version published by values alone is watched by what its inputs look like.
TEST_F(Optimize, PublishTakesTheSameDataForItsBaseline) {
  const Tensor l = random_tensor({60, 4}, 5), r = random_tensor({60, 5}, 6);
  const Outcome published = run_slipway({"publish", two_inputs(), path("store"), "two", "--data",
                                         "left=" + put("l.npy", l), "--data", "right=" + put("r.npy", r)});
  ASSERT_EQ(published.exit, 0) << published.err;
  EXPECT_THAT(published.out, HasSubstr("not what is right"));
  Result<std::string> baseline = read_file(path("store/two/1/baseline.json"));
  ASSERT_TRUE(baseline.ok()) << baseline.status().message();
  EXPECT_EQ((*Json::parse(*baseline))["answers_from"].as_string(), "itself");
  EXPECT_EQ((*Json::parse(*baseline))["rows"].as_int(), 60);
  const Outcome again = run_slipway(
      {"publish", path("two.onnx"), path("store"), "two", "--data", put("both.npz", npz({{"left", l}, {"right", r}}))});
  ASSERT_EQ(again.exit, 0) << again.err;
  EXPECT_EQ((*Json::parse(*read_file(path("store/two/2/baseline.json"))))["answers_from"].as_string(), "version 1");
}

TEST_F(Optimize, TellsTheErrorOfARegressionBeforeAndAfter) {
  const Tensor x = random_tensor({200, 6}, 5), y = random_tensor({200, 3}, 6);
  const Json said = calibrated(one_input(), {put("xy.npz", npz({{"x", x}, {"y", y}}))});
  for (const Json& step : said["steps"].items()) {
    EXPECT_EQ(step["score"]["name"].as_string(), "rmse");
    EXPECT_GT(step["score"]["value"].as_double(), 0.5);
    EXPECT_TRUE(step["accuracy"].is_null());
  }
}

TEST_F(Optimize, WritesNothingWhereTheAnswersChangedTooMuch) {
  const Outcome refused = optimize(one_input(), {"--prune", "0.97"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("out.onnx was not written: answers have a cosine of"));
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_THAT(refused.out, HasSubstr("random inputs"));
  EXPECT_FALSE(fs::exists(path("out.onnx")));
  const Outcome json = optimize(one_input(), {"--prune", "0.97", "--json"});
  EXPECT_EQ(json.exit, 1);
  EXPECT_FALSE((*Json::parse(json.out))["written"].as_bool(true));
  const Outcome forced = optimize(one_input(), {"--prune", "0.97", "--force"});
  EXPECT_EQ(forced.exit, 0) << forced.err;
  EXPECT_THAT(forced.out, HasSubstr("warning: answers have a cosine of"));
  EXPECT_TRUE(fs::exists(path("out.onnx")));
}

TEST_F(Optimize, InPlaceTheSizeBeforeIsTheSizeBefore) {
  const std::string model = one_input();
  const auto before = static_cast<int64_t>(fs::file_size(model));
  const Outcome outcome = run_slipway({"optimize", model, model, "--quantize", "dynamic", "--json"});
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  const Json said = *Json::parse(outcome.out);
  EXPECT_EQ(said["in_bytes"].as_int(), before);
  EXPECT_EQ(said["out_bytes"].as_int(), static_cast<int64_t>(fs::file_size(model)));
  EXPECT_NE(said["out_bytes"].as_int(), before);
}

// The columns and scales that training learned stand in the file: a table that would teach others is prepared by them.
TEST_F(Optimize, DataIsPreparedAsTheModelSays) {
  const auto table = [](double factor, double offset) {
    std::string text = "a,b,label\n";
    for (int row = 0; row < 60; ++row) {
      text += fmt::format("{:.2f},{:.2f},{}\n", factor * (row % 7) + offset, factor * (row % 5) + offset,
                          row % 7 > 3 ? "high" : "low");
    }
    return text;
  };
  put("t.csv", table(1, 0));
  put("r.toml", fmt::format(R"(name = "t"
[data]
path = "{}"
[model]
layers = [{{ type = "Dense", units = 8, activation = "relu" }}, {{ type = "Dense", units = 2, activation = "softmax" }}]
[train]
epochs = 60
)",
                            path("t.csv")));
  const Outcome trained = run_slipway({"train", path("r.toml"), "--out", path("t.onnx")});
  ASSERT_EQ(trained.exit, 0) << trained.err;
  const auto accuracy = [&](const std::string& data) {
    const Outcome outcome =
        optimize(path("t.onnx"), {"--quantize", "static", "--calibrate", data, "--force", "--json"});
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    const Json said = *Json::parse(outcome.out);
    EXPECT_THAT(said["data"].as_string(), HasSubstr("prepared as the model says"));
    return said["steps"].items()[0]["score"]["value"].as_double();
  };
  const auto evaluated = [&](const std::string& data) {
    const Outcome outcome = run_slipway({"evaluate", path("t.onnx"), data, "--json"});
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    return (*Json::parse(outcome.out))["accuracy"].as_double();
  };
  const std::string shifted = put("shifted.csv", table(10, 1000));
  EXPECT_EQ(accuracy(path("t.csv")), evaluated(path("t.csv")));
  EXPECT_EQ(accuracy(shifted), evaluated(shifted));
  EXPECT_LT(accuracy(shifted), accuracy(path("t.csv"))) << "what it never saw it does not know";
}

}  // namespace
}  // namespace slipway
