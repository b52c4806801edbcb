// What is computed element by element from one uint8 tensor, and quantized again, becomes a table of 256 entries.
//
// A pair of DequantizeLinear and QuantizeLinear of the same scale is the table that changes nothing, and goes.
#include <algorithm>
#include <map>
#include <numeric>

#include "ops/evaluate.h"
#include "rewrite/elementwise.h"
#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

constexpr int64_t kEntries = 256;
// Scales here are single numbers (see table_of), so that quantization works element by element, too.
bool fits_in_a_table(const Node& node) {
  bool quantizes = node.op_type == "QuantizeLinear" || node.op_type == "DequantizeLinear";
  return rewrite::is_elementwise(node) || (quantizes && node.domain.empty() && node.op != nullptr);
}

class Tables {
 public:
  explicit Tables(Graph& graph) : graph_(graph), fixed_(graph), producers_(graph.producers()) {}

  int run(const OperatorSet& operators) {
    int changes = 0;
    const size_t nodes = graph_.nodes().size();
    for (size_t n = 0; n < nodes; ++n) {
      const Node& node = graph_.nodes()[n];
      if (node.op_type != "QuantizeLinear" || graph_.value(node.outputs[0]).dtype != DType::u8) continue;
      ValueId root;
      visited_ = 0;
      std::optional<Tensor> table = table_of(node.outputs[0], root, 0);
      if (!table || table->shape() != Shape{kEntries} || !same_dims(root, node.outputs[0])) continue;
      replace(n, root, *table, operators);
      ++changes;
    }
    return changes;
  }

 private:
  bool same_dims(ValueId a, ValueId b) const {
    const auto &left = graph_.value(a).dims, &right = graph_.value(b).dims;
    return left && right &&
           std::equal(left->begin(), left->end(), right->begin(), right->end(),
                      [](const Dim& x, const Dim& y) { return x.same(y); });
  }

  // The values of `v` for each value of `root`, the one uint8 tensor it is computed from.
  std::optional<Tensor> table_of(ValueId v, ValueId& root, int depth) {
    constexpr int kDeepest = 32, kMostNodes = 64;
    if (!v.valid() || depth > kDeepest || ++visited_ > kMostNodes) return std::nullopt;
    if (fixed_(v)) {
      const Tensor& data = graph_.value(v).data;
      if (data.count() != 1) return std::nullopt;
      return data.reshaped({});
    }
    const NodeId id = producers_[static_cast<size_t>(v.index)];
    const Node* node = id.valid() ? &graph_.node(id) : nullptr;
    if (node != nullptr && fits_in_a_table(*node) && node->outputs.size() == 1) {
      ValueId inner = root;
      std::vector<Tensor> inputs;
      for (ValueId in : node->inputs) {
        if (!in.valid()) {
          inputs.emplace_back();
          continue;
        }
        std::optional<Tensor> table = table_of(in, inner, depth + 1);
        if (!table) break;
        inputs.push_back(std::move(*table));
      }
      if (inputs.size() == node->inputs.size()) {
        Result<std::vector<Tensor>> result = ops::evaluate(*node, inputs);
        if (!result.ok()) return std::nullopt;
        root = inner;
        return (*result)[0];
      }
    }
    return depth > 0 ? all_values(v, root) : std::nullopt;
  }

  // `v` as the root.
  std::optional<Tensor> all_values(ValueId v, ValueId& root) const {
    if (graph_.value(v).dtype != DType::u8 || (root.valid() && root != v)) return std::nullopt;
    root = v;
    Tensor values(DType::u8, {kEntries});
    std::span<uint8_t> to = values.mutable_data<uint8_t>();
    std::iota(to.begin(), to.end(), uint8_t{0});
    return values;
  }

  void replace(size_t n, ValueId root, const Tensor& table, const OperatorSet& operators) {
    const ValueId result = graph_.nodes()[n].outputs[0];
    std::span<const uint8_t> entries = table.data<uint8_t>();
    bool same = true;
    for (size_t i = 0; i < entries.size(); ++i) same = same && entries[i] == i;
    Node node;
    node.op_type = same ? "Identity" : "QuantizedMap";
    node.domain = same ? "" : "slipway";
    node.op = operators.find(node.op_type, node.domain);
    node.name = graph_.nodes()[n].name;
    node.inputs = {root};
    if (!same) node.inputs.push_back(graph_.add_constant(graph_.fresh_name("table"), table));
    rewrite::produce_instead(graph_, n, result, std::move(node));
  }

  Graph& graph_;
  rewrite::FixedValues fixed_;
  std::vector<NodeId> producers_;
  int visited_ = 0;  // while making one table
};

Result<int> apply(Graph& graph, const OperatorSet& operators) { return Tables(graph).run(operators); }

}  // namespace

REWRITE(fuse_quantized_map) = {
    .name = "fuse_quantized_map",
    .doc = "element-wise operators between DequantizeLinear and QuantizeLinear of uint8 become one table",
    .order = 6,
    .apply = apply,
};

}  // namespace slipway
