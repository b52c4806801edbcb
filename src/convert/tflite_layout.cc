// Layers with weights and windows, from ONNX's [N, C, H, W] to TFLite's [N, H, W, C].
#include "convert/tflite_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "convert/resize_modes.h"
#include "convert/weights.h"
#include "ops/all.h"

namespace slipway::convert {

namespace {

const std::vector<int64_t> kToNhwc{0, 2, 3, 1};
const std::vector<int64_t> kToNchw{0, 3, 1, 2};

Dims moved(const Dims& dims, const std::vector<int64_t>& permutation) {
  Dims out;
  for (int64_t p : permutation) out.push_back(dims[static_cast<size_t>(p)]);
  return out;
}

// A window over an image's height and width, as a node's attributes say it.
struct Window {
  std::vector<int64_t> kernel, strides, dilations, begin, end;  // two of each
};

class Layers {
 public:
  Layers(Graph& graph, std::vector<Refusal>& refusals)
      : graph_(graph), refusals_(refusals), producers_(graph.producers()), source_(graph.nodes()) {}

  void run() {
    graph_.nodes().clear();
    for (const Node& node : source_) {
      Status status = node.domain.empty() ? lower(node) : Status();
      if (!status.ok()) refusals_.push_back({describe(node), status.message()});
      if (!done_) graph_.add_node(node);
      done_ = false;
    }
    graph_.remove_dead_nodes();
  }

 private:
  Status lower(const Node& node) {
    if (node.op_type == "Conv") return convolution(node);
    if (node.op_type == "MaxPool" || node.op_type == "AveragePool") return pool(node);
    if (node.op_type == "GlobalAveragePool") return global_pool(node, "ReduceMean");
    if (node.op_type == "GlobalMaxPool") return global_pool(node, "ReduceMax");
    if (node.op_type == "BatchNormalization") return batch_normalization(node);
    if (node.op_type == "Gemm") return gemm(node);
    if (node.op_type == "MatMul") return matmul(node);
    if (node.op_type == "Resize") return resize(node);
    if (node.op_type == "DepthToSpace" || node.op_type == "SpaceToDepth") return block(node);
    return {};
  }

  // Nodes and values. Types are given: the mixed graph has operators without cards.
  ValueId add(std::string_view op_type, std::string_view domain, Values inputs, DType dtype, Dims dims,
              Attributes attributes, std::string_view name) {
    ValueId out = graph_.add_value(graph_.fresh_name(name), dtype, std::move(dims));
    add_to(op_type, domain, std::move(inputs), out, std::move(attributes));
    return out;
  }
  void add_to(std::string_view op_type, std::string_view domain, Values inputs, ValueId out, Attributes attributes) {
    Node node;
    node.op_type = op_type;
    node.domain = domain;
    node.op = domain.empty() ? all_operators().find(op_type) : nullptr;
    node.name = graph_.value(out).name;
    node.inputs = std::move(inputs);
    node.outputs = {out};
    node.attributes = std::move(attributes);
    graph_.add_node(std::move(node));
  }
  ValueId ints(const std::vector<int64_t>& values) {
    return graph_.add_constant(graph_.fresh_name("ints"),
                               Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values));
  }
  const Dims* dims(ValueId id) const { return id.valid() && graph_.value(id).dims ? &*graph_.value(id).dims : nullptr; }

  ValueId to_nhwc(ValueId x) {
    const Value& value = graph_.value(x);
    return add("Transpose", "", {x}, value.dtype, moved(*value.dims, kToNhwc), {{"perm", kToNhwc}},
               value.name + "_nhwc");
  }

  // The node of domain "tflite" whose result, as [N, C, H, W], is `out`.
  void finish_image(std::string_view op_type, Values inputs, ValueId out, Attributes attributes) {
    const Value value = graph_.value(out);
    ValueId y = add(op_type, kTfliteDomain, std::move(inputs), value.dtype, moved(*value.dims, kToNhwc),
                    std::move(attributes), value.name + "_nhwc");
    add_to("Transpose", "", {y}, out, {{"perm", kToNchw}});
    done_ = true;
  }

  // Both are images [N, C, H, W] of known rank.
  Status check_images(const Node& node) const {
    const Dims* x = dims(node.inputs[0]);
    const Dims* y = dims(node.outputs[0]);
    if (x == nullptr || y == nullptr) return unsupported("the rank of its input is not known");
    if (x->size() != 4)
      return unsupported(fmt::format("TFLite has this for images [N, C, H, W] only; found {}", to_string(*x)));
    return {};
  }

