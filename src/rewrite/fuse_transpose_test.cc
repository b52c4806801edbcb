// Transpositions around products: the same numbers without the passes.
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "rewrite/rewrite.h"
#include "support/run_nodes.h"

namespace slipway {
namespace {

using Ints = std::vector<int64_t>;

struct Row {
  const char* what;
  Shape a, b;
  Ints perm_a, perm_b, perm_y;  // empty: no Transpose there
  const char* ops;
};

Graph product_of(const Row& row) {
  Graph graph;
  Builder b(graph, all_operators());
  auto turned = [&](ValueId x, const Ints& perm) {
    return perm.empty() ? x : b.op("Transpose", {x}, {{"perm", perm}});
  };
  ValueId x = graph.add_input("a", DType::f32, to_dims(row.a)), y = graph.add_input("b", DType::f32, to_dims(row.b));
  graph.outputs = {turned(b.op("MatMul", {turned(x, row.perm_a), turned(y, row.perm_b)}), row.perm_y)};
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  return graph;
}

TEST(FuseTranspose, HeadsOfAttention) {
  const Row rows[] = {
      {"queries by keys", {2, 5, 3, 4}, {2, 6, 3, 4}, {0, 2, 1, 3}, {0, 2, 3, 1}, {}, "MatMul"},
      {"weights by values, heads put back", {2, 3, 5, 6}, {2, 6, 3, 4}, {}, {0, 2, 1, 3}, {0, 2, 1, 3}, "MatMul"},
      {"the result turned round", {2, 3, 5, 6}, {2, 3, 6, 4}, {}, {}, {0, 1, 3, 2}, "MatMul"},
      {"the result turned round, heads put back", {2, 3, 5, 6}, {2, 3, 6, 4}, {}, {}, {0, 3, 1, 2}, "MatMul"},
      {"one batch for all", {2, 5, 3, 4}, {1, 3, 4, 6}, {0, 2, 1, 3}, {}, {}, "MatMul"},
      {"batch and rows change places", {3, 5, 4}, {5, 4, 6}, {1, 0, 2}, {}, {1, 0, 2}, "MatMul"},
      {"columns would be scattered", {5, 4, 3}, {5, 3, 6}, {}, {}, {2, 1, 0}, "MatMul Transpose"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const Graph plain = product_of(row);
    Graph fused = plain;
    ASSERT_TRUE(rewrite::optimize(fused).ok());
    EXPECT_EQ(op_types(fused), row.ops);
    const std::vector<Tensor> inputs = {random_floats(row.a, 1), random_floats(row.b, 2)};
    const std::vector<Tensor> expected = run_nodes(plain, inputs), found = run_nodes(fused, inputs);
    ASSERT_EQ(found.size(), expected.size());
    EXPECT_EQ(found[0].type(), expected[0].type());
    const std::span<const float> x = found[0].data<float>(), y = expected[0].data<float>();
    for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(x[i], y[i], 1e-5) << i;
  }
}

}  // namespace
}  // namespace slipway
