// The loss of sequences whose labels are not aligned with the output.
#include <fmt/format.h>

#include "train/losses.h"
#include "train/losses/loss_card.h"

namespace slipway::train {

namespace {

// A. Graves et al., "Connectionist Temporal Classification", ICML 2006. The output is [N, T, classes] with class 0 as
// the blank, labels are [N, L] of classes from 1, padded with 0.
Result<LossParts> ctc(const LossContext& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Softmax");
  if (b.rank(x) != 3) {
    return invalid(fmt::format("needs an output [batch, steps, classes]; found {}", to_string(b.dims(x))));
  }
  ValueId labels = b.graph().add_input("labels", DType::i64, Dims{b.dims(x)[0], Dim::named(kFreeLabels)});
  return LossParts{labels, b.ops("CtcLoss", {x, labels}, 2, {}, "slipway")[0], {}, {}};
}

}  // namespace

LOSS(ctc) = {
    .name = "ctc",
    .doc =
        "-log p of all paths that read as the labels; labels are class indices [N, L] from 1, padded with 0, for "
        "outputs [N, steps, classes] with class 0 as the blank (edit_distance reads the best path).",
    .labels = Labels::indices,
    .parts = ctc,
};

}  // namespace slipway::train
