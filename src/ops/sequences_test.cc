// Operators over sequences and optionals, on handles.
#include "ops/sequences.h"

#include <gtest/gtest.h>

#include "ops/all.h"
#include "ops/evaluate.h"

namespace slipway {
namespace {

Tensor floats(Shape shape, std::vector<float> values) { return Tensor::of<float>(std::move(shape), values); }

// The operator on inputs of which undefined ones are omitted.
Result<Tensor> eager(const char* op, std::vector<Tensor> inputs, Attributes attributes = {}) {
  Node node;
  node.op_type = op;
  node.op = all_operators().find(op);
  node.attributes = std::move(attributes);
  for (size_t i = 0; i < inputs.size(); ++i) {
    node.inputs.push_back(inputs[i].defined() ? ValueId{static_cast<int32_t>(i)} : ValueId{});
  }
  node.outputs = {{static_cast<int32_t>(inputs.size())}};
  std::vector<Tensor> outputs = TRY(ops::evaluate(node, inputs));
  return outputs[0];
}

std::string text(Result<Tensor> result) { return result.ok() ? to_string(*result) : result.status().message(); }

Tensor index(int64_t i) { return Tensor::scalar(i); }

Tensor three() { return make_sequence({floats({1}, {1}), floats({2}, {2, 3}), floats({1}, {4})}).value(); }

TEST(Sequences, AreMadeAndChanged) {
  EXPECT_EQ(text(eager("SequenceConstruct", {floats({1}, {1}), floats({}, {2})})),
            "sequence[] (float32[1] [1], float32[] 2)");
  EXPECT_EQ(text(eager("SequenceEmpty", {})), "sequence[] ()");
  EXPECT_EQ(text(eager("SequenceInsert", {three(), floats({}, {9}), index(-1)})),
            "sequence[] (float32[1] [1], float32[2] [2, 3], float32[] 9, float32[1] [4])");
  EXPECT_EQ(text(eager("SequenceInsert", {three(), floats({}, {9})})),
            "sequence[] (float32[1] [1], float32[2] [2, 3], float32[1] [4], float32[] 9)");
  EXPECT_EQ(text(eager("SequenceInsert", {three(), floats({}, {9}), index(3)})),
            "sequence[] (float32[1] [1], float32[2] [2, 3], float32[1] [4], float32[] 9)");
  EXPECT_EQ(text(eager("SequenceErase", {three()})), "sequence[] (float32[1] [1], float32[2] [2, 3])");
  EXPECT_EQ(text(eager("SequenceErase", {three(), index(0)})), "sequence[] (float32[2] [2, 3], float32[1] [4])");
  EXPECT_EQ(text(eager("SequenceAt", {three(), index(1)})), "float32[2] [2, 3]");
  EXPECT_EQ(text(eager("SequenceLength", {three()})), "int64[] 3");
}

TEST(Sequences, RefuseWhatDoesNotFit) {
  EXPECT_EQ(text(eager("SequenceAt", {three(), index(3)})), "SequenceAt node (unnamed): position 3; expected -3 to 2");
  EXPECT_EQ(text(eager("SequenceInsert", {three(), index(1)})),
            "SequenceInsert node (unnamed): item 3 of a sequence is of int64; expected float32");
  EXPECT_EQ(text(eager("SequenceAt", {floats({1}, {1}), index(0)})),
            "SequenceAt node (unnamed): input 0 is float32[1]; expected a sequence");
  EXPECT_EQ(text(eager("Relu", {three()})), "Relu node (unnamed): input 0 is of type sequence; expected a tensor");
}

TEST(Sequences, SplitTensorsAndJoinThem) {
  Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  Attributes columns = {{"axis", int64_t{1}}};
  EXPECT_EQ(text(eager("SplitToSequence", {x, index(2)}, columns)),
            "sequence[] (float32[2, 2] [[1, 2], [4, 5]], float32[2, 1] [[3], [6]])");
  EXPECT_EQ(text(eager("SplitToSequence", {x, Tensor::of<int64_t>({2}, {1, 2})}, columns)),
            "sequence[] (float32[2, 1] [[1], [4]], float32[2, 2] [[2, 3], [5, 6]])");
  EXPECT_EQ(text(eager("SplitToSequence", {x}, {{"keepdims", int64_t{0}}})),
            "sequence[] (float32[3] [1, 2, 3], float32[3] [4, 5, 6])");
  Tensor rows = eager("SplitToSequence", {x}, {{"keepdims", int64_t{0}}}).value();
  EXPECT_EQ(text(eager("ConcatFromSequence", {rows}, {{"axis", int64_t{0}}})), "float32[6] [1, 2, 3, 4, 5, 6]");
  EXPECT_EQ(text(eager("ConcatFromSequence", {rows}, {{"axis", int64_t{-1}}, {"new_axis", int64_t{1}}})),
            "float32[3, 2] [[1, 4], [2, 5], [3, 6]]");
  EXPECT_EQ(text(eager("ConcatFromSequence", {make_sequence({}).value()}, {{"axis", int64_t{0}}})),
            "ConcatFromSequence node (unnamed): the sequence is empty; expected a tensor or more");
}

TEST(Optionals, HoldSomethingOrNothing) {
  auto type = std::make_shared<const ValueType>(tensor_type(DType::f32));
  Tensor full = eager("Optional", {floats({1}, {7})}).value();
  Tensor empty = eager("Optional", {}, {{"type", Attribute(type)}}).value();
  EXPECT_EQ(text(eager("OptionalHasElement", {full})), "bool[] true");
  EXPECT_EQ(text(eager("OptionalHasElement", {empty})), "bool[] false");
  EXPECT_EQ(text(eager("OptionalHasElement", {})), "bool[] false");
  EXPECT_EQ(text(eager("OptionalHasElement", {three()})), "bool[] true");
  EXPECT_EQ(text(eager("OptionalGetElement", {full})), "float32[1] [7]");
  EXPECT_EQ(text(eager("OptionalGetElement", {floats({1}, {7})})), "float32[1] [7]");
  EXPECT_EQ(text(eager("OptionalGetElement", {empty})),
            "OptionalGetElement node (unnamed): the optional is empty; ask OptionalHasElement first");
}

TEST(Sequences, CompareItemByItem) {
  Tensor other = make_sequence({floats({1}, {1}), floats({2}, {2, 3.5}), floats({1}, {4})}).value();
  EXPECT_TRUE(identical(three(), three()));
  EXPECT_FALSE(identical(three(), other));
  Difference d = compare(other, three(), 0, 0.1).value();
  EXPECT_EQ(d.outside, 1);
  EXPECT_EQ(d.where, 1);
  EXPECT_EQ(compare(make_sequence({}).value(), three(), 0, 0).status().message(),
            "expected sequence of 3 items, found 0");
}

}  // namespace
}  // namespace slipway