  // Pads of the window over x: given, or derived from auto_pad. An output that rounds up reads past the end, which
  // then is padded too.
  Result<Window> window(const Node& node, std::vector<int64_t> kernel) const {
    Window w;
    w.kernel = std::move(kernel);
    w.strides = node.has("strides") ? node.ints("strides") : std::vector<int64_t>{1, 1};
    w.dilations = node.has("dilations") ? node.ints("dilations") : std::vector<int64_t>{1, 1};
    std::vector<int64_t> pads = node.has("pads") ? node.ints("pads") : std::vector<int64_t>{0, 0, 0, 0};
    std::string automatic = node.has("auto_pad") ? node.text("auto_pad") : "NOTSET";
    const Dims& x = *dims(node.inputs[0]);
    const Dims& y = *dims(node.outputs[0]);
    for (size_t d = 0; d < 2; ++d) {
      int64_t reach = (w.kernel[d] - 1) * w.dilations[d] + 1;
      bool known = x[d + 2].known() && y[d + 2].known();
      int64_t begin = automatic == "VALID" ? 0 : pads[d];
      int64_t end = automatic == "VALID" ? 0 : pads[d + 2];
      if (known) {
        int64_t needed = (y[d + 2].size - 1) * w.strides[d] + reach - x[d + 2].size;
        if (automatic == "SAME_UPPER") begin = std::max<int64_t>(0, needed) / 2;
        if (automatic == "SAME_LOWER") begin = (std::max<int64_t>(0, needed) + 1) / 2;
        end = std::max<int64_t>(0, needed - begin);
      } else if (automatic != "NOTSET" && automatic != "VALID") {
        return unsupported("its padding depends on a height or width that is not known");
      } else if (node.has("ceil_mode") && node.integer("ceil_mode") != 0) {
        return unsupported("ceil_mode over a height or width that is not known");
      }
      w.begin.push_back(begin);
      w.end.push_back(end);
    }
    return w;
  }

  // TFLite's SAME pads so that the output is input / stride rounded up, the odd one at the end.
  bool is_same(const Node& node, const Window& w) const {
    const Dims& x = *dims(node.inputs[0]);
    const Dims& y = *dims(node.outputs[0]);
    for (size_t d = 0; d < 2; ++d) {
      if (!x[d + 2].known() || !y[d + 2].known()) return false;
      int64_t out = (x[d + 2].size + w.strides[d] - 1) / w.strides[d];
      int64_t total =
          std::max<int64_t>(0, (out - 1) * w.strides[d] + (w.kernel[d] - 1) * w.dilations[d] + 1 - x[d + 2].size);
      if (y[d + 2].size != out || w.begin[d] != total / 2 || w.end[d] != total - total / 2) return false;
    }
    return true;
  }
  static bool is_valid(const Window& w) {
    auto zero = [](int64_t p) { return p == 0; };
    return std::all_of(w.begin.begin(), w.begin.end(), zero) && std::all_of(w.end.begin(), w.end.end(), zero);
  }

  // `x` as [N, H, W, C] with `value` around it.
  ValueId padded(ValueId x, const Window& w, float value) {
    const Value source = graph_.value(x);
    Dims to = *source.dims;
    for (size_t d = 0; d < 2; ++d) {
      if (to[d + 1].known())
        to[d + 1] = to[d + 1].size + w.begin[d] + w.end[d];
      else
        to[d + 1] = Dim();
    }
    Values inputs{x, ints({0, w.begin[0], w.begin[1], 0, 0, w.end[0], w.end[1], 0})};
    if (value != 0) inputs.push_back(graph_.add_constant(graph_.fresh_name("pad_value"), Tensor::scalar(value)));
    return add("Pad", "", std::move(inputs), source.dtype, std::move(to), {}, source.name + "_padded");
  }

  static Attributes window_attributes(const Window& w, bool same) {
    return {{"padding", std::string(same ? "SAME" : "VALID")}, {"stride_h", w.strides[0]}, {"stride_w", w.strides[1]}};
  }

