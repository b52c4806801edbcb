// Row loops: where they begin and end, and that a batch worked by rows gives the bytes it gives whole.
#include "runtime/row_loops.h"

#include <map>

#include <gtest/gtest.h>

#include "base/random.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "runtime/session.h"

namespace slipway {
namespace {

constexpr size_t kTiny = 1, kHuge = size_t{1} << 40;

Tensor drawn(Shape shape, uint64_t seed) {
  Tensor tensor(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : tensor.mutable_data<float>()) x = static_cast<float>(random.uniform() - 0.5);
  return tensor;
}

// The types of a graph whose shapes are all known, views being nodes of their own.
class GraphValues final : public StepValues {
 public:
  explicit GraphValues(const Graph& graph) : graph_(graph) {
    for (size_t v = 0; v < graph.value_count(); ++v) {
      const Value& value = graph.value({static_cast<int32_t>(v)});
      types_.push_back({value.dtype, value.dims ? known_shape(*value.dims).value_or(Shape()) : Shape()});
    }
  }
  const TensorType& type(ValueId id) const override { return types_[static_cast<size_t>(id.index)]; }
  const Tensor* known(ValueId id) const override { return graph_.is_constant(id) ? &graph_.value(id).data : nullptr; }
  ValueId root(ValueId id) const override { return id; }

 private:
  const Graph& graph_;
  std::vector<TensorType> types_;
};

std::vector<RowLoop> loops_of(Graph& graph, size_t cache_bytes = kTiny) {
  EXPECT_TRUE(infer_types(graph).ok());
  std::vector<const Node*> steps;
  for (const Node& node : graph.nodes()) steps.push_back(&node);
  return find_row_loops(steps, GraphValues(graph), cache_bytes);
}

struct Net {
  Graph graph;
  Builder b{graph, all_operators()};
  ValueId x = graph.add_input("x", DType::f32, Dims{6, 4, 5, 5});

