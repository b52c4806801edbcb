// Transposes moved towards the outputs: one sweep in the order of the nodes.
//
// While sweeping, `views_` knows of each value v that v = Transpose(source, permutation): dimension i of v is dimension
// permutation[i] of source, so axis a of v is axis permutation[a] of source.
#include "rewrite/sink_transposes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <string_view>

#include "ops/all.h"
#include "rewrite/elementwise.h"
#include "tensor/permute.h"

namespace slipway {

namespace {

using Permutation = std::vector<int64_t>;

struct View {
  ValueId source;
  Permutation permutation;
};

constexpr std::string_view kGradients[] = {"GeluGrad", "ReluGrad", "SigmoidGrad", "TanhGrad"};

template <size_t N>
bool among(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_identity(const Permutation& p) {
  for (size_t i = 0; i < p.size(); ++i) {
    if (p[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

Dims permuted_dims(const Dims& dims, const Permutation& p) {
  Dims out;
  for (int64_t i : p) out.push_back(dims[static_cast<size_t>(i)]);
  return out;
}

class Sweep {
 public:
  Sweep(Graph& graph, SinkThrough through)
      : graph_(graph), through_(through), views_(graph.value_count()), alias_(graph.value_count()) {}

  Status run() {
    std::vector<Node> nodes = std::move(graph_.nodes());
    graph_.nodes().clear();
    for (Node& node : nodes) {
      for (ValueId& in : node.inputs) in = resolved(in);
      if (!sink(node)) keep(std::move(node));
    }
    graph_.remove_dead_nodes();
    return verify(graph_);
  }

 private:
  ValueId resolved(ValueId id) const {
    bool aliased =
        id.valid() && static_cast<size_t>(id.index) < alias_.size() && alias_[static_cast<size_t>(id.index)].valid();
    return aliased ? alias_[static_cast<size_t>(id.index)] : id;
  }

  const View* view(ValueId id) const {
    if (!id.valid() || static_cast<size_t>(id.index) >= views_.size()) return nullptr;
    const View& v = views_[static_cast<size_t>(id.index)];
    return v.source.valid() ? &v : nullptr;
  }

  // Handles a Transpose; anything else stays as it is.
  void keep(Node node) {
    if (node.op_type != "Transpose" || !node.domain.empty() || !graph_.value(node.inputs[0]).dims) {
      graph_.add_node(std::move(node));
      return;
    }
    Permutation p = node.ints("perm");
    ValueId source = node.inputs[0];
    if (p.empty()) {
      p.resize(graph_.value(source).dims->size());
      std::iota(p.rbegin(), p.rend(), 0);
    }
    if (const View* below = view(source)) {
      p = permuted(std::span<const int64_t>(below->permutation), p);
      source = below->source;
    }
    transpose(source, p, node.outputs[0]);
  }

  bool is_output(ValueId id) const {
    return std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end();
  }

  // Makes `out` the value Transpose(source, p), with a node unless it is an alias.
  void transpose(ValueId source, const Permutation& p, ValueId out) {
    if (is_identity(p) && !is_output(out)) {
      alias_[static_cast<size_t>(out.index)] = source;
      return;
    }
    Node node;
    node.op_type = is_identity(p) ? "Identity" : "Transpose";
    node.op = all_operators().find(node.op_type);
    node.name = graph_.value(out).name;
    node.inputs = {source};
    node.outputs = {out};
    if (!is_identity(p)) {
      node.attributes.set("perm", p);
      if (static_cast<size_t>(out.index) < views_.size()) views_[static_cast<size_t>(out.index)] = {source, p};
    }
    graph_.add_node(std::move(node));
  }

  // The permutation common to every input of `node` that is a view; empty when there is none.
  Permutation common(const Node& node) const {
    Permutation p;
    for (ValueId in : node.inputs) {
      const View* v = view(in);
      if (v == nullptr) continue;
      if (!p.empty() && p != v->permutation) return {};
      p = v->permutation;
    }
    return p;
  }

  bool sink(Node& node) {
    if (node.op == nullptr) return false;
    Permutation p = common(node);
    if (p.empty()) return false;
    if (node.domain == "slipway" && through_ == SinkThrough::training && among(kGradients, node.op_type)) {
      return elementwise(node, p);
    }
    if (node.domain == "slipway") return through_ != SinkThrough::portable && sink_quantized(node, p);
    if (!node.domain.empty()) return false;
    if (rewrite::is_elementwise(node)) return elementwise(node, p);
    if (view(node.inputs[0]) == nullptr) return false;
    if (node.op_type == "Concat") return elementwise(node, p);
    if (rewrite::is_reduction(node) || node.op_type == "Squeeze") return reduction(node, p);
    if (node.op_type == "QuantizeLinear" || node.op_type == "DequantizeLinear") return quantization(node, p);
    if (node.op_type == "Split") return split(node, p);
    if (node.op_type == "Softmax" || node.op_type == "LogSoftmax") return softmax(node, p);
    if (node.op_type == "Pad") return pad(node, p);
    if (node.op_type == "Slice") return slice(node, p);
    if (node.op_type == "Reshape" || node.op_type == "Flatten") return reshape(node, p);
    return through_ != SinkThrough::portable && sink_internal(node, p);
  }

  bool sink_internal(Node& node, const Permutation& p) {
    if (node.op_type == "MaxPool" || node.op_type == "AveragePool") return pool(node, p);
    if (node.op_type == "GlobalAveragePool") return global_pool(node, p);
    if (node.op_type == "Gather") return gather(node, p);
    if (node.op_type == "Resize") return resize(node, p);
    return false;
  }

  bool sink_quantized(Node& node, const Permutation& p) {
    if (node.op_type == "QuantizedAdd") return elementwise(node, p);
    if (node.op_type == "QuantizedMap") {
      take_source(node);
      settle(std::move(node), p);
      return true;
    }
    if (node.op_type != "QuantizedAveragePool" || !from_channels_last(p)) return false;
    node.attributes.set("channels_last", int64_t{1});
    take_source(node);
    settle(std::move(node), p);
    return true;
  }

  // [N, C, ...] that is a view of [N, ..., C].
  static bool from_channels_last(const Permutation& p) {
    const auto rank = static_cast<int64_t>(p.size());
    return rank >= 3 && p[0] == 0 && p[1] == rank - 1 && std::is_sorted(p.begin() + 2, p.end());
  }

  int64_t axis_of(const Node& node, const Permutation& p, const char* name = "axis") const {
    int64_t axis = node.integer(name);
    return p[static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(p.size()) : axis)];
  }

  // Adds `node` with its outputs before the Transpose, and Transposes that make the old outputs of them.
  void settle(Node node, const Permutation& p) {
    Values outputs = node.outputs;
    Permutation inverse = inverse_permutation(p);
    for (ValueId& out : node.outputs) {
      if (!out.valid()) continue;
      Value old = graph_.value(out);
      out = graph_.add_value(graph_.fresh_name(old.name + "_sunk"), old.dtype,
                             old.dims ? std::optional(permuted_dims(*old.dims, inverse)) : std::nullopt);
    }
    Values sunk = node.outputs;
    graph_.add_node(std::move(node));
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].valid()) transpose(sunk[i], p, outputs[i]);
    }
  }

  // A constant of up to `p.size()` dimensions as it looks before the Transpose.
  ValueId unpermuted_constant(ValueId id, const Permutation& p) {
    const Value& value = graph_.value(id);
    if (value.data.count() == 1 && value.data.rank() == 0) return id;
    Shape shape = value.data.shape();
    shape.insert(shape.begin(), p.size() - shape.size(), 1);
    Tensor data = permuted(value.data.reshaped(std::move(shape)), inverse_permutation(p));
    bool trainable = value.trainable;
    ValueId out = graph_.add_constant(graph_.fresh_name(value.name + "_permuted"), std::move(data));
    graph_.value(out).trainable = trainable;
    return out;
  }

  bool may_transpose(ValueId id, const Permutation& p) const {
    const Value& value = graph_.value(id);
    return through_ == SinkThrough::training && !graph_.is_constant(id) && value.dims && value.dims->size() == p.size();
  }

  // The value that Transpose(., p) makes `id` of, by a Transpose.
  ValueId untransposed(ValueId id, const Permutation& p) {
    const Permutation inverse = inverse_permutation(p);
    const Value value = graph_.value(id);
    const ValueId out =
        graph_.add_value(graph_.fresh_name(value.name + "_moved"), value.dtype, permuted_dims(*value.dims, inverse));
    transpose(id, inverse, out);
    return out;
  }

  bool elementwise(Node& node, const Permutation& p) {
    for (ValueId in : node.inputs) {
      if (!in.valid() || view(in) != nullptr) continue;
      bool fits =
          graph_.is_constant(in) && graph_.value(in).data.shape().size() <= p.size() && !graph_.value(in).trainable;
      if (!fits && !may_transpose(in, p)) return false;
    }
    if (node.op_type == "Concat") node.attributes.set("axis", axis_of(node, p));
    for (ValueId& in : node.inputs) {
      if (!in.valid()) continue;
      if (view(in) != nullptr) {
        in = view(in)->source;
      } else {
        in = may_transpose(in, p) ? untransposed(in, p) : unpermuted_constant(in, p);
      }
    }
    settle(std::move(node), p);
    return true;
  }

  void take_source(Node& node) { node.inputs[0] = view(node.inputs[0])->source; }

  ValueId ints(const std::vector<int64_t>& values) {
    return graph_.add_constant(graph_.fresh_name("axes"),
                               Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values));
  }

  // The contents of input i as integers, when constant.
  std::optional<std::vector<int64_t>> constant_ints(const Node& node, size_t i) const {
    if (!node.has_input(i) || !graph_.is_constant(node.inputs[i])) return std::nullopt;
    return graph_.value(node.inputs[i]).data.to_ints();
  }

  bool reduction(Node& node, const Permutation& p) {
    std::optional<std::vector<int64_t>> axes = constant_ints(node, 1);
    if (!axes || axes->empty()) return false;
    const auto rank = static_cast<int64_t>(p.size());
    std::vector<bool> gone(p.size(), false);  // by dimension of the source
    for (int64_t& axis : *axes) {
      axis = p[static_cast<size_t>(axis < 0 ? axis + rank : axis)];
      gone[static_cast<size_t>(axis)] = true;
    }
    bool keepdims = node.op_type != "Squeeze" && node.integer("keepdims") != 0;
    Permutation after = p;
    if (!keepdims) {
      std::erase_if(after, [&](int64_t d) { return gone[static_cast<size_t>(d)]; });
      for (int64_t& d : after) d -= std::count(gone.begin(), gone.begin() + d, true);
    }
    std::sort(axes->begin(), axes->end());
    take_source(node);
    node.inputs[1] = ints(*axes);
    if (is_identity(after)) {
      graph_.add_node(std::move(node));
    } else {
      settle(std::move(node), after);
    }
    return true;
  }

  bool quantization(Node& node, const Permutation& p) {
    const auto& scale_dims = graph_.value(node.inputs[1]).dims;
    if (!scale_dims || scale_dims->size() > 1) return false;
    if (scale_dims->size() == 1) node.attributes.set("axis", axis_of(node, p));
    take_source(node);
    settle(std::move(node), p);
    return true;
  }

  bool split(Node& node, const Permutation& p) {
    node.attributes.set("axis", axis_of(node, p));
    take_source(node);
    settle(std::move(node), p);
    return true;
  }

  // Only where the axis ends up last, which is what other formats want it to be.
  bool softmax(Node& node, const Permutation& p) {
    int64_t axis = axis_of(node, p);
    if (axis + 1 != static_cast<int64_t>(p.size())) return false;
    node.attributes.set("axis", axis);
    take_source(node);
    settle(std::move(node), p);
    return true;
  }

  bool pad(Node& node, const Permutation& p) {
    std::optional<std::vector<int64_t>> pads = constant_ints(node, 1);
    if (!pads || node.has_input(3) || pads->size() != 2 * p.size()) return false;
    std::vector<int64_t> moved(pads->size());
    for (size_t i = 0; i < p.size(); ++i) {
      auto to = static_cast<size_t>(p[i]);
      moved[to] = (*pads)[i];
      moved[to + p.size()] = (*pads)[i + p.size()];
    }
    take_source(node);
    node.inputs[1] = ints(moved);
    settle(std::move(node), p);
    return true;
  }

  bool slice(Node& node, const Permutation& p) {
    std::vector<int64_t> axes;
    if (node.has_input(3)) {
      std::optional<std::vector<int64_t>> given = constant_ints(node, 3);
      if (!given) return false;
      axes = *given;
    } else {
      std::optional<std::vector<int64_t>> starts = constant_ints(node, 1);
      if (!starts) return false;
      axes.resize(starts->size());
      std::iota(axes.begin(), axes.end(), 0);
    }
    for (int64_t& axis : axes) axis = p[static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(p.size()) : axis)];
    take_source(node);
    node.inputs.resize(std::max<size_t>(node.inputs.size(), 4));
    node.inputs[3] = ints(axes);
    settle(std::move(node), p);
    return true;
  }

