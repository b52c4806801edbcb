// Channel shuffles spelled with Reshape and Transpose become a Gather of channels, which works in every layout.
//
//   ShuffleNet v2: [N, C, H, W] as [N C/G, G, H W], its first two dimensions exchanged, as [G, N, C/G, H, W], and of
//   that
//                  number k of dimension 0: the channels k, k + G, k + 2 G, …
//   ShuffleNet v1: [N, C, H, W] as [N, G, C/G, H, W], dimensions 1 and 2 exchanged, as [N, C, H, W]: channel i G + j of
//                  the result is channel j C/G + i
#include <optional>

#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

using Ints = std::vector<int64_t>;

struct Shuffle {
  ValueId x;
  Ints channels;
};

class Recognize {
 public:
  Recognize(Graph& graph, const OperatorSet& operators)
      : graph_(graph), operators_(operators), fixed_(graph), near_(graph) {}

  int run() {
    int changes = 0;
    for (Node& node : graph_.nodes()) {
      if (node.op == nullptr || !node.domain.empty()) continue;
      std::optional<Shuffle> shuffle;
      if (node.op_type == "Gather") shuffle = every_second(node);
      if (node.op_type == "Reshape") shuffle = interleaved(node);
      if (!shuffle) continue;
      Tensor indices = Tensor::of<int64_t>({static_cast<int64_t>(shuffle->channels.size())}, shuffle->channels);
      node.op_type = "Gather";
      node.op = operators_.find("Gather");
      node.inputs = {shuffle->x, graph_.add_constant(graph_.fresh_name("channels"), std::move(indices))};
      node.attributes = {};
      node.attributes.set("axis", int64_t{1});
      ++changes;
    }
    return changes;
  }

 private:
  std::optional<Shape> shape(ValueId id) const {
    const auto& dims = graph_.value(id).dims;
    return dims ? known_shape(*dims) : std::nullopt;
  }

  // [N, C, H, W] under a Reshape, a Transpose by `perm` and the view `split` between the two.
  struct Source {
    ValueId x;
    Shape shape, split;
  };
  std::optional<Source> source(ValueId transposed, const Ints& perm) const {
    const Node* transpose = near_.producer(transposed, "Transpose");
    if (transpose == nullptr || transpose->ints("perm") != perm) return std::nullopt;
    const Node* reshape = near_.producer(transpose->inputs[0], "Reshape");
    if (reshape == nullptr) return std::nullopt;
    std::optional<Shape> x = shape(reshape->inputs[0]), split = shape(reshape->outputs[0]);
    if (!x || x->size() != 4 || !split) return std::nullopt;
    return Source{reshape->inputs[0], *x, *split};
  }

  std::optional<Shuffle> every_second(const Node& gather) const {
    if (gather.integer("axis") != 0 || !fixed_(gather.inputs[1])) return std::nullopt;
    const Tensor& index = graph_.value(gather.inputs[1]).data;
    const Node* reshape = near_.producer(gather.inputs[0], "Reshape");
    if (reshape == nullptr || index.rank() != 0) return std::nullopt;
    std::optional<Source> s = source(reshape->inputs[0], {1, 0, 2});
    if (!s || s->split.size() != 3) return std::nullopt;
    const int64_t groups = s->split[1], each = groups > 0 ? s->shape[1] / groups : 0;
    const Shape expected = {groups, s->shape[0], each, s->shape[2], s->shape[3]};
    if (each * groups != s->shape[1] || each == 0 || s->split[2] != s->shape[2] * s->shape[3] ||
        shape(reshape->outputs[0]) != expected) {
      return std::nullopt;
    }
    int64_t k = index.to_ints()[0];
    if (k < 0) k += groups;
    Ints channels;
    for (int64_t i = 0; i < each; ++i) channels.push_back(i * groups + k);
    return Shuffle{s->x, channels};
  }

  std::optional<Shuffle> interleaved(const Node& reshape) const {
    std::optional<Source> s = source(reshape.inputs[0], {0, 2, 1, 3, 4});
    if (!s || s->split.size() != 5 || shape(reshape.outputs[0]) != s->shape) return std::nullopt;
    const int64_t groups = s->split[1], each = s->split[2];
    if (s->split != Shape{s->shape[0], groups, each, s->shape[2], s->shape[3]}) return std::nullopt;
    Ints channels;
    for (int64_t i = 0; i < each; ++i) {
      for (int64_t j = 0; j < groups; ++j) channels.push_back(j * each + i);
    }
    return Shuffle{s->x, channels};
  }

  Graph& graph_;
  const OperatorSet& operators_;
  rewrite::FixedValues fixed_;
  rewrite::Neighbours near_;
};

Result<int> apply(Graph& graph, const OperatorSet& operators) { return Recognize(graph, operators).run(); }

}  // namespace

REWRITE(channel_shuffle) = {
    .name = "channel_shuffle",
    .doc =
        "Reshape, Transpose and Reshape that shuffle channels, and a Gather behind them, become one Gather of channels",
    .order = 35,
    .apply = apply,
};

}  // namespace slipway