  Status convolution(const Node& node) {
    RETURN_IF_ERROR(check_images(node));
    std::optional<Weight> filter = weight(node.inputs[1]);
    if (!filter) return unsupported("its filter is computed; TFLite's layout needs a constant one");
    const Shape& shape = filter->data.shape();  // [O, I / group, H, W]
    Window w = TRY(window(node, {shape[2], shape[3]}));
    int64_t group = node.has("group") ? node.integer("group") : 1;
    bool depthwise = group > 1 && shape[1] == 1;
    if (group > 1 && !depthwise) {
      return unsupported(
          fmt::format("{} groups of {} channels; TFLite has one group or one per channel", group, shape[1]));
    }
    bool same = is_same(node, w);
    ValueId x = to_nhwc(node.inputs[0]);
    if (!same && !is_valid(w)) x = padded(x, w, 0);
    Attributes attributes = window_attributes(w, same);
    attributes.set("dilation_h_factor", w.dilations[0]);
    attributes.set("dilation_w_factor", w.dilations[1]);
    if (depthwise) attributes.set("depth_multiplier", shape[0] / group);
    Values inputs{x, add_weight(graph_, permuted(*filter, depthwise ? std::vector<int64_t>{1, 2, 3, 0}
                                                                    : std::vector<int64_t>{0, 2, 3, 1}))};
    // Runtimes before 2021 insist on a bias.
    inputs.push_back(node.has_input(2) ? node.inputs[2] : zero_bias(shape[0]));
    finish_image(depthwise ? "DEPTHWISE_CONV_2D" : "CONV_2D", std::move(inputs), node.outputs[0],
                 std::move(attributes));
    return {};
  }

  ValueId zero_bias(int64_t size) {
    return graph_.add_constant(graph_.fresh_name("zero_bias"), Tensor(DType::f32, {size}));
  }

  Status pool(const Node& node) {
    RETURN_IF_ERROR(check_images(node));
    if (node.has_output(1)) return unsupported("its second output (indices) has no form in TFLite");
    Window w = TRY(window(node, node.ints("kernel_shape")));
    if (w.dilations[0] != 1 || w.dilations[1] != 1) return unsupported("TFLite's pools have no dilation");
    bool maximum = node.op_type == "MaxPool";
    bool same = is_same(node, w);
    bool counts_pad = !maximum && node.has("count_include_pad") && node.integer("count_include_pad") != 0;
    if (counts_pad && !is_valid(w)) same = false;
    if (!maximum && !counts_pad && !same && !is_valid(w)) {
      return unsupported(
          "an average that leaves out padding other than TFLite's SAME; set count_include_pad or pad evenly");
    }
    ValueId x = to_nhwc(node.inputs[0]);
    if (!same && !is_valid(w)) x = padded(x, w, maximum ? std::numeric_limits<float>::lowest() : 0.f);
    Attributes attributes = window_attributes(w, same);
    attributes.set("filter_height", w.kernel[0]);
    attributes.set("filter_width", w.kernel[1]);
    finish_image(maximum ? "MAX_POOL_2D" : "AVERAGE_POOL_2D", {x}, node.outputs[0], std::move(attributes));
    return {};
  }

  Status global_pool(const Node& node, const char* reduction) {
    RETURN_IF_ERROR(check_images(node));
    add_to(reduction, "", {node.inputs[0], ints({2, 3})}, node.outputs[0], {{"keepdims", int64_t{1}}});
    done_ = true;
    return {};
  }

  // y = x * s + (b - mean * s), s = scale / sqrt(variance + epsilon)
  Status batch_normalization(const Node& node) {
    RETURN_IF_ERROR(check_rank(node));
    if (node.integer("training_mode") != 0) return unsupported("training_mode; export the model for inference");
    std::vector<std::vector<double>> constants;
    for (size_t i = 1; i <= 4; ++i) {
      if (!graph_.is_constant(node.inputs[i])) return unsupported("its statistics are computed (a model in training)");
      constants.push_back(graph_.value(node.inputs[i]).data.to_doubles());
    }
    size_t channels = constants[0].size();
    Shape shape(dims(node.inputs[0])->size() - 1, 1);
    shape[0] = static_cast<int64_t>(channels);
    Tensor factor(DType::f32, shape), offset(DType::f32, shape);
    for (size_t c = 0; c < channels; ++c) {
      double s = constants[0][c] / std::sqrt(constants[3][c] + static_cast<double>(node.real("epsilon")));
      factor.mutable_data<float>()[c] = static_cast<float>(s);
      offset.mutable_data<float>()[c] = static_cast<float>(constants[1][c] - constants[2][c] * s);
    }
    const Value y = graph_.value(node.outputs[0]);
    ValueId scaled =
        add("Mul", "", {node.inputs[0], graph_.add_constant(graph_.fresh_name(y.name + "_factor"), factor)}, y.dtype,
            *y.dims, {}, y.name + "_scaled");
    add_to("Add", "", {scaled, graph_.add_constant(graph_.fresh_name(y.name + "_offset"), offset)}, node.outputs[0],
           {});
    done_ = true;
    return {};
  }
  Status check_rank(const Node& node) const {
    bool known =
        dims(node.inputs[0]) != nullptr && dims(node.outputs[0]) != nullptr && dims(node.inputs[0])->size() >= 2;
    return known ? Status() : unsupported("the rank of its input is not known or under 2");
  }

