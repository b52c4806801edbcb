// What is worth a second thread, as a table.
#include "runtime/thread_choice.h"

#include <vector>

#include <gtest/gtest.h>

#include "ops/all.h"

namespace slipway {
namespace {

int threads(const char* op, std::vector<Shape> in, std::vector<Shape> out, const char* policy, int most = 2) {
  Node node;
  node.op_type = op;
  node.op = all_operators().find(op);
  node.outputs.resize(out.size());
  std::vector<TensorType> in_types, out_types;
  for (Shape& shape : in) in_types.push_back({DType::f32, std::move(shape)});
  for (Shape& shape : out) out_types.push_back({DType::f32, std::move(shape)});
  return threads_worth(work_of(node, in_types, out_types), sharing_cost(policy), most);
}

TEST(ThreadChoice, GoesByWorkAndByHowThreadsWait) {
  struct Line {
    const char* op;
    std::vector<Shape> in, out;
    int spinning, sleeping;
  };
  const Line lines[] = {
      {"Relu", {{32, 128}}, {{32, 128}}, 1, 1},
      {"Relu", {{64, 64, 56, 56}}, {{64, 64, 56, 56}}, 2, 2},
      {"Gemm", {{32, 128}, {128, 10}}, {{32, 10}}, 1, 1},
      {"Gemm", {{64, 400}, {400, 120}}, {{64, 120}}, 2, 1},
      {"MatMul", {{512, 512}, {512, 512}}, {{512, 512}}, 2, 2},
      {"Conv", {{1, 1, 28, 28}, {6, 1, 5, 5}}, {{1, 6, 24, 24}}, 1, 1},
      {"Conv", {{64, 6, 14, 14}, {16, 6, 5, 5}}, {{64, 16, 10, 10}}, 2, 1},
      {"Conv", {{1, 64, 56, 56}, {64, 64, 3, 3}}, {{1, 64, 56, 56}}, 2, 2},
      {"LSTM", {{64, 32, 64}, {1, 1024, 64}, {1, 1024, 256}}, {{64, 1, 32, 256}}, 2, 1},
      {"LSTM", {{64, 1, 16}, {1, 128, 16}, {1, 128, 32}}, {{64, 1, 1, 32}}, 1, 1},
      {"LSTM", {{64, 1, 64}, {1, 1024, 64}, {1, 1024, 256}}, {{64, 1, 1, 256}}, 2, 1},
  };
  for (const Line& line : lines) {
    EXPECT_EQ(threads(line.op, line.in, line.out, ""), line.spinning) << line.op << " " << to_string(line.in[0]);
    EXPECT_EQ(threads(line.op, line.in, line.out, "ACTIVE"), line.spinning) << line.op << " " << to_string(line.in[0]);
    EXPECT_EQ(threads(line.op, line.in, line.out, "Passive"), line.sleeping) << line.op << " " << to_string(line.in[0]);
    EXPECT_EQ(threads(line.op, line.in, line.out, "", 1), 1);
  }
}

TEST(ThreadChoice, ATeamIsAllOrOne) {
  const std::vector<Shape> in = {{2048, 2048}, {2048, 2048}}, out = {{2048, 2048}};
  EXPECT_EQ(threads("MatMul", in, out, "", 64), 64);
  EXPECT_EQ(threads("MatMul", in, out, "", 1), 1);
  EXPECT_EQ(threads("MatMul", in, out, "", 0), 1);
  const std::vector<Shape> less = {{64, 128}, {128, 64}};
  EXPECT_EQ(threads("MatMul", less, {{64, 64}}, "", 2), 2);
  EXPECT_EQ(threads("MatMul", less, {{64, 64}}, "", 64), 1);
}

// Of a sequence all steps count, though threads are worth what one step is worth.
TEST(ThreadChoice, ASequenceIsAllOfItsSteps) {
  Node node;
  node.op_type = "LSTM";
  node.outputs.resize(1);
  const std::vector<TensorType> in = {
      {DType::f32, {64, 1, 64}}, {DType::f32, {1, 1024, 64}}, {DType::f32, {1, 1024, 256}}};
  const Work work = work_of(node, in, {});
  EXPECT_DOUBLE_EQ(work.us, 64 * work.between);
  EXPECT_GT(work.us, sharing_cost("").shortest);
}

}  // namespace
}  // namespace slipway