  // A Transpose that moves only dimensions of size 1 leaves the elements in order, so a Reshape behind it may skip it.
  bool reshape(Node& node, const Permutation& p) {
    const Dims& dims = *graph_.value(view(node.inputs[0])->source).dims;
    int64_t last = -1;
    for (int64_t d : p) {
      const Dim& dim = dims[static_cast<size_t>(d)];
      if (dim.known() && dim.size == 1) continue;
      if (d < last) return false;
      last = d;
    }
    if (node.op_type == "Flatten") {
      if (node.integer("axis") != 1 || p[0] != 0) return false;
    } else {
      std::optional<std::vector<int64_t>> shape = constant_ints(node, 1);
      if (!shape) return false;
      // A 0 copies the size at its place, which must not have moved.
      for (size_t i = 0; i < shape->size(); ++i) {
        if ((*shape)[i] == 0 && (i >= p.size() || p[i] != static_cast<int64_t>(i))) return false;
      }
    }
    take_source(node);
    graph_.add_node(std::move(node));
    return true;
  }

  // Only from [N, ..., C], which the internal poolings read.
  bool pool(Node& node, const Permutation& p) {
    if (!from_channels_last(p)) return false;
    const DType dtype = graph_.value(node.inputs[0]).dtype;
    const bool max = node.op_type == "MaxPool";
    if (node.has_output(1) || !(dtype == DType::f32 || (max && (dtype == DType::u8 || dtype == DType::i8)))) {
      return false;
    }
    node.op_type += "ChannelsLast";
    node.domain = "slipway";
    node.op = all_operators().find(node.op_type, node.domain);
    node.attributes.erase("storage_order");
    node.outputs.resize(1);
    take_source(node);
    settle(std::move(node), p);
    return true;
  }

