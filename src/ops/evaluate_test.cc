// Evaluation of one node again and again: what is prepared once, and what cannot be.
#include "ops/evaluate.h"

#include <gtest/gtest.h>

#include "ops/all.h"
#include "ops/infer.h"

namespace slipway::ops {
namespace {

int prepared = 0;

Result<Kernel> count_and_copy(const PrepareContext& c) {
  ++prepared;
  return Kernel{[n = c.in(0).count()](const KernelArgs& a) {
    std::copy_n(a.input<std::string>(0), n, a.output<std::string>(0));
  }};
}

Node node_of(const Operator& op, size_t inputs) {
  Node node;
  node.op_type = op.name;
  node.op = &op;
  for (size_t i = 0; i <= inputs; ++i) (i < inputs ? node.inputs : node.outputs).push_back({static_cast<int32_t>(i)});
  return node;
}

std::string told(Evaluator& evaluator, const std::vector<Tensor>& inputs) {
  Result<std::vector<Tensor>> y = evaluator.run(inputs);
  return y.ok() ? to_string((*y)[0]) : y.status().message();
}

TEST(Evaluator, PreparesOnceForTypesThatComeAgain) {
  const Operator copy = {.name = "Copy", .infer = infer_same, .cpu = count_and_copy};
  const Node node = node_of(copy, 1);
  Evaluator evaluator(node, {nullptr}, 1);
  const Tensor one = Tensor::of<std::string>({1}, {"a"}), two = Tensor::of<std::string>({2}, {"b", "c"});
  prepared = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(told(evaluator, {one}), to_string(one));
    EXPECT_EQ(told(evaluator, {two}), to_string(two));
  }
  EXPECT_EQ(told(evaluator, {Tensor::of<std::string>({1}, {"d"})}), to_string(Tensor::of<std::string>({1}, {"d"})));
  EXPECT_EQ(prepared, 2) << "once for each of both sizes";
}

TEST(Evaluator, SizesThatContentsTellAreThoseOfEachRun) {
  const Node node = node_of(*all_operators().find("Range"), 3);
  Evaluator evaluator(node, {nullptr, nullptr, nullptr}, 1);
  auto range = [&](int64_t limit, int64_t delta) {
    return told(evaluator, {Tensor::scalar<int64_t>(0), Tensor::scalar(limit), Tensor::scalar(delta)});
  };
  EXPECT_EQ(range(3, 1), "int64[3] [0, 1, 2]");
  EXPECT_EQ(range(7, 3), "int64[3] [0, 3, 6]");
  EXPECT_EQ(range(2, 1), "int64[2] [0, 1]");
  const std::vector<Tensor> wrong = {Tensor::scalar<int64_t>(0), Tensor::scalar<int64_t>(1),
                                     Tensor::scalar<int64_t>(0)};
  EXPECT_EQ(told(evaluator, wrong), evaluate(node, wrong).status().message());
}

TEST(Evaluator, AConstantMayTellTheSize) {
  const Node node = node_of(*all_operators().find("Tile"), 2);
  const Tensor twice = Tensor::of<int64_t>({1}, {2});
  Evaluator evaluator(node, {nullptr, &twice}, 1);
  EXPECT_EQ(told(evaluator, {Tensor::of<std::string>({1}, {"a"}), twice}), R"(string[2] ["a", "a"])");
  EXPECT_EQ(told(evaluator, {Tensor::of<std::string>({1}, {"b"}), twice}), R"(string[2] ["b", "b"])");
  const Tensor matrix = Tensor::of<std::string>({1, 1}, {"a"});
  EXPECT_EQ(told(evaluator, {matrix, twice}), evaluate(node, std::vector{matrix, twice}).status().message());
}

}  // namespace
}  // namespace slipway::ops