  ValueId conv(ValueId in, int64_t from, int64_t to, uint64_t seed) {
    return b.op("Conv", {in, b.constant(drawn({to, from, 3, 3}, seed))}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  }
};

TEST(RowLoops, HoldAChainFromEndToEnd) {
  Net net;
  ValueId y = net.b.op("Relu", {net.conv(net.x, 4, 4, 1)});
  net.graph.outputs = {net.b.add(net.x, y)};
  std::vector<RowLoop> loops = loops_of(net.graph);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(loops[0].begin, 0u);
  EXPECT_EQ(loops[0].end, 3u);
  EXPECT_EQ(loops[0].times(), 6);
  EXPECT_EQ(loops[0].carried[0], (std::vector<bool>{true, false}));
  EXPECT_EQ(loops[0].carried[2], (std::vector<bool>{true, true}));
}

TEST(RowLoops, TakeAsManyRowsAsTheCacheHolds) {
  const size_t row = 2 * 100 * sizeof(float);  // what Relu moves for one row
  for (auto [cache, each] : {std::pair<size_t, int64_t>{2 * row + 2, 2}, {4 * row + 4, 3}, {row / 2, 1}}) {
    Net net;
    net.graph.outputs = {net.b.op("Sigmoid", {net.b.op("Relu", {net.x})})};
    std::vector<RowLoop> loops = loops_of(net.graph, cache);
    ASSERT_EQ(loops.size(), 1u) << cache;
    EXPECT_EQ(loops[0].each, each) << cache;
  }
  Net net;
  net.graph.outputs = {net.b.op("Sigmoid", {net.b.op("Relu", {net.x})})};
  EXPECT_TRUE(loops_of(net.graph, 6 * row).empty()) << "all of it fits";
}

TEST(RowLoops, EndWhereRowsMix) {
  Net net;
  ValueId y = net.b.op("Relu", {net.b.op("Sigmoid", {net.x})});
  ValueId over_batch = net.b.op("ReduceMean", {y, net.b.ints({0})}, {{"keepdims", int64_t{1}}});
  net.graph.outputs = {net.b.op("Relu", {net.b.sub(y, over_batch)})};
  std::vector<RowLoop> loops = loops_of(net.graph);
  ASSERT_EQ(loops.size(), 2u);
  EXPECT_EQ(loops[0].end, 2u);
  EXPECT_EQ(loops[1].begin, 3u);
  EXPECT_EQ(loops[1].carried[0], (std::vector<bool>{true, false}));
}

TEST(RowLoops, DoNotTakeASquareForABatch) {
  for (int axis : {0, 1}) {
    Graph graph;
    Builder b(graph, all_operators());
    ValueId x = graph.add_input("x", DType::f32, Dims{6, 6});
    ValueId y = b.op("Relu", {x});
    ValueId across = axis == 0 ? b.op("Transpose", {y}, {{"perm", std::vector<int64_t>{1, 0}}})
                               : b.op("ReduceMean", {y, b.ints({1})}, {{"keepdims", int64_t{0}}});
    graph.outputs = {b.op("Relu", {b.add(y, across)})};
    for (const RowLoop& loop : loops_of(graph)) EXPECT_TRUE(loop.end <= 2 || loop.begin >= 2) << axis;
  }
}

TEST(RowLoops, DoNotReadLargeWeightsAgainAndAgain) {
  Net net;
  ValueId y = net.b.op("Relu", {net.x});
  net.graph.outputs = {net.conv(net.conv(y, 4, 64, 1), 64, 64, 2)};
  for (const RowLoop& loop : loops_of(net.graph, 256)) EXPECT_LT(loop.end, 3u);
}

// Branches, views, results in the middle, more than one loop.
Graph network(int64_t batch) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{batch, 3, 9, 9});
  auto conv = [&](ValueId in, int64_t from, int64_t to, uint64_t seed) {
    return b.op("Conv", {in, b.constant(drawn({to, from, 3, 3}, seed)), b.constant(drawn({to}, seed + 1))},
                {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  };
  ValueId stem = b.op("Relu", {conv(x, 3, 8, 1)});
  ValueId left = conv(stem, 8, 8, 3);
  ValueId right = b.op("Sigmoid", {b.mul(stem, b.constant(drawn({8, 1, 1}, 5)))});
  ValueId joined = b.op("Concat", {left, right, stem}, {{"axis", int64_t{1}}});
  ValueId pooled = b.op("MaxPool", {joined}, {{"kernel_shape", std::vector<int64_t>{2, 2}}});
  ValueId flat = b.op("Flatten", {pooled});
  ValueId centred = b.sub(flat, b.op("ReduceMean", {flat, b.ints({0})}, {{"keepdims", int64_t{1}}}));
  ValueId dense = b.op("MatMul", {b.op("Relu", {centred}), b.constant(drawn({24 * 64, 5}, 7))});
  graph.outputs = {b.op("Tanh", {dense}), right, b.op("Neg", {left})};
  return graph;
}

std::vector<Tensor> answers(int64_t batch, size_t cache_bytes, bool optimize, int threads) {
  auto session =
      Session::create(network(batch), {.threads = threads, .cache_bytes = cache_bytes, .optimize = optimize});
  EXPECT_TRUE(session.ok());
  std::vector<Tensor> given = {drawn({batch, 3, 9, 9}, 9)}, out;
  for (int run = 0; run < 2; ++run) EXPECT_TRUE((*session)->run_into(given, out).ok());
  return out;
}

TEST(RowLoops, GiveTheAnswersOfTheWholeBatch) {
  for (int64_t batch : {1, 2, 6, 7}) {
    for (bool optimize : {false, true}) {
      for (int threads : {1, 2}) {
        SCOPED_TRACE(testing::Message() << "batch " << batch << (optimize ? " optimized " : " ") << threads);
        std::vector<Tensor> whole = answers(batch, kHuge, optimize, threads);
        std::vector<Tensor> by_rows = answers(batch, 4096, optimize, threads);
        for (size_t o = 0; o < whole.size(); ++o) {
          ASSERT_EQ(whole[o].type(), by_rows[o].type());
          for (int64_t i = 0; i < whole[o].count(); ++i) {
            const size_t at = static_cast<size_t>(i);
            ASSERT_NEAR(whole[o].data<float>()[at], by_rows[o].data<float>()[at], 1e-5) << o << " at " << i;
          }
        }
      }
    }
  }
}

TEST(RowLoops, NeedMemoryForTheRowsOfATurn) {
  auto arena = [](size_t cache_bytes) {
    Net net;
    ValueId wide = net.b.op("Concat", {net.x, net.x, net.x, net.x}, {{"axis", int64_t{1}}});
    net.graph.outputs = {net.b.op("ReduceMax", {net.b.op("Exp", {wide}), net.b.ints({1})})};
    auto session = *Session::create(std::move(net.graph), {.threads = 1, .cache_bytes = cache_bytes});
    EXPECT_TRUE(session->run(std::vector<Tensor>{drawn({6, 4, 5, 5}, 4)}).ok());
    return session->arena_bytes();
  };
  EXPECT_LT(arena(kTiny), arena(kHuge) / 2);
}

TEST(RowLoops, AreProfiledAsOneRun) {
  auto session = *Session::create(network(6), {.threads = 1, .cache_bytes = 4096});
  session->set_profiling(true);
  for (int run = 0; run < 3; ++run) ASSERT_TRUE(session->run(std::vector<Tensor>{drawn({6, 3, 9, 9}, 9)}).ok());
  ASSERT_FALSE(session->profile().empty());
  for (const NodeProfile& node : session->profile()) EXPECT_EQ(node.runs, 3) << node.name;
}

}  // namespace
}  // namespace slipway
