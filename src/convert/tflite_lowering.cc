// The steps of lowering, in order.
#include "convert/tflite_lowering.h"

#include <algorithm>

#include <fmt/format.h>

#include "convert/expand_quantized.h"
#include "convert/lift_to_images.h"
#include "convert/lowering.h"
#include "convert/tflite_passes.h"
#include "convert/unroll_recurrent.h"
#include "rewrite/rewrite.h"
#include "rewrite/sink_transposes.h"

namespace slipway {

namespace {

using convert::Refusal;

constexpr size_t kMostRefusalsShown = 12;

Status refused(const std::vector<Refusal>& refusals) {
  std::string list;
  for (size_t i = 0; i < std::min(refusals.size(), kMostRefusalsShown); ++i) {
    list += fmt::format("\n  {}: {}", refusals[i].node, refusals[i].reason);
  }
  if (refusals.size() > kMostRefusalsShown)
    list += fmt::format("\n  and {} more", refusals.size() - kMostRefusalsShown);
  return unsupported(fmt::format("TensorFlow Lite cannot say {} of the model's nodes:{}", refusals.size(), list));
}

}  // namespace

Result<TfliteModel> lower_to_tflite(const Graph& graph) {
  if (!graph.updates.empty()) return unsupported("a training graph updates its weights; convert the model it trained");
  Graph work = graph;
  RETURN_IF_ERROR(infer_types(work));
  std::vector<Refusal> refusals;
  TRY(convert::unroll_recurrent(work, refusals));
  RETURN_IF_ERROR(rewrite::simplify(work));
  RETURN_IF_ERROR(rewrite::run(work, "recognize_activations"));
  int changes = TRY(convert::expand_quantized(work));
  changes += TRY(convert::undo_dynamic_quantization(work));
  if (changes > 0) RETURN_IF_ERROR(infer_types(work));
  convert::lift_to_images(work);
  // Behind a node of unknown meaning everything is unknown: it is the cause to name.
  for (const Node& node : work.nodes()) {
    if (node.op == nullptr) refusals.push_back({describe(node), "no operator card, so its meaning is not known here"});
  }
  if (!refusals.empty()) return refused(refusals);
  convert::lower_layers(work, refusals);
  RETURN_IF_ERROR(sink_transposes(work));
  // A layer refused above comes again below, where its card's words would hide the reason.
  size_t layers = refusals.size();
  TfliteModel model = convert::Lowering(work, refusals).run();
  std::vector<Refusal> unique(refusals.begin(), refusals.begin() + static_cast<std::ptrdiff_t>(layers));
  for (size_t i = layers; i < refusals.size(); ++i) {
    bool again =
        std::any_of(unique.begin(), unique.end(), [&](const Refusal& r) { return r.node == refusals[i].node; });
    if (!again) unique.push_back(refusals[i]);
  }
  if (!unique.empty()) return refused(unique);
  convert::fuse_activations(model);
  convert::quantize_before_movement(model);
  convert::compute_in_integers(model);
  convert::fold_dequantized(model);
  model.graph.remove_dead_nodes();
  return model;
}

}  // namespace slipway
