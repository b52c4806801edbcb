// Static quantization: QuantizeLinear and DequantizeLinear around what computes in int8, with calibrated scales.
//
// Symmetric int8 weights by output channel, int8 activations, int32 biases with the product of both scales: what ONNX
// Runtime fuses and what TFLite's 8-bit specification asks for.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "optimize/layers.h"
#include "optimize/pass.h"

namespace slipway {

namespace {

using optimize::Int8Weight;
using optimize::Layer;

constexpr int kLow = -128;
constexpr int kHigh = 127;

// real = scale * (stored - zero_point)
struct Scale {
  float scale = 1;
  int zero_point = 0;
};

Scale scale_of(const Range& range) {
  double width = static_cast<double>(range.high) - static_cast<double>(range.low);
  if (width <= 0) return {};
  auto scale = std::max(static_cast<float>(width / (kHigh - kLow)), std::numeric_limits<float>::min());
  double zero = kLow - static_cast<double>(range.low) / static_cast<double>(scale);
  return {scale, static_cast<int>(std::clamp(std::nearbyint(zero), double{kLow}, double{kHigh}))};
}

// Which nodes compute in int8 and which values are stored so: decided before anything changes.
class Decision {
 public:
  Decision(const Graph& graph, std::vector<std::string>& skipped) : graph_(graph), uses_(graph.use_counts()) {
    for (const Layer& layer : optimize::layers(graph, &skipped)) {
      const Node& node = graph.nodes()[layer.node];
      std::optional<std::string> why = unfit(node, layer);
      if (why) {
        skipped.push_back(fmt::format("{}: {}", describe(node), *why));
      } else {
        layers_.emplace(layer.node, layer);
        calibrated_.insert(node.inputs[0]);
      }
    }
    for (size_t n = 0; n < graph.nodes().size(); ++n) decide(n);
  }

  const std::map<size_t, Layer>& layers() const { return layers_; }
  // Values with a scale from calibration, with one from their card, and with that of another value.
  const std::set<ValueId>& calibrated() const { return calibrated_; }
  const std::map<ValueId, Scale>& fixed() const { return fixed_; }
  const std::map<ValueId, ValueId>& same() const { return same_; }
  // Constants that element-wise operators in int8 read.
  const std::set<ValueId>& constants() const { return constants_; }

 private:
  std::optional<std::string> unfit(const Node& node, const Layer& layer) const {
    if (node.op_type != "Conv") {
      if (std::optional<std::string> why = optimize::not_plain_product(graph_, node)) return why;
    }
    if (!node.has_input(2)) return std::nullopt;
    const Value& bias = graph_.value(node.inputs[2]);
    const int64_t channels = graph_.value(layer.weight).data.dim(layer.channel_axis);
    const bool vector = bias.data.defined() && bias.dtype == DType::f32 && bias.data.rank() == 1;
    if (vector && bias.data.count() == channels) return std::nullopt;
    return fmt::format("its bias is no constant vector of {} numbers", channels);
  }

  bool quantized(ValueId v) const { return calibrated_.contains(v) || fixed_.contains(v) || same_.contains(v); }

  static bool is_activation(const Node& node) { return node.op_type == "Relu" || node.op_type == "Clip"; }

  // The activation that is the one reader of `v`, with which its maker is one operator in int8.
  bool joined_to_activation(ValueId v) const {
    if (uses_[static_cast<size_t>(v.index)] != 1) return false;
    return std::any_of(graph_.nodes().begin(), graph_.nodes().end(), [&](const Node& node) {
      return is_activation(node) && !node.inputs.empty() && node.inputs[0] == v;
    });
  }

  void calibrate_output(const Node& node) {
    ValueId y = node.outputs[0];
    if (joined_to_activation(y)) {
      joined_.insert(y);
    } else {
      calibrated_.insert(y);
    }
  }