  Status block(const Node& node) {
    RETURN_IF_ERROR(check_images(node));
    int64_t size = node.integer("blocksize");
    ValueId x = to_nhwc(node.inputs[0]);
    if (node.op_type == "DepthToSpace" && node.text("mode") == "CRD") x = TRY(depth_first(x, size));
    finish_image(node.op_type == "DepthToSpace" ? "DEPTH_TO_SPACE" : "SPACE_TO_DEPTH", {x}, node.outputs[0],
                 {{"block_size", size}});
    return {};
  }

  // Channels of mode CRD (c, then place in the block) in the order of mode DCR (place in the block, then c).
  Result<ValueId> depth_first(ValueId x, int64_t size) {
    const Value value = graph_.value(x);
    if (!value.dims->back().known()) return unsupported("mode CRD over an unknown number of channels");
    int64_t places = size * size;
    int64_t depth = value.dims->back().size / places;
    std::vector<int64_t> from;
    for (int64_t place = 0; place < places; ++place) {
      for (int64_t c = 0; c < depth; ++c) from.push_back(c * places + place);
    }
    return add("Gather", "", {x, ints(from)}, value.dtype, *value.dims, {{"axis", int64_t{3}}}, value.name + "_dcr");
  }

  // Height and width of an image, both known, by the modes that TFLite has.
  Status resize(const Node& node) {
    RETURN_IF_ERROR(check_images(node));
    const Dims& x = *dims(node.inputs[0]);
    const Dims& y = *dims(node.outputs[0]);
    bool only_area = x[0].same(y[0]) && x[1].same(y[1]);
    for (size_t d = 2; d < 4; ++d) only_area = only_area && x[d].known() && y[d].known() && x[d].size > 0;
    if (!only_area) return unsupported("other than from one known height and width to another");
    std::string mode = node.text("mode");
    bool plain = node.integer("antialias") == 0 && node.integer("exclude_outside") == 0;
    if (mode == "cubic" || !plain) return unsupported("cubic or antialiased; TFLite has nearest and bilinear");
    std::array<ResizeAxis, 2> axes;
    for (size_t d = 0; d < 2; ++d) {
      auto ratio = static_cast<double>(y[d + 2].size) / static_cast<double>(x[d + 2].size);
      auto scale = TRY(given_scale(node, d + 2, ratio));
      axes[d] = {x[d + 2].size, y[d + 2].size, scale};
    }
    ResizeModes modes{mode == "linear", node.text("coordinate_transformation_mode"), node.text("nearest_mode")};
    std::optional<TfliteResize> flags = tflite_resize(modes, axes[0], axes[1]);
    if (!flags) {
      return unsupported(fmt::format("{} {} {}: TFLite reads other pixels under every mode it has", mode,
                                     modes.coordinate, modes.linear ? "" : modes.nearest));
    }
    ValueId size = graph_.add_constant(graph_.fresh_name("size"),
                                       Tensor::of<int64_t>({2}, {y[2].size, y[3].size}).cast(DType::i32));
    finish_image(
        modes.linear ? "RESIZE_BILINEAR" : "RESIZE_NEAREST_NEIGHBOR", {to_nhwc(node.inputs[0]), size}, node.outputs[0],
        {{"align_corners", int64_t{flags->align_corners}}, {"half_pixel_centers", int64_t{flags->half_pixel_centers}}});
    return {};
  }

  // The scale that the node gives for dimension d; `ratio` when it gives sizes.
  Result<double> given_scale(const Node& node, size_t d, double ratio) const {
    if (!node.has_input(2)) return ratio;
    const Tensor& scales = graph_.value(node.inputs[2]).data;
    if (!scales.defined()) return unsupported("its scales are computed");
    if (scales.count() == 0) return ratio;
    std::vector<double> values = scales.to_doubles();
    if (values.size() == 4) return values[d];
    return unsupported("scales for some axes only");
  }

