// Zeros padded around the spatial dimensions become the convolution's own padding.
#include <algorithm>
#include <optional>

#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

using Ints = std::vector<int64_t>;

// [begin of each spatial dimension, end of each] when `pad` adds only zeros there and takes nothing away.
std::optional<Ints> zeros_around(const Graph& graph, const rewrite::FixedValues& fixed, const Node& pad) {
  if (pad.text("mode") != "constant" || pad.has_input(3) || !fixed(pad.inputs[1])) return std::nullopt;
  if (pad.has_input(2)) {
    if (!fixed(pad.inputs[2])) return std::nullopt;
    const Tensor& value = graph.value(pad.inputs[2]).data;
    if (value.count() != 1 || value.dtype() != DType::f32 || value.data<float>()[0] != 0) return std::nullopt;
  }
  Ints pads = graph.value(pad.inputs[1]).data.to_ints();
  const size_t rank = pads.size() / 2;
  if (rank < 3 || std::any_of(pads.begin(), pads.end(), [](int64_t p) { return p < 0; })) return std::nullopt;
  if (pads[0] != 0 || pads[1] != 0 || pads[rank] != 0 || pads[rank + 1] != 0) return std::nullopt;
  Ints around(pads.begin() + 2, pads.begin() + static_cast<std::ptrdiff_t>(rank));
  around.insert(around.end(), pads.begin() + static_cast<std::ptrdiff_t>(rank) + 2, pads.end());
  return around;
}

// Padding as wide as the window or wider would leave windows without any input, which no fast primitive takes.
bool fits(const Graph& graph, const Node& conv, const Ints& pads) {
  const auto& w = graph.value(conv.inputs[1]).dims;
  const size_t spatial = pads.size() / 2;
  if (!w || w->size() != spatial + 2) return false;
  Ints dilations = conv.ints("dilations");
  for (size_t i = 0; i < pads.size(); ++i) {
    const Dim& k = (*w)[2 + i % spatial];
    const int64_t d = dilations.empty() ? 1 : dilations[i % spatial];
    if (!k.known() || pads[i] > (k.size - 1) * d) return false;
  }
  return true;
}

Result<int> apply(Graph& graph, const OperatorSet&) {
  rewrite::FixedValues fixed(graph);
  rewrite::Neighbours near(graph);
  int changes = 0;
  for (Node& conv : graph.nodes()) {
    if (conv.op == nullptr || conv.op_type != "Conv" || !conv.domain.empty()) continue;
    const std::string auto_pad = conv.text("auto_pad");
    const Node* pad = near.producer(conv.inputs[0], "Pad");
    if (pad == nullptr || (auto_pad != "NOTSET" && auto_pad != "VALID")) continue;
    if (near.only_reader(conv.inputs[0], "Conv") == nullptr) continue;
    std::optional<Ints> pads = zeros_around(graph, fixed, *pad);
    if (!pads) continue;
    Ints own = auto_pad == "NOTSET" ? conv.ints("pads") : Ints();
    for (size_t i = 0; i < own.size() && i < pads->size(); ++i) (*pads)[i] += own[i];
    if (!fits(graph, conv, *pads)) continue;
    conv.attributes.erase("auto_pad");
    conv.attributes.set("pads", *pads);
    conv.inputs[0] = pad->inputs[0];
    ++changes;
  }
  return changes;
}

}  // namespace

REWRITE(fuse_pad) = {
    .name = "fuse_pad",
    .doc = "Pad with zeros before Conv becomes its `pads`",
    .order = 25,
    .apply = apply,
};

}  // namespace slipway
