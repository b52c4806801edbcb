// Sessions: plans by shape, staged plans where shapes depend on contents, state, and what is refused.
#include "runtime/session.h"

#include <atomic>
#include <limits>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"

namespace slipway {
namespace {

Tensor floats(Shape shape, std::vector<float> values) { return Tensor::of<float>(std::move(shape), values); }

std::unique_ptr<Session> session(Graph graph, SessionOptions options = {.threads = 1}) {
  auto made = Session::create(std::move(graph), options);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return *std::move(made);
}

Graph chain() {
  Graph g;
  ValueId x = g.add_input("x", DType::f32, Dims{Dim::named("n"), 3});
  Builder b(g, all_operators());
  ValueId y = b.op("Relu", {b.add(x, b.constant(floats({3}, {1, 0, -1})))});
  g.outputs = {b.op("ReduceSum", {y, b.ints({1})}, {{"keepdims", int64_t{0}}})};
  return g;
}

TEST(Session, ComputesForEveryBatchSize) {
  auto s = session(chain());
  for (int64_t n : {1, 4, 2, 1}) {
    Tensor x(DType::f32, {n, 3});
    auto y = s->run(std::vector<Tensor>{x});
    ASSERT_TRUE(y.ok()) << y.status().message();
    EXPECT_EQ((*y)[0].shape(), Shape{n});
    EXPECT_EQ((*y)[0].data<float>()[0], 1);
  }
}

// One node whose inputs have dimensions without a size.
Graph symbolic(const char* op, const std::vector<Tensor>& inputs, Attributes attributes = {}) {
  Graph g;
  Builder b(g, all_operators());
  Values ids;
  for (const Tensor& tensor : inputs) {
    Dims dims;
    for (size_t d = 0; d < tensor.shape().size(); ++d) dims.push_back(Dim::named(fmt::format("d{}_{}", ids.size(), d)));
    ids.push_back(g.add_input(fmt::format("x{}", ids.size()), tensor.dtype(), dims));
  }
  g.outputs = {b.op(op, ids, std::move(attributes))};
  return g;
}

std::string answer(Graph graph, const std::vector<Tensor>& inputs) {
  auto y = session(std::move(graph))->run(inputs);
  return y.ok() ? to_string((*y)[0]) : y.status().message();
}

// ONNX's own example of ScatterND; the number of dimensions that an index names is a size of its shape.
TEST(Session, IndicesOfUnknownShapeNameDimensionsAtARun) {
  std::vector<Tensor> scatter = {floats({8}, {1, 2, 3, 4, 5, 6, 7, 8}), Tensor::of<int64_t>({4, 1}, {4, 3, 1, 7}),
                                 floats({4}, {9, 10, 11, 12})};
  EXPECT_EQ(answer(symbolic("ScatterND", scatter), scatter), "float32[8] [1, 11, 3, 10, 9, 6, 7, 12]");
  std::vector<Tensor> gather = {floats({2, 2}, {0, 1, 2, 3}), Tensor::of<int64_t>({2, 2}, {0, 0, 1, 1})};
  EXPECT_EQ(answer(symbolic("GatherND", gather), gather), "float32[2] [0, 3]");
  gather[1] = Tensor::of<int64_t>({1, 1}, {1});
  EXPECT_EQ(answer(symbolic("GatherND", gather), gather), "float32[1, 2] [[2, 3]]");
}

TEST(Session, AScaleOfUnknownSizeMayBeOneForAll) {
  std::vector<Tensor> inputs = {floats({3}, {-1, 1, 3}), floats({1}, {2})};
  EXPECT_EQ(answer(symbolic("QuantizeLinear", inputs), inputs), "uint8[3] [0, 0, 2]");
  inputs[1] = floats({2}, {2, 3});
  EXPECT_EQ(answer(symbolic("QuantizeLinear", inputs), inputs),
            "QuantizeLinear node \"QuantizeLinear\": axis 1 is outside [-1, 1) for a tensor of rank 1");
}

// Axes that a run computes, none of them, all, or some, where the output's shape is known all the same and where not.
TEST(Session, ReducesOverAxesThatARunTells) {
  const Attributes drop = {{"keepdims", int64_t{0}}};
  auto reduce = [&](const char* op, const std::vector<int64_t>& axes, Attributes attributes, bool known_length) {
    Graph g;
    Builder b(g, all_operators());
    auto length = static_cast<int64_t>(axes.size());
    ValueId x = g.add_input("x", DType::f32, Dims{2, 3});
    ValueId over = g.add_input("axes", DType::i64, Dims{known_length ? Dim(length) : Dim::named("n")});
    g.outputs = {b.op(op, {x, over}, std::move(attributes))};
    return answer(std::move(g), {floats({2, 3}, {1, 2, 3, 4, 5, 6}), Tensor::of<int64_t>({length}, axes)});
  };
  for (bool known : {true, false}) {
    EXPECT_EQ(reduce("ReduceSum", {}, drop, known), "float32[] 21");
    EXPECT_EQ(reduce("ReduceSum", {}, {{"noop_with_empty_axes", int64_t{1}}}, known),
              "float32[2, 3] [[1, 2, 3], [4, 5, 6]]");
    EXPECT_EQ(reduce("ReduceMax", {1, 0}, drop, known), "float32[] 6");
    EXPECT_EQ(reduce("ReduceMean", {-1}, drop, known), "float32[2] [2, 5]");
    EXPECT_EQ(reduce("ReduceLogSumExp", {0, -2}, drop, known),
              "ReduceLogSumExp node \"ReduceLogSumExp\": axis -2 is listed twice in the axes to reduce");
    EXPECT_EQ(reduce("ReduceSum", {0, 2}, drop, known),
              "ReduceSum node \"ReduceSum\": axis 2 is outside [-2, 2) for a tensor of rank 2");
  }
}

TEST(Session, SaysWhichInputDoesNotFit) {
  auto s = session(chain());
  EXPECT_EQ(s->run(std::vector<Tensor>{Tensor(DType::f32, {2, 4})}).status().message(),
            "input \"x\": expected float32[n, 3], found float32[2, 4]");
  EXPECT_EQ(s->run({}).status().message(), "the model has 1 inputs (x); found 0");
}

TEST(Session, RunsWhereShapesDependOnContents) {
  Graph g;
  ValueId x = g.add_input("x", DType::f32, Dims{Dim::named("n")});
  ValueId shape = g.add_input("shape", DType::i64, Dims{2});
  Builder b(g, all_operators());
  ValueId doubled = b.add(x, x);
  ValueId y = b.op("Reshape", {doubled, shape});
  g.outputs = {b.op("Relu", {y}), doubled};
  auto s = session(std::move(g));
  Tensor in = floats({6}, {1, 2, 3, -4, -5, -6});
  for (auto [rows, columns] : {std::pair(2, 3), std::pair(3, 2), std::pair(2, 3)}) {
    auto out = s->run(std::vector<Tensor>{in, Tensor::of<int64_t>({2}, {rows, columns})});
    ASSERT_TRUE(out.ok()) << out.status().message();
    EXPECT_EQ((*out)[0].shape(), (Shape{rows, columns}));
    EXPECT_EQ((*out)[0].data<float>()[2], 6);
    EXPECT_EQ((*out)[0].data<float>()[5], 0);
    EXPECT_EQ((*out)[1].data<float>()[5], -12);
  }
}

// Data-dependent lengths: what comes before them is planned once, what comes behind once for each length, and what a
// later run of the same lengths needs is there already.
TEST(Session, LengthsThatContentsDecideRecompileOnlyWhatFollows) {
  Graph g;
  ValueId x = g.add_input("x", DType::f32, Dims{8});
  Builder b(g, all_operators());
  ValueId places = b.op("NonZero", {b.op("Relu", {x})});
  ValueId kept = b.op("Gather", {x, b.op("Squeeze", {places, b.ints({0})})}, {{"axis", int64_t{0}}});
  g.outputs = {b.op("Neg", {kept})};
  auto s = session(std::move(g));
  auto with_positives = [](int64_t count) {
    Tensor t(DType::f32, {8});
    for (int64_t i = 0; i < 8; ++i) t.mutable_data<float>()[static_cast<size_t>(i)] = i < count ? 1.f + i : -1.f;
    return t;
  };
  for (int64_t count : {3, 5, 0, 3, 5, 8, 0}) {
    auto out = s->run(std::vector<Tensor>{with_positives(count)});
    ASSERT_TRUE(out.ok()) << out.status().message();
    EXPECT_EQ((*out)[0].shape(), Shape{count});
    if (count > 0) {
      EXPECT_EQ((*out)[0].data<float>()[0], -1);
    }
  }
  EXPECT_EQ(s->plans_compiled(), 1 + 4) << "one before, one for each of 3, 5, 0 and 8 elements";
}

TEST(Session, OtherContentsOfTheSameLengthCompileNothing) {
  Graph g;
  ValueId x = g.add_input("x", DType::f32, Dims{8});
  Builder b(g, all_operators());
  g.outputs = {b.op("Neg", {b.op("NonZero", {x})})};
  auto s = session(std::move(g));
  for (size_t at = 0; at < 8; ++at) {
    Tensor t(DType::f32, {8});
    t.mutable_data<float>()[at] = 1;
    auto out = s->run(std::vector<Tensor>{t});
    ASSERT_TRUE(out.ok()) << out.status().message();
    EXPECT_EQ((*out)[0].data<int64_t>()[0], -static_cast<int64_t>(at));
  }
  EXPECT_LE(s->plans_compiled(), 2);
}

TEST(Session, KeepsNoMorePlansThanItMay) {
  auto s = session(chain(), {.threads = 1, .max_plans = 2});
  auto run = [&](int64_t n) { ASSERT_TRUE(s->run(std::vector<Tensor>{Tensor(DType::f32, {n, 3})}).ok()); };
  for (int64_t n : {1, 2, 1, 2}) run(n);
  EXPECT_EQ(s->plans_compiled(), 2);
  run(3);  // 1 was used longest ago
  run(2);
  EXPECT_EQ(s->plans_compiled(), 3);
  run(1);
  EXPECT_EQ(s->plans_compiled(), 4);
}

// A result that a run handed out is not written again by the next while somebody holds it.
TEST(Session, HeldOutputsAreLeftAlone) {
  auto s = session(chain());
  std::vector<Tensor> outputs;
  Tensor x(DType::f32, {1, 3});
  ASSERT_TRUE(s->run_into(std::vector<Tensor>{x}, outputs).ok());
  Tensor held = outputs[0];
  x.mutable_data<float>()[0] = 5;
  ASSERT_TRUE(s->run_into(std::vector<Tensor>{x}, outputs).ok());
  EXPECT_EQ(held.data<float>()[0], 1);
  EXPECT_EQ(outputs[0].data<float>()[0], 6);
}

TEST(Session, OutputsMayBeInputsConstantsOrTheSameTwice) {
  Graph g;
  ValueId x = g.add_input("x", DType::f32, Dims{2});
  Builder b(g, all_operators());
  ValueId c = b.constant(floats({1}, {7}));
  ValueId y = b.add(x, x);
  g.outputs = {x, c, y, y};
  auto s = session(std::move(g));
  auto out = s->run(std::vector<Tensor>{floats({2}, {1, 2})});
  ASSERT_TRUE(out.ok()) << out.status().message();
  EXPECT_EQ((*out)[0].data<float>()[1], 2);
  EXPECT_EQ((*out)[1].data<float>()[0], 7);
  EXPECT_EQ((*out)[2].data<float>()[1], 4);
  EXPECT_EQ((*out)[3].data<float>()[1], 4);
}

// counter' = counter + 1, and the old value is still read after the update's node.
TEST(Session, StateIsReplacedAfterTheRun) {
  Graph g;
  ValueId x = g.add_input("x", DType::f32, Dims{1});
  ValueId counter = g.add_constant("counter", floats({1}, {0}));
  Builder b(g, all_operators());
  ValueId next = b.add(counter, b.constant(floats({1}, {1})));
  g.outputs = {b.add(x, counter)};
  g.updates = {{counter, next}};
  auto s = session(std::move(g));
  for (float expected : {10.f, 11.f, 12.f}) {
    auto out = s->run(std::vector<Tensor>{floats({1}, {10})});
    ASSERT_TRUE(out.ok()) << out.status().message();
    EXPECT_EQ((*out)[0].data<float>()[0], expected);
  }
  EXPECT_EQ(s->state("counter")->data<float>()[0], 3);
  ASSERT_TRUE(s->set_state("counter", floats({1}, {40})).ok());
  EXPECT_EQ(s->run(std::vector<Tensor>{floats({1}, {2})}).value()[0].data<float>()[0], 42);
}

// The new state is computed before, and the old one read behind, a node that no plan can hold.
TEST(Session, StateIsReplacedAfterAllStretches) {
  Graph g;
  ValueId x = g.add_input("x", DType::i64, Dims{2});
  ValueId counter = g.add_constant("counter", Tensor::of<int64_t>({1}, {0}));
  Builder b(g, all_operators());
  ValueId next = b.add(counter, b.constant(Tensor::of<int64_t>({1}, {1})));
  g.outputs = {b.add(b.op("NonZero", {x}), counter)};
  g.updates = {{counter, next}};
  auto s = session(std::move(g));
  for (int64_t expected : {1, 2, 3}) {
    auto out = s->run(std::vector<Tensor>{Tensor::of<int64_t>({2}, {0, 7})});
    ASSERT_TRUE(out.ok()) << out.status().message();
    EXPECT_EQ((*out)[0].data<int64_t>()[0], expected);
  }
  EXPECT_EQ(s->state("counter")->data<int64_t>()[0], 3);
}

TEST(Session, RunsFromManyThreadsAtOnce) {
  auto s = session(chain());
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        int64_t n = 1 + (i + t) % 5;
        Tensor x(DType::f32, {n, 3});
        for (float& v : x.mutable_data<float>()) v = static_cast<float>(t);
        auto y = s->run(std::vector<Tensor>{x});
        float expected = 3.f * static_cast<float>(t) + (t == 0 ? 1.f : 0.f);
        if (!y.ok() || (*y)[0].data<float>()[static_cast<size_t>(n - 1)] != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Session, NamesOperatorsWithoutACard) {
  Graph g;
  ValueId x = g.add_input("x", DType::f32, Dims{1});
  ValueId y = g.add_value("y");
  Node node;
  node.name = "mystery";
  node.op_type = "FancyOp";
  node.domain = "com.example";
  node.inputs = {x};
  node.outputs = {y};
  g.add_node(node);
  g.outputs = {y};
  Status status = Session::create(g).status();
  EXPECT_EQ(status.code(), Code::unimplemented);
  EXPECT_NE(status.message().find("com.example.FancyOp node \"mystery\""), std::string::npos) << status.message();
}

Status answer(Graph g, const std::vector<Tensor>& inputs, bool optimize) {
  auto made = Session::create(std::move(g), {.threads = 1, .optimize = optimize});
  return made.ok() ? (*made)->run(inputs).status() : made.status();
}

// float32 of a shape that `shape` tells, 2^45 elements.
TEST(Session, RefusesSizesBeyondMemoryByName) {
  for (bool told_at_a_run : {false, true}) {
    for (bool optimize : {false, true}) {
      Graph g;
      Builder b(g, all_operators());
      ValueId shape = told_at_a_run ? g.add_input("shape", DType::i64, Dims{1}) : b.ints({int64_t{1} << 45});
      g.outputs = {b.op("Relu", {b.op("ConstantOfShape", {shape})})};
      std::vector<Tensor> inputs;
      if (told_at_a_run) inputs.push_back(Tensor::of<int64_t>({1}, {int64_t{1} << 45}));
      Status status = answer(std::move(g), inputs, optimize);
      EXPECT_EQ(status.code(), Code::resource_exhausted) << status.message();
      EXPECT_NE(status.message().find("needs more memory than there is"), std::string::npos) << status.message();
      EXPECT_NE(status.message().find(" node \""), std::string::npos) << status.message();
    }
  }
}

TEST(Session, RefusesANodeThatLeavesOutWhatItsKernelWrites) {
  Graph g;
  ValueId x = g.add_input("x", DType::f32, Dims{4});
  Builder b(g, all_operators());
  Values parts = b.ops("TopK", {x, b.ints({2})}, 2);
  g.outputs = {parts[1]};
  g.nodes()[0].outputs[0] = {};
  EXPECT_EQ(Session::create(g).status().message(), "TopK node \"TopK\": required output 0 is left out");
}

TEST(Session, RefusesAFusedActivationThatNoProductHas) {
  Graph g;
  Builder b(g, all_operators());
  ValueId x = g.add_input("x", DType::f32, Dims{2, 2});
  g.outputs = {b.op("Gemm", {x, x}, {{"activation", "bogus"}})};
  Status status = answer(std::move(g), {Tensor(DType::f32, {2, 2})}, true);
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_NE(status.message().find("\"bogus\""), std::string::npos) << status.message();
}

// y = Relu(table[ids]) + 1, the table a constant.
Graph embedding() {
  Graph g;
  ValueId ids = g.add_input("ids", DType::i64, Dims{Dim::named("n")});
  Builder b(g, all_operators());
  ValueId rows = b.op("Gather", {b.constant(floats({5, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})), ids});
  g.outputs = {b.add(b.op("Relu", {rows}), b.constant(floats({1}, {1})))};
  return g;
}

TEST(Session, AnIndexOutsideIsAnErrorThatNamesTheNodeAndHarmsNoLaterRun) {
  auto s = session(embedding());
  for (int round = 0; round < 2; ++round) {
    for (int64_t bad : {int64_t{5}, int64_t{-6}, std::numeric_limits<int64_t>::max()}) {
      auto y = s->run(std::vector<Tensor>{Tensor::of<int64_t>({2}, {0, bad})});
      ASSERT_FALSE(y.ok());
      EXPECT_EQ(y.status().code(), Code::invalid_argument);
      EXPECT_NE(y.status().message().find(fmt::format("index {} (element 1) is outside [-5, 5)", bad)),
                std::string::npos)
          << y.status().message();
      EXPECT_NE(y.status().message().find("Gather"), std::string::npos) << y.status().message();
    }
    auto y = s->run(std::vector<Tensor>{Tensor::of<int64_t>({2}, {-1, 0})});
    ASSERT_TRUE(y.ok()) << y.status().message();
    EXPECT_EQ(to_string((*y)[0]), "float32[2, 2] [[10, 11], [2, 3]]");
  }
  s->set_profiling(true);
  EXPECT_FALSE(s->run(std::vector<Tensor>{Tensor::of<int64_t>({2}, {0, 9})}).ok());
}

}  // namespace
}  // namespace slipway