  void decide(size_t n) {
    const Node& node = graph_.nodes()[n];
    if (layers_.contains(n)) return calibrate_output(node);
    if (node.op == nullptr || node.inputs.empty() || node.outputs.size() != 1) return;
    if (graph_.value(node.outputs[0]).dtype != DType::f32) return;
    ValueId x = node.inputs[0];
    if (is_activation(node) && (joined_.contains(x) || quantized(x))) {
      calibrated_.insert(node.outputs[0]);
    } else if (node.op->quant.kind == Quant::rescales && reads_quantized(node)) {
      calibrate_output(node);
    } else if (node.op->quant.kind == Quant::passes && quantized(x)) {
      same_[node.outputs[0]] = x;
    } else if (node.op->quant.kind == Quant::fixed_output && quantized(x) && !is_output(node.outputs[0])) {
      fixed_[node.outputs[0]] = {node.op->quant.scale, node.op->quant.zero_point};
    }
  }

  bool is_output(ValueId v) const {
    return std::find(graph_.outputs.begin(), graph_.outputs.end(), v) != graph_.outputs.end();
  }

  // Every float32 input is stored in int8 or is a constant that can be.
  bool reads_quantized(const Node& node) {
    bool any = false;
    std::vector<ValueId> constants;
    for (ValueId in : node.inputs) {
      if (!in.valid() || graph_.value(in).dtype != DType::f32) continue;
      if (graph_.is_constant(in)) {
        constants.push_back(in);
      } else if (quantized(in)) {
        any = true;
      } else {
        return false;
      }
    }
    if (any) constants_.insert(constants.begin(), constants.end());
    return any;
  }

  const Graph& graph_;
  std::vector<int> uses_;
  std::map<size_t, Layer> layers_;
  std::set<ValueId> calibrated_;
  std::map<ValueId, Scale> fixed_;
  std::map<ValueId, ValueId> same_;
  std::set<ValueId> constants_;
  std::set<ValueId> joined_;  // between a layer and its activation
};

class Quantizer {
 public:
  Quantizer(Graph& graph, const Decision& decision, const std::map<std::string, Range>& ranges)
      : graph_(graph), decision_(decision), builder_(graph, all_operators()) {
    for (ValueId v : decision.calibrated()) scales_[v] = scale_of(ranges.at(graph.value(v).name));
    for (const auto& [v, scale] : decision.fixed()) scales_[v] = scale;
    // Sources come before what passes them on.
    for (const Node& node : graph.nodes()) {
      for (ValueId out : node.outputs) {
        auto it = decision.same().find(out);
        if (it != decision.same().end()) scales_[out] = scales_.at(it->second);
      }
    }
  }

  Status run() {
    std::vector<Node> nodes = std::move(graph_.nodes());
    graph_.nodes().clear();
    for (ValueId in : graph_.inputs) {
      if (scales_.contains(in)) replaced_[in] = quantize(in, {});
    }
    for (ValueId id : decision_.constants()) replaced_[id] = constant(id);
    for (size_t n = 0; n < nodes.size(); ++n) {
      auto layer = decision_.layers().find(n);
      if (layer != decision_.layers().end()) store_weights(nodes[n], layer->second);
      add(std::move(nodes[n]));
    }
    RETURN_IF_ERROR(builder_.status());
    graph_ = compacted(graph_);
    return verify(graph_);
  }

  int64_t changed() const { return changed_; }

 private:
  // DequantizeLinear(QuantizeLinear(x)), as the value `out` when that is given.
  ValueId quantize(ValueId x, ValueId out) {
    const Scale& s = scales_.at(out.valid() ? out : x);
    ValueId scale = builder_.constant(Tensor::scalar(s.scale), "scale");
    ValueId zero = builder_.constant(Tensor::scalar(static_cast<int8_t>(s.zero_point)), "zero_point");
    ValueId real = builder_.op("DequantizeLinear", {builder_.op("QuantizeLinear", {x, scale, zero}), scale, zero});
    if (!out.valid() || !builder_.status().ok()) return real;
    graph_.nodes().back().outputs[0] = out;
    return out;
  }

  // A value that is stored keeps its id behind the DequantizeLinear, so that all readers see what int8 keeps of it.
  void add(Node node) {
    for (ValueId& in : node.inputs) {
      auto it = replaced_.find(in);
      if (it != replaced_.end()) in = it->second;
    }
    std::vector<std::pair<ValueId, ValueId>> stored;
    for (ValueId& out : node.outputs) {
      if (!out.valid() || !scales_.contains(out)) continue;
      const Value value = graph_.value(out);
      ValueId before = graph_.add_value(graph_.fresh_name(value.name + "_float"), value.dtype, value.dims);
      stored.emplace_back(before, out);
      out = before;
    }
    graph_.add_node(std::move(node));
    for (auto [before, after] : stored) quantize(before, after);
  }

