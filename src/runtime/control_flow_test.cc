// If, Loop, Scan and SequenceMap in sessions, from ONNX's text form: what they compute, what they compile, what they
// refuse.
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "rewrite/rewrite.h"
#include "runtime/inspect.h"
#include "runtime/session.h"
#include "tensor/sequence.h"

namespace slipway {
namespace {

Tensor floats(Shape shape, std::vector<float> values) { return Tensor::of<float>(std::move(shape), values); }
Tensor flag(bool value) { return Tensor::scalar(value); }

using BodyPtr = std::shared_ptr<const Graph>;

// A body whose nodes `fill` appends; it sets inputs, outputs and captures itself.
template <typename Fill>
BodyPtr body(Fill fill) {
  auto graph = std::make_shared<Graph>();
  Builder b(*graph, all_operators());
  fill(*graph, b);
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  return graph;
}

Attributes one_body(BodyPtr graph) { return {{"body", Attribute(std::move(graph))}}; }

std::unique_ptr<Session> session(Graph graph, SessionOptions options = {.threads = 1}) {
  auto made = Session::create(std::move(graph), options);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return *std::move(made);
}

std::vector<Tensor> run(Session& s, std::vector<Tensor> inputs) {
  auto outputs = s.run(inputs);
  EXPECT_TRUE(outputs.ok()) << outputs.status().message();
  return outputs.ok() ? *outputs : std::vector<Tensor>(s.outputs().size());
}

// y = condition ? x + 1 : x * 3, both branches capturing x.
Graph branches() {
  Graph g;
  ValueId condition = g.add_input("condition", DType::boolean, Dims());
  ValueId x = g.add_input("x", DType::f32, Dims{Dim::named("n")});
  auto branch = [](const char* op, float by) {
    return body([&](Graph& inner, Builder& b) {
      ValueId captured = inner.add_input("x", DType::f32, std::nullopt);
      inner.captures = 1;
      inner.outputs = {b.op(op, {captured, b.constant(floats({1}, {by}))})};
    });
  };
  Builder b(g, all_operators());
  ValueId y = b.op("If", {condition, x},
                   {{"then_branch", Attribute(branch("Add", 1))}, {"else_branch", Attribute(branch("Mul", 3))}});
  g.outputs = {y};
  return g;
}

TEST(ControlFlow, IfRunsOneBranchOnWhatItCaptures) {
  auto s = session(branches());
  EXPECT_EQ(run(*s, {flag(true), floats({2}, {1, 2})})[0].data<float>()[1], 3);
  EXPECT_EQ(run(*s, {flag(false), floats({2}, {1, 2})})[0].data<float>()[1], 6);
  EXPECT_EQ(run(*s, {flag(false), floats({1}, {5})})[0].data<float>()[0], 15);
}

TEST(ControlFlow, IfOfAKnownConditionBecomesItsBranch) {
  Graph g = branches();
  ValueId fixed = g.add_constant("always", flag(false));
  g.replace_uses(g.inputs[0], fixed);
  ASSERT_TRUE(rewrite::optimize(g).ok());
  ASSERT_EQ(g.nodes().size(), 1u);
  EXPECT_EQ(g.nodes()[0].op_type, "Mul");
  EXPECT_EQ(g.nodes()[0].outputs[0], g.outputs[0]) << "the model's signature stays";
  auto s = session(std::move(g));
  EXPECT_EQ(run(*s, {flag(true), floats({1}, {2})})[0].data<float>()[0], 6);
}

TEST(ControlFlow, CapturedConstantsGoInside) {
  Graph g = branches();
  ValueId x = g.add_constant("weights", floats({1}, {4}));
  g.replace_uses(g.inputs[1], x);
  ASSERT_TRUE(rewrite::optimize(g).ok());
  ASSERT_EQ(g.nodes().size(), 1u);
  EXPECT_EQ(g.nodes()[0].inputs.size(), 1u) << "nothing left to capture";
  auto s = session(std::move(g));
  EXPECT_EQ(run(*s, {flag(true), floats({1}, {0})})[0].data<float>()[0], 5);
}

// Loop of (count, x): x doubles `count` times; each trip's sum is stacked.
Graph doubling(bool with_count = true) {
  Graph g;
  ValueId count = with_count ? g.add_input("count", DType::i64, Dims()) : ValueId{};
  ValueId x = g.add_input("x", DType::f32, Dims{Dim::named("n")});
  BodyPtr trip = body([](Graph& inner, Builder& b) {
    inner.add_input("i", DType::i64, Dims());
    ValueId go = inner.add_input("go", DType::boolean, Dims());
    ValueId value = inner.add_input("value", DType::f32, Dims{Dim::named("n")});
    ValueId twice = b.add(value, value);
    inner.outputs = {b.op("Identity", {go}), twice, b.op("ReduceSum", {twice}, {{"keepdims", int64_t{0}}})};
  });
  Builder b(g, all_operators());
  g.outputs = b.ops("Loop", {count, {}, x}, 2, one_body(trip));
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  return g;
}

TEST(ControlFlow, LoopCarriesAndStacks) {
  auto s = session(doubling());
  auto out = run(*s, {Tensor::scalar(int64_t{3}), floats({2}, {1, 2})});
  EXPECT_EQ(to_string(out[0]), "float32[2] [8, 16]");
  EXPECT_EQ(to_string(out[1]), "float32[3] [6, 12, 24]");
}

TEST(ControlFlow, LoopOfNoTripGivesWhatItBeganWith) {
  auto s = session(doubling());
  auto out = run(*s, {Tensor::scalar(int64_t{0}), floats({2}, {1, 2})});
  EXPECT_EQ(to_string(out[0]), "float32[2] [1, 2]");
  EXPECT_EQ(out[1].shape(), Shape{0});
  EXPECT_EQ(out[1].dtype(), DType::f32);
}

TEST(ControlFlow, TripsOfTheSameShapesShareOnePlan) {
  auto s = session(doubling());
  run(*s, {Tensor::scalar(int64_t{1}), floats({2}, {1, 2})});
  int64_t before = s->plans_compiled();
  run(*s, {Tensor::scalar(int64_t{500}), floats({2}, {0, 0})});
  EXPECT_EQ(s->plans_compiled(), before) << "more trips need no more plans";
  run(*s, {Tensor::scalar(int64_t{500}), floats({3}, {0, 0, 0})});
  EXPECT_LE(s->plans_compiled(), 2 * before) << "another shape needs each plan once more";
}

TEST(ControlFlow, ALoopWithoutAnEndIsStopped) {
  auto s = session(doubling(false), {.threads = 1, .max_trips = 1000});
  Status status = s->run(std::vector<Tensor>{floats({1}, {1})}).status();
  EXPECT_EQ(status.code(), Code::resource_exhausted);
  EXPECT_NE(status.message().find("made 1000 trips and would go on"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("Loop node"), std::string::npos) << status.message();
}

TEST(ControlFlow, ScanOutputsAreBounded) {
  auto s = session(doubling(false), {.threads = 1, .max_loop_bytes = 4000});
  Status status = s->run(std::vector<Tensor>{floats({1}, {1})}).status();
  EXPECT_EQ(status.code(), Code::resource_exhausted);
  EXPECT_NE(status.message().find("the scan outputs take over 4000 bytes"), std::string::npos) << status.message();
}

// x grows by one element a trip.
TEST(ControlFlow, CarriedShapesMayChange) {
  Graph g;
  ValueId count = g.add_input("count", DType::i64, Dims());
  ValueId x = g.add_input("x", DType::f32, Dims{1});
  BodyPtr trip = body([](Graph& inner, Builder& b) {
    inner.add_input("i", DType::i64, Dims());
    ValueId go = inner.add_input("go", DType::boolean, Dims());
    ValueId value = inner.add_input("value", DType::f32, Dims{Dim()});
    ValueId longer = b.op("Concat", {value, b.constant(floats({1}, {9}))}, {{"axis", int64_t{0}}});
    inner.outputs = {go, longer};
  });
  Builder b(g, all_operators());
  g.outputs = b.ops("Loop", {count, {}, x}, 1, one_body(trip));
  ASSERT_TRUE(b.status().ok()) << b.status().message();
  EXPECT_FALSE((*g.value(g.outputs[0]).dims)[0].known()) << "inference must not believe the first trip";
  auto s = session(std::move(g));
  EXPECT_EQ(to_string(run(*s, {Tensor::scalar(int64_t{3}), floats({1}, {1})})[0]), "float32[4] [1, 9, 9, 9]");
}

TEST(ControlFlow, ScanOutputsOfChangingShapeAreRefused) {
  Graph g;
  ValueId count = g.add_input("count", DType::i64, Dims());
  ValueId x = g.add_input("x", DType::f32, Dims{1});
  BodyPtr trip = body([](Graph& inner, Builder& b) {
    inner.add_input("i", DType::i64, Dims());
    ValueId go = inner.add_input("go", DType::boolean, Dims());
    ValueId value = inner.add_input("value", DType::f32, Dims{Dim()});
    ValueId longer = b.op("Concat", {value, value}, {{"axis", int64_t{0}}});
    inner.outputs = {go, longer, b.op("Neg", {longer})};
  });
  Builder b(g, all_operators());
  g.outputs = b.ops("Loop", {count, {}, x}, 2, one_body(trip));
  auto s = session(std::move(g));
  Status status = s->run(std::vector<Tensor>{Tensor::scalar(int64_t{2}), floats({1}, {1})}).status();
  EXPECT_NE(status.message().find("trip 1: scan output 0: it is float32[4]; expected float32[2] as before"),
            std::string::npos)
      << status.message();
}

// Sums of the rows so far, of a matrix scanned along its second axis backwards.
TEST(ControlFlow, ScanWalksAxesBackwards) {
  Graph g;
  ValueId start = g.add_input("start", DType::f32, Dims{2});
  ValueId x = g.add_input("x", DType::f32, Dims{2, 3});
  BodyPtr step = body([](Graph& inner, Builder& b) {
    ValueId sum = inner.add_input("sum", DType::f32, Dims{2});
    ValueId column = inner.add_input("column", DType::f32, Dims{2});
    ValueId next = b.add(sum, column);
    inner.outputs = {next, b.op("Identity", {next})};
  });
  Builder b(g, all_operators());
  Attributes attributes = one_body(step);
  attributes.set("num_scan_inputs", int64_t{1});
  attributes.set("scan_input_axes", std::vector<int64_t>{1});
  attributes.set("scan_input_directions", std::vector<int64_t>{1});
  attributes.set("scan_output_axes", std::vector<int64_t>{-1});
  attributes.set("scan_output_directions", std::vector<int64_t>{1});
  g.outputs = b.ops("Scan", {start, x}, 2, attributes);
  ASSERT_TRUE(b.status().ok()) << b.status().message();
  EXPECT_EQ(to_string(*g.value(g.outputs[1]).dims), "[2, 3]");
  auto s = session(std::move(g));
  auto out = run(*s, {floats({2}, {0, 0}), floats({2, 3}, {1, 2, 3, 10, 20, 30})});
  EXPECT_EQ(to_string(out[0]), "float32[2] [6, 60]");
  EXPECT_EQ(to_string(out[1]), "float32[2, 3] [[6, 5, 3], [60, 50, 30]]");
}

TEST(ControlFlow, SequenceMapRunsItsBodyOnEachItem) {
  Graph g;
  ValueId items = g.add_input("items", DType::sequence, Dims());
  g.value(items).set_type(sequence_of(tensor_type(DType::f32, Dims{Dim()})));
  ValueId by = g.add_input("by", DType::f32, Dims{1});
  BodyPtr each = body([](Graph& inner, Builder& b) {
    ValueId item = inner.add_input("item", DType::f32, std::nullopt);
    ValueId more = inner.add_input("more", DType::f32, Dims{1});
    inner.outputs = {b.add(item, more)};
  });
  Builder b(g, all_operators());
  ValueId mapped = b.op("SequenceMap", {items, by}, one_body(each));
  g.outputs = {b.op("SequenceAt", {mapped, b.constant(Tensor::scalar(int64_t{-1}))}), b.op("SequenceLength", {mapped})};
  ASSERT_TRUE(b.status().ok()) << b.status().message();
  EXPECT_EQ(to_string(g.value(mapped).type()), "sequence(float32[?])");
  auto s = session(std::move(g));
  Tensor sequence = make_sequence({floats({1}, {1}), floats({2}, {2, 3})}).value();
  auto out = run(*s, {sequence, floats({1}, {10})});
  EXPECT_EQ(to_string(out[0]), "float32[2] [12, 13]");
  EXPECT_EQ(out[1].data<int64_t>()[0], 2);
  Tensor wrong = make_sequence({Tensor::scalar(int64_t{1})}).value();
  EXPECT_EQ(s->run(std::vector<Tensor>{wrong, floats({1}, {1})}).status().message(),
            "input \"items\": expected sequence(float32[?]), found sequence[]");
}

TEST(ControlFlow, NamesUnknownOperatorsInsideBodies) {
  Graph g = branches();
  g.opsets = {{"", 17}};
  BodyPtr strange = body([](Graph& inner, Builder&) {
    ValueId captured = inner.add_input("x", DType::f32, std::nullopt);
    inner.captures = 1;
    Node node;
    node.name = "odd";
    node.op_type = "Fancy";
    node.inputs = {captured};
    node.outputs = {inner.add_value("y")};
    inner.outputs = node.outputs;
    inner.add_node(node);
  });
  g.nodes()[0].attributes.set("else_branch", strange);
  EXPECT_EQ(Session::create(g).status().message(),
            "no operator card for If node \"If\": else_branch: Fancy node \"odd\" of opset 17; `slipway operators` "
            "lists what there is");
}

TEST(ControlFlow, BodiesOfTheWrongFormAreRefused) {
  Graph g = doubling();
  auto shorter = std::make_shared<Graph>(*g.nodes()[0].graph("body"));
  shorter->outputs.pop_back();
  g.nodes()[0].attributes.set("body", std::shared_ptr<const Graph>(shorter));
  EXPECT_EQ(verify(g).message(), "Loop node \"Loop\": body gives 2 outputs; expected 3 or more");
}

TEST(ControlFlow, BodiesThatNestTooDeepAreRefused) {
  BodyPtr innermost =
      body([](Graph& inner, Builder& b) { inner.outputs = {b.op("Identity", {b.constant(floats({1}, {1}))})}; });
  for (int depth = 0; depth < 70; ++depth) {
    auto around = std::make_shared<Graph>();
    Node node;
    node.op_type = "If";
    node.op = all_operators().find("If");
    node.inputs = {around->add_constant("c", flag(true))};
    node.outputs = {around->add_value("y")};
    node.attributes = {{"then_branch", Attribute(innermost)}, {"else_branch", Attribute(innermost)}};
    around->outputs = node.outputs;
    around->add_node(node);
    innermost = around;
  }
  Status status = verify(*innermost);
  EXPECT_NE(status.message().find("subgraphs are nested over 12 deep"), std::string::npos);
}

TEST(ControlFlow, InspectionLooksIntoBodies) {
  Graph g = doubling();
  auto result = inspect(g, {{"n", 4}});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->operators.at("Loop"), 1);
  EXPECT_EQ(result->operators.at("Add"), 1);
}

// A scan output of no trip has the sizes that a first trip would have given, though the body declares none.
TEST(Loop, WithoutATripKnowsTheSizesOfWhatItCaptures) {
  Graph g;
  ValueId trips = g.add_input("trips", DType::i64, Dims());
  ValueId x = g.add_input("x", DType::f32, Dims{Dim::named("n")});
  BodyPtr loop = body([&](Graph& inner, Builder& b) {
    inner.add_input("i", DType::i64, Dims());
    ValueId condition = inner.add_input("go", DType::boolean, Dims());
    ValueId captured = inner.add_input("x", DType::f32, std::nullopt);
    inner.captures = 1;
    inner.outputs = {b.op("Identity", {condition}), b.add(captured, captured)};
  });
  Builder b(g, all_operators());
  g.outputs = {b.op("Loop", {trips, {}, x}, one_body(loop))};
  auto s = session(std::move(g));
  EXPECT_EQ(run(*s, {Tensor::scalar<int64_t>(0), floats({2}, {1, 2})})[0].shape(), (Shape{0, 2}));
  EXPECT_EQ(run(*s, {Tensor::scalar<int64_t>(0), floats({3}, {1, 2, 3})})[0].shape(), (Shape{0, 3}));
  EXPECT_EQ(to_string(run(*s, {Tensor::scalar<int64_t>(2), floats({1}, {1})})[0]), "float32[2, 1] [[2], [2]]");
}

TEST(Scan, WithoutASliceKnowsTheSizesOfOne) {
  Graph g;
  ValueId x = g.add_input("x", DType::f32, Dims{Dim::named("t"), Dim::named("n")});
  BodyPtr scan = body([&](Graph& inner, Builder& b) {
    ValueId slice = inner.add_input("slice", DType::f32, std::nullopt);
    inner.outputs = {b.op("Concat", {slice, slice}, {{"axis", int64_t{0}}})};
  });
  Attributes attributes = one_body(scan);
  attributes.set("num_scan_inputs", int64_t{1});
  Builder b(g, all_operators());
  g.outputs = {b.op("Scan", {x}, attributes)};
  auto s = session(std::move(g));
  EXPECT_EQ(run(*s, {Tensor(DType::f32, {0, 3})})[0].shape(), (Shape{0, 6}));
}

}  // namespace
}  // namespace slipway