  // [out, in] from [in, out], or as it is when `transposed` already. A computed one is left to a Transpose.
  ValueId matrix(ValueId b, bool transposed) {
    std::optional<Weight> constant = weight(b);
    if (transposed) return b;
    if (constant) {
      ValueId& once = matrices_[b];
      if (!once.valid()) once = add_weight(graph_, permuted(*constant, std::vector<int64_t>{1, 0}));
      return once;
    }
    const Value value = graph_.value(b);
    return add("Transpose", "", {b}, value.dtype, moved(*value.dims, {1, 0}), {{"perm", std::vector<int64_t>{1, 0}}},
               value.name + "_transposed");
  }

  // alpha and beta go into constants.
  Result<ValueId> scaled(ValueId id, float factor, const char* what) {
    if (factor == 1.f || !id.valid()) return id;
    const Value& value = graph_.value(id);
    if (!value.data.defined() || value.dtype != DType::f32) {
      return unsupported(fmt::format("{} = {} over an input that is no float constant", what, factor));
    }
    Tensor data = value.data.clone();
    for (float& x : data.mutable_data<float>()) x *= factor;
    return graph_.add_constant(graph_.fresh_name(value.name + "_scaled"), std::move(data));
  }

  Status gemm(const Node& node) {
    const Dims* b = dims(node.inputs[1]);
    RETURN_IF_ERROR(check_rank(node));
    if (b == nullptr) return unsupported("the rank of its second input is not known");
    ValueId weights = TRY(scaled(node.inputs[1], node.real("alpha"), "alpha"));
    ValueId bias = node.has_input(2) ? TRY(scaled(node.inputs[2], node.real("beta"), "beta")) : ValueId{};
    ValueId x = node.inputs[0];
    if (node.integer("transA") != 0) {
      const Value value = graph_.value(x);
      x = add("Transpose", "", {x}, value.dtype, moved(*value.dims, {1, 0}), {{"perm", std::vector<int64_t>{1, 0}}},
              value.name + "_transposed");
    }
    fully_connected(x, matrix(weights, node.integer("transB") != 0), bias, node.outputs[0]);
    return {};
  }

  Status matmul(const Node& node) {
    RETURN_IF_ERROR(check_rank(node));
    std::optional<Weight> constant = weight(node.inputs[1]);
    if (!constant || constant->data.rank() != 2) return {};  // BATCH_MATMUL, element by element of the batch
    fully_connected(node.inputs[0], matrix(node.inputs[1], false), {}, node.outputs[0]);
    return {};
  }

  // Whether `bias` is one number per column of `out`.
  bool per_column(ValueId bias, ValueId out) const {
    const Dims* b = dims(bias);
    const Dims* y = dims(out);
    if (b == nullptr || b->empty() || !b->back().known() || !y->back().known()) return false;
    bool row = std::all_of(b->begin(), b->end() - 1, [](const Dim& d) { return d.known() && d.size == 1; });
    return row && b->back().size == y->back().size;
  }

  void fully_connected(ValueId x, ValueId weights, ValueId bias, ValueId out) {
    const Value y = graph_.value(out);
    Attributes attributes{{"keep_num_dims", int64_t{y.dims->size() > 2}}};
    Values inputs{x, weights};
    bool fits = bias.valid() && per_column(bias, out);
    if (fits) inputs.push_back(dims(bias)->size() == 1 ? bias : flattened(bias));
    if (!bias.valid() || fits) {
      add_to("FULLY_CONNECTED", kTfliteDomain, std::move(inputs), out, std::move(attributes));
    } else {
      ValueId product = add("FULLY_CONNECTED", kTfliteDomain, std::move(inputs), y.dtype, *y.dims,
                            std::move(attributes), y.name + "_product");
      add_to("Add", "", {product, bias}, out, {});
    }
    done_ = true;
  }

  ValueId flattened(ValueId bias) {
    const Value value = graph_.value(bias);
    Shape shape{value.dims->back().size};
    if (value.data.defined()) return graph_.add_constant(graph_.fresh_name(value.name), value.data.reshaped(shape));
    return add("Reshape", "", {bias, ints(shape)}, value.dtype, to_dims(shape), {}, value.name + "_vector");
  }

  std::optional<Weight> weight(ValueId id) const { return weight_of(graph_, source_, producers_, id); }

  Graph& graph_;
  std::vector<Refusal>& refusals_;
  std::vector<NodeId> producers_;
  std::vector<Node> source_;
  std::map<ValueId, ValueId> matrices_;  // constant factors and what they became: every step of a sequence has the same
  bool done_ = false;                    // the node at hand was replaced
};

}  // namespace

void lower_layers(Graph& graph, std::vector<Refusal>& refusals) { Layers(graph, refusals).run(); }

}  // namespace slipway::convert
