// ConcatFromSequence.
#include "ops/all.h"
#include "ops/control_flow.h"
#include "ops/evaluate.h"
#include "ops/sequences.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_sequence(c, 0));
  ValueType item = ops::element_of(c.type(0));
  if (item.dtype == DType::undefined) return {};
  int64_t axis = c.node().integer("axis");
  if (c.node().integer("new_axis") != 0) {
    c.set_type(0, TRY(ops::stacked(item, axis, Dim())));
    return {};
  }
  if (item.dims) {
    (*item.dims)[static_cast<size_t>(TRY(normalize_axis(axis, static_cast<int64_t>(item.dims->size()))))] = Dim();
  }
  c.set_type(0, item);
  return {};
}

Result<std::vector<Tensor>> eager(const Node& n, std::span<const Tensor> inputs) {
  const Sequence* sequence = TRY(ops::sequence_input(inputs, 0));
  std::vector<Tensor> items = sequence->items;
  if (items.empty()) return invalid("the sequence is empty; expected a tensor or more");
  Node concat;
  concat.op_type = "Concat";
  concat.op = all_operators().find("Concat");
  int64_t axis = n.integer("axis");
  if (n.integer("new_axis") != 0) {
    axis = TRY(normalize_axis(axis, items[0].rank() + 1));
    for (Tensor& item : items) {
      Shape shape = item.shape();
      if (static_cast<int64_t>(shape.size()) < axis) return invalid("the items of the sequence are not of one rank");
      shape.insert(shape.begin() + axis, 1);
      item = item.reshaped(std::move(shape));
    }
  }
  concat.attributes.set("axis", axis);
  for (size_t i = 0; i < items.size(); ++i) concat.inputs.push_back({static_cast<int32_t>(i)});
  concat.outputs = {{static_cast<int32_t>(items.size())}};
  return ops::evaluate(concat, items);
}

}  // namespace

OPERATOR(concat_from_sequence) = {
    .name = "ConcatFromSequence",
    .since = 11,
    .doc = "the tensors of a sequence joined along `axis`, or stacked along a new one.",
    .inputs = {1, 1},
    .attributes = {{{"axis", kRequiredInt}, {"new_axis", 0}}},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