  ValueId dequantized(Tensor stored, const std::vector<float>& scales, int64_t axis, const std::string& name) {
    auto channels = static_cast<int64_t>(scales.size());
    Values inputs{builder_.constant(stored, name),
                  builder_.constant(Tensor::of<float>({channels}, scales), name + "_scale")};
    if (stored.dtype() == DType::i8)
      inputs.push_back(builder_.constant(Tensor(DType::i8, {channels}), name + "_zero_point"));
    return builder_.op("DequantizeLinear", std::move(inputs), {{"axis", axis}});
  }

  // Weights in int8, the bias in int32 with scale x_scale * w_scale.
  void store_weights(Node& node, const Layer& layer) {
    const Value weight = graph_.value(layer.weight);
    changed_ += weight.data.count();
    float x_scale = scales_.at(node.inputs[0]).scale;
    std::vector<float> least;
    if (node.has_input(2)) {
      least = optimize::least_weight_scales(graph_.value(node.inputs[2]).data.data<float>(), x_scale);
    }
    Int8Weight int8 = optimize::quantize_weight(weight.data, layer.channel_axis, least);
    node.inputs[1] = dequantized(int8.data, int8.scale, layer.channel_axis, weight.name + "_int8");
    if (!node.has_input(2)) return;
    const Value bias = graph_.value(node.inputs[2]);
    Tensor stored(DType::i32, bias.data.shape());
    for (size_t c = 0; c < int8.scale.size(); ++c) {
      int8.scale[c] *= x_scale;
      double real = static_cast<double>(bias.data.data<float>()[c]) / static_cast<double>(int8.scale[c]);
      stored.mutable_data<int32_t>()[c] = static_cast<int32_t>(std::clamp<double>(
          std::nearbyint(real), std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
    }
    node.inputs[2] = dequantized(std::move(stored), int8.scale, 0, bias.name + "_int32");
  }

  // A constant of an element-wise operator: one scale, over its own range.
  ValueId constant(ValueId id) {
    const Value value = graph_.value(id);
    Range range;
    for (float x : value.data.data<float>()) range = {std::min(range.low, x), std::max(range.high, x)};
    Scale s = scale_of(range);
    Tensor stored(DType::i8, value.data.shape());
    std::span<const float> from = value.data.data<float>();
    for (size_t i = 0; i < from.size(); ++i) {
      stored.mutable_data<int8_t>()[i] = static_cast<int8_t>(
          std::clamp<float>(std::nearbyint(from[i] / s.scale) + static_cast<float>(s.zero_point), kLow, kHigh));
    }
    return builder_.op(
        "DequantizeLinear",
        {builder_.constant(stored, value.name + "_int8"), builder_.constant(Tensor::scalar(s.scale), "scale"),
         builder_.constant(Tensor::scalar(static_cast<int8_t>(s.zero_point)), "zero_point")});
  }

  Graph& graph_;
  const Decision& decision_;
  Builder builder_;
  std::map<ValueId, Scale> scales_;
  std::map<ValueId, ValueId> replaced_;
  int64_t changed_ = 0;
};

Result<PassResult> apply(Graph& graph, const PassOptions& options) {
  PassResult result;
  Decision decision(graph, result.skipped);
  std::vector<ValueId> values(decision.calibrated().begin(), decision.calibrated().end());
  std::map<std::string, Range> ranges = TRY(calibrate(graph, values, options.samples, options.calibrate));
  Quantizer quantizer(graph, decision, ranges);
  RETURN_IF_ERROR(quantizer.run());
  result.changed = quantizer.changed();
  return result;
}

}  // namespace

PASS(quantize_static) = {
    .name = "quantize_static",
    .doc =
        "Stores weights as int8 by output channel and activations as int8 with calibrated scales, as pairs of "
        "QuantizeLinear and DequantizeLinear (B. Jacob et al. 2018, \"Quantization and Training of Neural Networks for "
        "Efficient Integer-Arithmetic-Only Inference\").",
    .apply = apply,
};

}  // namespace slipway