  // The mean over all dimensions but the first two.
  bool global_pool(Node& node, const Permutation& p) {
    Permutation axes(p.begin() + 2, p.end());
    std::sort(axes.begin(), axes.end());
    node.op_type = "ReduceMean";
    node.op = all_operators().find(node.op_type);
    take_source(node);
    node.inputs.push_back(ints(axes));
    settle(std::move(node), p);
    return true;
  }

  // Indices of rank 1 leave the number of dimensions as it is.
  bool gather(Node& node, const Permutation& p) {
    const auto& indices = graph_.value(node.inputs[1]).dims;
    if (view(node.inputs[1]) != nullptr || !indices || indices->size() != 1) return false;
    node.attributes.set("axis", axis_of(node, p));
    take_source(node);
    settle(std::move(node), p);
    return true;
  }

  bool is_empty(ValueId id) const { return graph_.is_constant(id) && graph_.value(id).data.count() == 0; }

  // Scales or sizes move with their dimensions.
  bool resize(Node& node, const Permutation& p) {
    const size_t given = node.has_input(3) && !is_empty(node.inputs[3]) ? 3 : 2;
    if (node.has("axes") || node.text("coordinate_transformation_mode") == "tf_crop_and_resize") return false;
    if (!node.has_input(given) || !graph_.is_constant(node.inputs[given])) return false;
    const Tensor& factors = graph_.value(node.inputs[given]).data;
    if (factors.shape() != Shape{static_cast<int64_t>(p.size())}) return false;
    Tensor moved = factors.clone();
    for (size_t i = 0; i < p.size(); ++i) {
      std::memcpy(static_cast<std::byte*>(moved.mutable_raw()) + static_cast<size_t>(p[i]) * size_of(factors.dtype()),
                  static_cast<const std::byte*>(factors.raw()) + i * size_of(factors.dtype()),
                  size_of(factors.dtype()));
    }
    node.inputs[given] = graph_.add_constant(graph_.fresh_name("factors"), std::move(moved));
    take_source(node);
    settle(std::move(node), p);
    return true;
  }

  Graph& graph_;
  SinkThrough through_;
  std::vector<View> views_;     // by the graph's first value ids; values made here are never views
  std::vector<ValueId> alias_;  // values that turned out to be another value
};

}  // namespace

Status sink_transposes(Graph& graph, SinkThrough through) { return Sweep(graph, through).run(); }

}  // namespace slipway
