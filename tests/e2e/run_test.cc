// slipway run as a shell sees it: values from files, what comes out, and what is said of files that do not fit.
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "formats/format.h"
#include "formats/tensor_pb.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "support/program.h"
#include "tensor/npy.h"

namespace slipway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Run : public ::testing::Test {
 protected:
  // sum = a + b over int64 `b` turned into floats; "deep/twice" = 2 a.
  void SetUp() override {
    std::filesystem::current_path(folder_.path());
    Graph graph;
    Builder b(graph, all_operators());
    ValueId a = graph.add_input("a", DType::f32, Dims{Dim::named("n"), 2});
    ValueId ints = graph.add_input("b", DType::i64, Dims{2});
    ValueId sum = b.add(a, b.op("Cast", {ints}, {{"to", int64_t{1}}}));
    ValueId twice = b.add(a, a);
    graph.value(sum).name = "sum";
    graph.value(twice).name = "deep/twice";
    graph.outputs = {sum, twice};
    ASSERT_TRUE(infer_types(graph).ok());
    ASSERT_TRUE(write_model(graph, "model.onnx").ok());
    save("a.npy", Tensor::of<float>({3, 2}, {1, 2, 3, 4, 5, 6}));
    save("b.npy", Tensor::of<int64_t>({2}, {10, 20}));
  }

  static void save(const std::string& name, const Tensor& tensor) { ASSERT_TRUE(save_npy(name, tensor).ok()); }

  // `slipway run WORDS` in the test's folder; out holds both streams.
  static Outcome slipway(const std::string& words) {
    std::vector<std::string> list = {"run"};
    std::istringstream stream(words);
    for (std::string word; stream >> word;) list.push_back(word);
    Outcome outcome = run_slipway(list);
    outcome.out += outcome.err;
    return outcome;
  }

  void TearDown() override { std::filesystem::current_path(before_); }

  TemporaryDirectory folder_;
  const std::filesystem::path before_ = std::filesystem::current_path();
};

TEST_F(Run, ShowsAndWritesWhatComesOut) {
  Outcome outcome = slipway("model.onnx b=b.npy a=a.npy --out answers");
  ASSERT_EQ(outcome.exit, 0) << outcome.out;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("float32[3, 2]"), HasSubstr("[[11, 22], [13, 24], [15, 26]]"),
                                 HasSubstr("Wrote answers/deep_twice.npy")));
  auto sum = load_npy("answers/sum.npy");
  ASSERT_TRUE(sum.ok());
  EXPECT_TRUE(identical(*sum, Tensor::of<float>({3, 2}, {11, 22, 13, 24, 15, 26})));
}

TEST_F(Run, TakesFilesInOrderAndTellsMachines) {
  Outcome outcome = slipway("model.onnx a.npy b.npy --json --show 2");
  ASSERT_EQ(outcome.exit, 0) << outcome.out;
  auto json = Json::parse(outcome.out);
  ASSERT_TRUE(json.ok()) << outcome.out;
  const Json& sum = (*json)["outputs"].items()[0];
  EXPECT_EQ(sum["name"].as_string(), "sum");
  EXPECT_EQ(sum["max"].as_double(), 26);
  EXPECT_EQ(sum["values"].items().size(), 2u);
}

TEST_F(Run, ComparesWithWhatIsExpected) {
  ASSERT_EQ(slipway("model.onnx a.npy b.npy --out answers").exit, 0);
  Outcome same = slipway("model.onnx a.npy b.npy --expect answers");
  EXPECT_EQ(same.exit, 0) << same.out;
  EXPECT_THAT(same.out, HasSubstr("deep/twice: largest difference 0, 0 of 6 elements outside the tolerance"));
  save("answers/sum.npy", Tensor::of<float>({3, 2}, {11, 22, 13, 24, 15, 27}));
  Outcome other = slipway("model.onnx a.npy b.npy --expect answers");
  EXPECT_EQ(other.exit, 4) << other.out;
  EXPECT_THAT(other.out, HasSubstr("output \"sum\": 1 of 6 elements are not within"));
  save("sum.npy", Tensor::of<float>({2, 2}, {11, 22, 13, 24}));
  EXPECT_THAT(slipway("model.onnx a.npy b.npy --expect sum=sum.npy").out, HasSubstr("output \"sum\""));
}

TEST_F(Run, ReadsTestDataOfOnnx) {
  std::filesystem::create_directory("set");
  ASSERT_TRUE(write_file_atomic("set/input_1.pb", write_tensor_pb(Tensor::of<int64_t>({2}, {1, 2}))).ok());
  ASSERT_TRUE(write_file_atomic("set/input_0.pb", write_tensor_pb(Tensor::of<float>({1, 2}, {3, 4}))).ok());
  ASSERT_TRUE(write_file_atomic("set/output_1.pb", write_tensor_pb(Tensor::of<float>({1, 2}, {6, 8}))).ok());
  Outcome outcome = slipway("model.onnx set --expect set");
  EXPECT_EQ(outcome.exit, 0) << outcome.out;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("[[4, 6]]"), HasSubstr("deep/twice: largest difference 0")));
}

TEST_F(Run, ConvertsNumbersThatStayTheSame) {
  save("doubles.npy", Tensor::of<double>({1, 2}, {0.1, 2}));
  save("whole.npy", Tensor::of<float>({2}, {3, 4}));
  EXPECT_EQ(slipway("model.onnx a=doubles.npy b=whole.npy").exit, 0);
  save("broken.npy", Tensor::of<float>({2}, {3, 4.5}));
  Outcome outcome = slipway("model.onnx a=doubles.npy b=broken.npy");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.out, HasSubstr("broken.npy: expected int64 for \"b\", found float32[2] that it cannot hold"));
}

TEST_F(Run, SaysWhatIsMissingOrDoesNotFit) {
  std::filesystem::create_directory("nothing");
  struct Case {
    std::string words, says;
  };
  for (const Case& c : std::vector<Case>{
           {"model.onnx", "no value for a float32[n, 2], b int64[2]; give a=FILE"},
           {"model.onnx a.npy", "no value for b int64[2]; give b=FILE"},
           {"model.onnx c=a.npy", "a.npy: is for no input; expected one of a float32[n, 2], b int64[2]"},
           {"model.onnx a=a.npy a=a.npy", "a.npy: a second value for input \"a\""},
           {"model.onnx a=a.txt", "a.txt: expected a .npy, .npz or .pb file"},
           {"model.onnx a=none.npy b.npy", "none.npy"},
           {"model.onnx a=b.npy b=b.npy", "input \"a\": expected float32[n, 2], found float32[2]"},
           {"model.onnx nothing", "nothing: holds no value; expected NAME.npy or input_0.pb"},
       }) {
    Outcome outcome = slipway(c.words);
    EXPECT_NE(outcome.exit, 0) << c.words;
    EXPECT_THAT(outcome.out, HasSubstr(c.says)) << c.words;
  }
}

}  // namespace
}  // namespace slipway
