// Sequences and optionals as protobuf messages, and models whose inputs and bodies hold them.
#include "formats/value_pb.h"

#include <gtest/gtest.h>

#include "support/onnx_text.h"
#include "tensor/sequence.h"

namespace slipway {
namespace {

Tensor floats(Shape shape, std::vector<float> values) { return Tensor::of<float>(std::move(shape), values); }

Tensor items() { return make_sequence({floats({2}, {1, 2}), floats({1}, {3})}).value(); }

void expect_round_trip(const Tensor& value) {
  Result<Tensor> back = read_value_pb(write_value_pb(value, "v"), value.dtype());
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_TRUE(identical(*back, value)) << to_string(*back);
}

TEST(ValuePb, RoundTrips) {
  expect_round_trip(floats({2}, {1, 2}));
  expect_round_trip(items());
  expect_round_trip(make_sequence({}).value());
  expect_round_trip(make_sequence({items(), items()}).value());
  expect_round_trip(make_optional({}));
  expect_round_trip(make_optional(floats({1}, {5})));
  expect_round_trip(make_optional(items()));
}

TEST(ValuePb, RefusesOtherBytes) {
  EXPECT_EQ(read_value_pb("\xff\xff", DType::sequence).status().message(),
            "not an ONNX SequenceProto, or a damaged one");
}

// Declares a sequence of what was declared before.
void as_sequence(onnx::ValueInfoProto& info) {
  onnx::TypeProto item = info.type();
  info.clear_type();
  *info.mutable_type()->mutable_sequence_type()->mutable_elem_type() = item;
}

TEST(ValuePb, ModelsKeepTypesThatAreNoTensors) {
  onnx::ModelProto model = testing::parsed(testing::onnx_bytes(
      17,
      "g (bool c, float[n] s) => (float[n] y) { y = If(c) <then_branch = a() => (float[n] r) { r = Identity(s) },"
      " else_branch = b() => (float[n] r) { r = SequenceErase(s) }> }"));
  as_sequence(*model.mutable_graph()->mutable_input(1));
  as_sequence(*model.mutable_graph()->mutable_output(0));
  for (auto& branch : *model.mutable_graph()->mutable_node(0)->mutable_attribute()) {
    as_sequence(*branch.mutable_g()->mutable_output(0));
  }
  Graph graph = read_onnx(model.SerializeAsString()).value();
  EXPECT_EQ(to_string(graph.value(graph.inputs[1]).type()), "sequence(float32[n])");
  EXPECT_EQ(to_string(graph.value(graph.outputs[0]).type()), "sequence(float32[n])");
  Graph back = read_onnx(write_onnx(graph).value()).value();
  EXPECT_EQ(to_text(back), to_text(graph));
}

TEST(ValuePb, InnerNamesMayHideOuterOnes) {
  Graph graph =
      read_onnx(testing::onnx_bytes(13,
                                    "g (bool c, float[2] x) => (float[2] y) <float[2] k = {1.0, 2.0}> {"
                                    "  y = If(c) <then_branch = a() => (float[2] x1) { k1 = Add(x, k) k = Neg(k1) x1 = "
                                    "Identity(k) },"
                                    "             else_branch = b() => (float[2] r) { x = Neg(x) r = Identity(x) }>"
                                    "}"))
          .value();
  std::shared_ptr<const Graph> then = graph.nodes()[0].graph("then_branch");
  EXPECT_EQ(then->nodes()[1].outputs[0], then->nodes()[2].inputs[0]) << "the later k is the branch's own";
  EXPECT_EQ(graph.nodes()[0].inputs.size(), 2u) << "both x are the captured one until the branch makes its own";
}

TEST(ValuePb, ScanOfOpset8BecomesAScanOverTheBatch) {
  onnx::ModelProto model = testing::parsed(testing::onnx_bytes(
      8,
      "g (float[1,2] initial, float[1,3,2] x) => (float[1,2] y, float[1,3,2] z) {"
      "  y, z = Scan<num_scan_inputs = 1, body = b(float[2] sum, float[2] next) => (float[2] total, float[2] each) {"
      "    total = Add(sum, next) each = Identity(total) }>(initial, x)"
      "}"));
  auto* inputs = model.mutable_graph()->mutable_node(0)->mutable_input();
  *inputs->Add() = "";  // sequence_lens, left out
  inputs->SwapElements(1, 2);
  inputs->SwapElements(0, 1);
  Graph graph = read_onnx(model.SerializeAsString()).value();
  const Node& outer = graph.nodes()[0];
  EXPECT_EQ(outer.integer("num_scan_inputs"), 2);
  EXPECT_TRUE(verify(graph).ok()) << verify(graph).message();
  EXPECT_EQ(outer.graph("body")->nodes()[0].op_type, "Scan");
}

}  // namespace
}  // namespace slipway
