// Losses as graph nodes.
#include "train/losses.h"

#include <fmt/format.h>

namespace slipway::train {

namespace {

struct Row {
  Loss loss;
  std::string_view name;
  std::string_view alias;
};

constexpr Row kLosses[] = {
    {Loss::sparse_categorical_crossentropy, "sparse_categorical_crossentropy", "crossentropy"},
    {Loss::binary_crossentropy, "binary_crossentropy", "bce"},
    {Loss::mean_squared_error, "mean_squared_error", "mse"},
};

// The value that goes into the activation `op_type` that makes `output`, or `output` itself.
ValueId before_activation(const Graph& graph, ValueId output, std::string_view op_type) {
  NodeId producer = graph.producers()[static_cast<size_t>(output.index)];
  if (!producer.valid() || graph.node(producer).op_type != op_type) return output;
  const Node& node = graph.node(producer);
  if (op_type == "Softmax") {
    int64_t rank = static_cast<int64_t>(graph.value(output).dims ? graph.value(output).dims->size() : 0);
    int64_t axis = node.integer("axis");
    if (axis != -1 && axis != rank - 1) return output;
  }
  return node.inputs[0];
}

Result<LossValues> sparse_categorical(Builder& b, ValueId output) {
  ValueId logits = before_activation(b.graph(), output, "Softmax");
  Dims dims = b.dims(logits);
  if (dims.size() < 2 || !dims.back().known()) {
    return invalid(
        fmt::format("sparse_categorical_crossentropy needs an output [batch, classes]; found {}", to_string(dims)));
  }
  Dims label_dims(dims.begin(), dims.end() - 1);
  ValueId labels = b.graph().add_input("labels", DType::i64, label_dims);
  ValueId flat_labels = labels;
  if (dims.size() > 2) {
    logits = b.op("Reshape", {logits, b.ints({-1, dims.back().size})});
    flat_labels = b.op("Reshape", {labels, b.ints({-1})});
  }
  Values out = b.ops("SparseSoftmaxCrossEntropy", {logits, flat_labels}, 3, {}, "slipway");
  return LossValues{labels, out[0], out[2]};
}

// mean(max(x, 0) - x y + log(1 + exp(-|x|))): the stable form of -y log σ(x) - (1 - y) log(1 - σ(x)).
Result<LossValues> binary(Builder& b, ValueId output) {
  ValueId x = before_activation(b.graph(), output, "Sigmoid");
  ValueId y = b.graph().add_input("labels", DType::f32, b.dims(output));
  ValueId tail = b.op("Softplus", {b.neg(b.op("Abs", {x}))});
  ValueId each = b.add(b.sub(b.op("Relu", {x}), b.mul(x, y)), tail);
  ValueId loss = b.op("ReduceMean", {each}, {{"keepdims", int64_t{0}}});
  ValueId guess = b.op("Greater", {x, b.scalar(0)});
  ValueId truth = b.op("Greater", {y, b.scalar(0.5f)});
  ValueId hits = b.op("Cast", {b.op("Equal", {guess, truth})}, {{"to", static_cast<int64_t>(DType::f32)}});
  return LossValues{y, loss, b.op("ReduceSum", {hits}, {{"keepdims", int64_t{0}}})};
}

Result<LossValues> squared(Builder& b, ValueId output) {
  ValueId y = b.graph().add_input("labels", DType::f32, b.dims(output));
  ValueId gap = b.sub(output, y);
  return LossValues{y, b.op("ReduceMean", {b.mul(gap, gap)}, {{"keepdims", int64_t{0}}}), {}};
}

}  // namespace

std::optional<Loss> loss_from_name(std::string_view name) {
  for (const Row& row : kLosses) {
    if (row.name == name || row.alias == name) return row.loss;
  }
  return std::nullopt;
}

std::string_view loss_name(Loss loss) { return kLosses[static_cast<int>(loss)].name; }

DType label_dtype(Loss loss) { return loss == Loss::sparse_categorical_crossentropy ? DType::i64 : DType::f32; }

Result<LossValues> add_loss(Builder& b, ValueId output, Loss loss) {
  if (!b.graph().value(output).dims) return invalid("the loss needs an output of known rank");
  Result<LossValues> values = [&] {
    switch (loss) {
      case Loss::sparse_categorical_crossentropy: return sparse_categorical(b, output);
      case Loss::binary_crossentropy: return binary(b, output);
      case Loss::mean_squared_error: return squared(b, output);
    }
    __builtin_unreachable();
  }();
  RETURN_IF_ERROR(b.status().at(loss_name(loss)));
  return values;
}

}  // namespace slipway::train
