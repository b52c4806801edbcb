// A constant row, or one that training moves, added to a convolution or a matrix product becomes its bias.
#include <optional>

#include "rewrite/rewrite.h"

namespace slipway {
namespace {

class Fuse {
 public:
  explicit Fuse(Graph& graph)
      : graph_(graph), fixed_(graph), producers_(graph.producers()), uses_(graph.use_counts()) {}

  int run() {
    int changes = 0;
    for (size_t n = 0; n < graph_.nodes().size(); ++n) {
      if (graph_.nodes()[n].op_type != "Add" || !graph_.nodes()[n].domain.empty()) continue;
      for (size_t i = 0; i < 2; ++i) {
        if (!fuse(graph_.nodes()[n], i)) continue;
        ++changes;
        break;
      }
    }
    return changes;
  }

 private:
  // Input i of `add` is the product, the other one the row.
  bool fuse(Node& add, size_t i) {
    NodeId made_by = producer(add.inputs[i]);
    if (!made_by.valid() || uses_[static_cast<size_t>(add.inputs[i].index)] != 1 ||
        !graph_.is_constant(add.inputs[1 - i])) {
      return false;
    }
    Node& product = graph_.node(made_by);
    const auto& dims = graph_.value(add.inputs[i]).dims;
    if (product.op == nullptr || !product.domain.empty() || product.has_input(2) || !dims) return false;
    if (find_attribute(*product.op, "activation") == nullptr || !product.text("activation").empty()) return false;
    std::optional<Place> place = place_of(product, dims->size());
    if (!place) return false;
    const Value row = graph_.value(add.inputs[1 - i]);
    const Shape& shape = row.data.shape();
    if (row.dtype != DType::f32 || row.data.count() != place->channels || shape.size() > dims->size() ||
        shape.size() <= place->from_end || shape[shape.size() - 1 - place->from_end] != place->channels) {
      return false;
    }
    bool moves = !fixed_(add.inputs[1 - i]);
    if (moves && shape.size() != 1) return false;
    product.inputs.resize(3);
    product.inputs[2] =
        moves ? add.inputs[1 - i]
              : graph_.add_constant(graph_.fresh_name(row.name + "_bias"), row.data.reshaped({place->channels}));
    product.outputs[0] = add.outputs[0];
    add.outputs.assign(1, {});
    return true;
  }

  // Where the channels of a product lie among its dimensions, and how many there are.
  struct Place {
    int64_t channels;
    size_t from_end;
  };
  std::optional<Place> place_of(const Node& product, size_t rank) const {
    if (!graph_.is_constant(product.inputs[1]) || graph_.value(product.inputs[1]).dtype != DType::f32) {
      return std::nullopt;
    }
    const Shape& w = graph_.value(product.inputs[1]).data.shape();
    if (product.op_type == "Conv" && rank > 2) return Place{w[0], rank - 2};
    const auto& a = graph_.value(product.inputs[0]).dims;
    if (product.op_type != "MatMul" || w.size() != 2 || !a || a->size() < 2) return std::nullopt;
    return Place{w[product.integer("transpose_b") != 0 ? 0 : 1], 0};
  }

  NodeId producer(ValueId id) const {
    bool known = static_cast<size_t>(id.index) < producers_.size();
    return known ? producers_[static_cast<size_t>(id.index)] : NodeId();
  }

  Graph& graph_;
  rewrite::FixedValues fixed_;
  std::vector<NodeId> producers_;
  std::vector<int> uses_;
};

Result<int> apply(Graph& graph, const OperatorSet&) { return Fuse(graph).run(); }

}  // namespace

REWRITE(fuse_bias) = {
    .name = "fuse_bias",
    .doc = "Add of a constant or trained row behind Conv or MatMul with weights becomes the bias",
    .order = 70,
    .apply = apply,
    .last = true,
};

}  // namespace slipway
