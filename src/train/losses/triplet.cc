// The loss of embeddings.
#include <fmt/format.h>

#include "train/losses/loss_card.h"

namespace slipway::train {

namespace {

// A. Hermans, L. Beyer, B. Leibe, "In Defense of the Triplet Loss", 2017 (batch hard): for each example, the farthest
// of its class in the batch against the nearest of another: max(0, margin + d+ - d-). The output is an embedding
// [N, D], labels are classes.
Result<LossParts> triplet(const LossContext& c) {
  Builder& b = c.b;
  if (b.rank(c.output) != 2) {
    return invalid(fmt::format("needs an output [batch, embedding]; found {}", to_string(b.dims(c.output))));
  }
  ValueId labels = b.graph().add_input("labels", DType::i64, Dims{b.dims(c.output)[0]});
  ValueId x = c.output, squares = b.op("ReduceSumSquare", {x, b.ints({1})}, {{"keepdims", int64_t{1}}});
  auto turned = [&](ValueId v) { return b.op("Transpose", {v}, {{"perm", std::vector<int64_t>{1, 0}}}); };
  ValueId cross = c.scaled(b.op("MatMul", {x, turned(x)}), -2);
  ValueId square = b.op("Relu", {b.add(b.add(squares, turned(squares)), cross)});
  ValueId d = b.op("Sqrt", {b.add(square, b.scalar(1e-12f))});
  ValueId same =
      c.floats(b.op("Equal", {b.op("Unsqueeze", {labels, b.ints({0})}), b.op("Unsqueeze", {labels, b.ints({1})})}));
  auto hardest = [&](const char* op, ValueId v) { return b.op(op, {v, b.ints({1})}, {{"keepdims", int64_t{0}}}); };
  // An example is no distance from itself; what rounding makes of it would be the farthest of a class of one.
  ValueId others = b.sub(same, b.op("EyeLike", {same}));
  ValueId positive = hardest("ReduceMax", b.mul(d, others));
  ValueId negative = hardest("ReduceMin", b.add(d, c.scaled(same, 1e6)));
  ValueId gap = b.add(b.sub(positive, negative), b.scalar(static_cast<float>(c.loss.margin)));
  return LossParts{labels, b.op("Relu", {gap}), {}, {}};
}

}  // namespace

LOSS(triplet) = {
    .name = "triplet",
    .doc =
        "max(0, margin + d+ - d-), the farthest example of the class against the nearest of another (batch hard); "
        "labels are class indices, and the model's output is an embedding.",
    .labels = Labels::indices,
    .parts = triplet,
    .fields = {kMargin},
};

}  // namespace slipway::train
