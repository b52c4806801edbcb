// Cases made by hand: a pass, a difference, a missing operator, a broken model.
#include "convert/conformance.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/file.h"
#include "formats/format.h"
#include "formats/tensor_pb.h"
#include "ops/all.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

TEST(CheckAgainst, FloatsWithinToleranceAllElseExactly) {
  auto f = [](float x) { return Tensor::of<float>({2}, {1, x}); };
  EXPECT_TRUE(check_against(f(1.0005f), f(1), 1e-3, 1e-5).ok());
  EXPECT_EQ(check_against(f(1.5f), f(1), 1e-3, 1e-5).message(),
            "1 of 2 elements differ, by up to 0.5 (0.5 relative); element 1: expected float32[1] [1], found float32[1] "
            "[1.5]");
  EXPECT_TRUE(check_against(f(NAN), f(NAN), 1e-3, 1e-5).ok());
  EXPECT_FALSE(check_against(f(NAN), f(1), 1e-3, 1e-5).ok());
  EXPECT_TRUE(check_against(f(INFINITY), f(INFINITY), 1e-3, 1e-5).ok());
  EXPECT_FALSE(check_against(f(INFINITY), f(-INFINITY), 1e-3, 1e-5).ok());
  auto i = [](int64_t x) { return Tensor::of<int64_t>({1}, {x}); };
  EXPECT_FALSE(check_against(i(100001), i(100000), 1e-3, 1e-5).ok());
  EXPECT_FALSE(check_against(i((int64_t{1} << 53) + 1), i(int64_t{1} << 53), 1e-3, 1e-5).ok());
  EXPECT_EQ(check_against(i(1), Tensor::of<int64_t>({1, 1}, {1}), 0, 0).message(),
            "expected int64[1, 1], found int64[1]");
}

class Conformance : public ::testing::Test {
 protected:
  // y = op(x) on {1, -2}, with `expected`.
  fs::path make_case(const char* name, const char* op, const Tensor& expected) {
    Graph graph;
    ValueId x = graph.add_input("x", DType::f32, Dims{2});
    Node node;
    node.name = "it";
    node.op_type = op;
    node.domain = all_operators().find(op) == nullptr ? "elsewhere" : "";
    node.inputs = {x};
    node.outputs = {graph.add_value("y", DType::f32, Dims{2})};
    graph.add_node(node);
    graph.outputs = node.outputs;
    fs::path folder = folder_.path() / name;
    fs::path set = folder / "test_data_set_0";
    EXPECT_TRUE(make_directories(set).ok());
    EXPECT_TRUE(write_model(graph, folder / "model.onnx").ok());
    EXPECT_TRUE(write_file_atomic(set / "input_0.pb", write_tensor_pb(Tensor::of<float>({2}, {1, -2}))).ok());
    EXPECT_TRUE(write_file_atomic(set / "output_0.pb", write_tensor_pb(expected)).ok());
    return folder;
  }

  TemporaryDirectory folder_;
};

TEST_F(Conformance, TellsPassFromFailFromUnsupported) {
  fs::path good = make_case("good", "Neg", Tensor::of<float>({2}, {-1, 2}));
  fs::path bad = make_case("bad", "Neg", Tensor::of<float>({2}, {-1, 3}));
  fs::path odd = make_case("odd", "Mystery", Tensor::of<float>({2}, {-1, 2}));
  EXPECT_EQ(find_conformance_cases(folder_.path()).value(), (std::vector<fs::path>{bad, good, odd}));
  for (auto run : {run_conformance_case, run_conformance_case_apart}) {
    EXPECT_EQ(run(good, {}).outcome, CaseOutcome::passed) << run(good, {}).reason;
    CaseResult result = run(bad, {});
    EXPECT_EQ(result.outcome, CaseOutcome::failed);
    EXPECT_EQ(result.reason,
              "test_data_set_0: output \"y\": 1 of 2 elements differ, by up to 1 (0.333 relative); element 1: expected "
              "float32[1] [3], found float32[1] [2]");
    result = run(odd, {});
    EXPECT_EQ(result.outcome, CaseOutcome::unsupported);
    EXPECT_EQ(result.reason, "no operator elsewhere.Mystery");
    EXPECT_EQ(result.operators, std::vector<std::string>{"elsewhere.Mystery"});
  }
}

TEST_F(Conformance, ABrokenModelFails) {
  fs::path folder = make_case("broken", "Neg", Tensor::of<float>({2}, {-1, 2}));
  ASSERT_TRUE(write_file_atomic(folder / "model.onnx", "no model").ok());
  EXPECT_EQ(run_conformance_case(folder, {}).outcome, CaseOutcome::failed);
}

TEST_F(Conformance, AFolderWithoutCasesIsAnError) {
  EXPECT_EQ(find_conformance_cases(folder_.path()).status().code(), Code::not_found);
  EXPECT_EQ(find_conformance_cases(folder_.path() / "absent").status().code(), Code::not_found);
}

}  // namespace
}  // namespace slipway
