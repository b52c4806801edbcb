// Transpositions around a batch of matrix products become strides of the product's operands: what attention does with
// its heads costs no pass over memory then.
#include <algorithm>
#include <numeric>
#include <optional>

#include "rewrite/rewrite.h"

namespace slipway {
namespace {

using Permutation = std::vector<int64_t>;

// One product [..., m, k] [..., k, n] whose operands and result are permuted views.
struct Views {
  ValueId a, b;
  Permutation perm_a, perm_b, perm_y;
};

Permutation identity(size_t rank) {
  Permutation p(rank);
  std::iota(p.begin(), p.end(), 0);
  return p;
}

void swap_last(Permutation& p) { std::swap(p[p.size() - 2], p[p.size() - 1]); }

// The permutation of a Transpose; nullopt for other nodes.
std::optional<Permutation> permutation_of(const Node& node, size_t rank) {
  if (node.op_type != "Transpose" || !node.domain.empty()) return std::nullopt;
  Permutation permutation = node.ints("perm");
  if (permutation.size() != rank) return std::nullopt;
  return permutation;
}

class Fuse {
 public:
  explicit Fuse(Graph& graph) : graph_(graph), producers_(graph.producers()), uses_(graph.use_counts()) {
    for (size_t n = 0; n < graph.nodes().size(); ++n) {
      for (ValueId in : graph.nodes()[n].inputs) {
        if (in.valid()) readers_.resize(std::max(readers_.size(), static_cast<size_t>(in.index) + 1), -1);
        if (in.valid()) readers_[static_cast<size_t>(in.index)] = static_cast<int64_t>(n);
      }
    }
  }

  int run() {
    int changes = 0;
    for (Node& node : graph_.nodes()) {
      if (is_product(node) && fuse(node)) ++changes;
    }
    return changes;
  }

 private:
  size_t rank_of(ValueId id) const { return graph_.value(id).dims ? graph_.value(id).dims->size() : 0; }

  bool is_product(const Node& node) const {
    if (node.op_type != "MatMul" || !node.domain.empty() || node.has_input(2)) return false;
    if (node.has("perm_a") || node.has("perm_b") || node.has("perm_y")) return false;
    size_t rank = rank_of(node.inputs[0]);
    return rank > 2 && rank_of(node.inputs[1]) == rank && rank_of(node.outputs[0]) == rank &&
           graph_.value(node.inputs[0]).dtype == DType::f32;
  }

  // `id`, or what it is a transposition of; one of the last two dimensions must stay the innermost in memory.
  ValueId through(ValueId id, bool transposed, Permutation& permutation) const {
    size_t rank = rank_of(id);
    permutation = identity(rank);
    ValueId source = id;
    NodeId made_by = producers_[static_cast<size_t>(id.index)];
    if (made_by.valid()) {
      const Node& node = graph_.node(made_by);
      std::optional<Permutation> found = permutation_of(node, rank);
      auto innermost = static_cast<int64_t>(rank) - 1;
      if (found && ((*found)[rank - 1] == innermost || (*found)[rank - 2] == innermost)) {
        permutation = *found;
        source = node.inputs[0];
      }
    }
    if (transposed) swap_last(permutation);
    return source;
  }

  // The Transpose that alone reads `y`; nullptr: none.
  Node* transpose_of(ValueId y) {
    if (uses_[static_cast<size_t>(y.index)] != 1 || static_cast<size_t>(y.index) >= readers_.size()) return nullptr;
    int64_t reader = readers_[static_cast<size_t>(y.index)];
    if (reader < 0) return nullptr;
    Node& node = graph_.nodes()[static_cast<size_t>(reader)];
    return permutation_of(node, rank_of(y)) ? &node : nullptr;
  }

  bool fuse(Node& product) {
    Views v;
    v.a = through(product.inputs[0], product.integer("transpose_a") != 0, v.perm_a);
    v.b = through(product.inputs[1], product.integer("transpose_b") != 0, v.perm_b);
    bool moved = v.a != product.inputs[0] || v.b != product.inputs[1];
    size_t rank = rank_of(product.outputs[0]);
    v.perm_y = identity(rank);
    Node* after = transpose_of(product.outputs[0]);
    if (after != nullptr) {
      Permutation p = *permutation_of(*after, rank);
      auto rows = static_cast<int64_t>(rank) - 2;
      if (p.back() == rows) {  // (A B)ᵀ = Bᵀ Aᵀ
        std::swap(v.a, v.b);
        std::swap(v.perm_a, v.perm_b);
        swap_last(v.perm_a);
        swap_last(v.perm_b);
        for (int64_t& axis : p) axis = axis == rows ? rows + 1 : axis == rows + 1 ? rows : axis;
      }
      v.perm_y = p;
      if (p.back() != rows + 1) after = nullptr;
    }
    if (after == nullptr && !moved) return false;
    if (after == nullptr) v.perm_y = identity(rank);
    write(product, after, v);
    return true;
  }

  void write(Node& product, Node* after, const Views& v) {
    product.inputs = {v.a, v.b};
    product.attributes.erase("transpose_a");
    product.attributes.erase("transpose_b");
    product.attributes.set("perm_a", v.perm_a);
    product.attributes.set("perm_b", v.perm_b);
    product.attributes.set("perm_y", v.perm_y);
    if (after == nullptr) return;
    product.outputs[0] = after->outputs[0];
    after->outputs.assign(1, {});
  }

  Graph& graph_;
  std::vector<NodeId> producers_;
  std::vector<int> uses_;
  std::vector<int64_t> readers_;  // by value: a node that reads it
};

Result<int> apply(Graph& graph, const OperatorSet&) { return Fuse(graph).run(); }

}  // namespace

REWRITE(fuse_transpose) = {
    .name = "fuse_transpose",
    .doc = "Transpose before or behind a batch of MatMul becomes the product's strides",
    .order = 95,
    .apply = apply,
    .last = true,
};

}  // namespace slipway
