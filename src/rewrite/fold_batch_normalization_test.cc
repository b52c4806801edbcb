// Tests of BatchNormalization folded into the convolution before it.
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "ops/evaluate.h"
#include "rewrite/rewrite.h"

namespace slipway {
namespace {

struct Net {
  Graph graph;
  Builder b{graph, all_operators()};
  ValueId y;
};

Net net(bool bias, bool used_twice) {
  Net n;
  ValueId x = n.graph.add_input("x", DType::f32, Dims{1, 1, 2, 2});
  auto c = [&](Shape shape, std::vector<float> v) { return n.b.constant(Tensor::of<float>(std::move(shape), v)); };
  Values inputs{x, c({2, 1, 1, 1}, {2, -3})};
  if (bias) inputs.push_back(c({2}, {0.5f, 1}));
  ValueId conv = n.b.op("Conv", inputs, {{"kernel_shape", std::vector<int64_t>{1, 1}}});
  n.y = n.b.op("BatchNormalization", {conv, c({2}, {1, 2}), c({2}, {0.5f, -1}), c({2}, {1, 0}), c({2}, {4, 0.25f})},
               {{"epsilon", 0.f}});
  n.graph.outputs = {n.y};
  if (used_twice) n.graph.outputs.push_back(conv);
  EXPECT_TRUE(n.b.status().ok()) << n.b.status().message();
  return n;
}

TEST(FoldBatchNormalization, BecomesFilterAndBias) {
  for (bool bias : {false, true}) {
    Net n = net(bias, false);
    ASSERT_TRUE(rewrite::simplify(n.graph).ok());
    ASSERT_EQ(n.graph.nodes().size(), 1u) << to_text(n.graph);
    const Node& conv = n.graph.nodes()[0];
    EXPECT_EQ(conv.op_type, "Conv");
    EXPECT_EQ(conv.outputs[0], n.y);
    // s = scale / sqrt(variance): 0.5 and 4; W s; s (b - mean) + beta
    EXPECT_TRUE(identical(n.graph.value(conv.inputs[1]).data, Tensor::of<float>({2, 1, 1, 1}, {1, -12})));
    EXPECT_TRUE(identical(n.graph.value(conv.inputs[2]).data,
                          bias ? Tensor::of<float>({2}, {0.25f, 3}) : Tensor::of<float>({2}, {0, -1})));
  }
}

TEST(FoldBatchNormalization, AConvolutionWithAnotherReaderStays) {
  Net n = net(true, true);
  ASSERT_TRUE(rewrite::simplify(n.graph).ok());
  EXPECT_EQ(n.graph.nodes().size(), 2u);
}

}  // namespace
}  // namespace slipway
