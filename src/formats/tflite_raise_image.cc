// TFLite's layers over images and features in ONNX: convolutions, pools, fully connected, resizing.
#include <array>

#include <fmt/format.h>

#include "formats/tflite_raise.h"

namespace slipway {

namespace {

const std::vector<int64_t> kToNchw{0, 3, 1, 2};
const std::vector<int64_t> kToNhwc{0, 2, 3, 1};

struct Window {
  std::array<int64_t, 2> kernel{}, strides{}, dilations{1, 1};
};

Status check_image(Raiser& r, const Node& node) {
  if (!node.has_input(0) || r.dims(node.inputs[0]).size() != 4) return data_loss("its input is no image [N, H, W, C]");
  return {};
}

Result<Window> window(const Node& node, int64_t kernel_h, int64_t kernel_w) {
  Window w;
  w.kernel = {kernel_h, kernel_w};
  w.strides = {node.integer("stride_h"), node.integer("stride_w")};
  if (node.has("dilation_h_factor")) {
    w.dilations = {node.integer("dilation_h_factor"), node.integer("dilation_w_factor")};
  }
  for (size_t d = 0; d < 2; ++d) {
    if (w.kernel[d] < 1 || w.strides[d] < 1 || w.dilations[d] < 1) {
      return data_loss(fmt::format("kernel {}, stride {} and dilation {} must be positive", w.kernel[d], w.strides[d],
                                   w.dilations[d]));
    }
  }
  return w;
}

// SAME: the output is as large as the input over the stride, and an odd pad goes to the end.
void set_padding(Raiser& r, const Node& node, const Window& w, Attributes& attributes) {
  if (node.text("padding") == "VALID") return;
  const Dims& dims = r.dims(node.inputs[0]);
  if (!dims[1].known() || !dims[2].known()) {
    attributes.set("auto_pad", std::string("SAME_UPPER"));
    return;
  }
  std::vector<int64_t> pads(4);
  for (size_t d = 0; d < 2; ++d) {
    int64_t in = dims[d + 1].size;
    int64_t out = (in + w.strides[d] - 1) / w.strides[d];
    int64_t total = std::max<int64_t>(0, (out - 1) * w.strides[d] + (w.kernel[d] - 1) * w.dilations[d] + 1 - in);
    pads[d] = total / 2;
    pads[d + 2] = total - total / 2;
  }
  attributes.set("pads", pads);
}

std::vector<int64_t> vector_of(const std::array<int64_t, 2>& a) { return {a[0], a[1]}; }

Status convolution(Raiser& r, const Node& node, int64_t group, const Window& w, const std::vector<int64_t>& filter) {
  Attributes attributes{{"kernel_shape", vector_of(w.kernel)},
                        {"strides", vector_of(w.strides)},
                        {"dilations", vector_of(w.dilations)},
                        {"group", group}};
  set_padding(r, node, w, attributes);
  Values inputs{r.transposed(r.input(node, 0), kToNchw), r.filter(node, 1, filter)};
  if (node.has_input(2)) inputs.push_back(r.input(node, 2));
  ValueId y = TRY(r.activated(node, r.op("Conv", std::move(inputs), std::move(attributes))));
  r.set(node, 0, r.transposed(y, kToNhwc));
  return {};
}

Result<Shape> filter_shape(Raiser& r, const Node& node) {
  std::optional<Shape> shape = node.has_input(1) ? known_shape(r.dims(node.inputs[1])) : std::nullopt;
  if (!shape || shape->size() != 4) return data_loss("its filter has not four known sizes");
  return *shape;
}

// Filter [O, H, W, I/groups].
Status conv_2d(Raiser& r, const Node& node) {
  RETURN_IF_ERROR(check_image(r, node));
  Shape filter = TRY(filter_shape(r, node));
  Window w = TRY(window(node, filter[1], filter[2]));
  const Dim& channels = r.dims(node.inputs[0])[3];
  int64_t group = channels.known() && filter[3] > 0 ? std::max<int64_t>(1, channels.size / filter[3]) : 1;
  return convolution(r, node, group, w, {0, 3, 1, 2});
}

// Filter [1, H, W, C * multiplier].
Status depthwise_conv_2d(Raiser& r, const Node& node) {
  RETURN_IF_ERROR(check_image(r, node));
  Shape filter = TRY(filter_shape(r, node));
  Window w = TRY(window(node, filter[1], filter[2]));
  const Dim& channels = r.dims(node.inputs[0])[3];
  int64_t multiplier = std::max<int64_t>(1, node.integer("depth_multiplier"));
  return convolution(r, node, channels.known() ? channels.size : filter[3] / multiplier, w, {3, 0, 1, 2});
}

Status pool(Raiser& r, const Node& node, const char* op_type) {
  RETURN_IF_ERROR(check_image(r, node));
  Window w = TRY(window(node, node.integer("filter_height"), node.integer("filter_width")));
  Attributes attributes{{"kernel_shape", vector_of(w.kernel)}, {"strides", vector_of(w.strides)}};
  set_padding(r, node, w, attributes);
  ValueId y = r.op(op_type, {r.transposed(r.input(node, 0), kToNchw)}, std::move(attributes));
  r.set(node, 0, r.transposed(TRY(r.activated(node, y)), kToNhwc));
  return {};
}
Status average_pool(Raiser& r, const Node& node) { return pool(r, node, "AveragePool"); }
Status max_pool(Raiser& r, const Node& node) { return pool(r, node, "MaxPool"); }

// y = x W^T + b, W: [out, in].
Status fully_connected(Raiser& r, const Node& node) {
  if (node.integer("weights_format") != 0) return unsupported("shuffled weights are not known here");
  if (!node.has_input(1) || r.dims(node.inputs[1]).size() != 2) return data_loss("its weights are no matrix");
  const Dims& weights = r.dims(node.inputs[1]);
  ValueId x = r.input(node, 0);
  const Dims& dims = r.dims(node.inputs[0]);
  ValueId y;
  if (node.integer("keep_num_dims") != 0 && dims.size() > 2) {
    y = r.op("MatMul", {x, r.filter(node, 1, {1, 0})});
    if (node.has_input(2)) y = r.op("Add", {y, r.input(node, 2)});
  } else {
    if (dims.size() != 2) x = r.op("Reshape", {x, r.constant_ints({-1, weights[1].size})});
    Values inputs{x, r.input(node, 1)};
    if (node.has_input(2)) inputs.push_back(r.input(node, 2));
    y = r.op("Gemm", std::move(inputs), {{"transB", int64_t{1}}});
  }
  r.set(node, 0, TRY(r.activated(node, y)));
  return {};
}

Status block(Raiser& r, const Node& node, const char* op_type) {
  RETURN_IF_ERROR(check_image(r, node));
  Attributes attributes{{"blocksize", node.integer("block_size")}};
  ValueId y = r.op(op_type, {r.transposed(r.input(node, 0), kToNchw)}, std::move(attributes));
  r.set(node, 0, r.transposed(y, kToNhwc));
  return {};
}
Status depth_to_space(Raiser& r, const Node& node) { return block(r, node, "DepthToSpace"); }
Status space_to_depth(Raiser& r, const Node& node) { return block(r, node, "SpaceToDepth"); }

Status resize(Raiser& r, const Node& node, const char* mode) {
  RETURN_IF_ERROR(check_image(r, node));
  std::vector<int64_t> size = TRY(r.ints(node, 1, "sizes"));
  const Dims& dims = r.dims(node.inputs[0]);
  if (size.size() != 2) return data_loss(fmt::format("{} sizes; expected a height and a width", size.size()));
  bool aligned = node.integer("align_corners") != 0;
  bool half_pixel = node.integer("half_pixel_centers") != 0;
  Attributes attributes{{"mode", std::string(mode)},
                        {"coordinate_transformation_mode",
                         std::string(aligned ? "align_corners" : (half_pixel ? "half_pixel" : "asymmetric"))},
                        {"nearest_mode", std::string(aligned || half_pixel ? "round_prefer_ceil" : "floor")}};
  bool known = dims[0].known() && dims[3].known();
  if (!known) attributes.set("axes", std::vector<int64_t>{2, 3});
  ValueId sizes = r.constant_ints(known ? std::vector<int64_t>{dims[0].size, dims[3].size, size[0], size[1]} : size);
  ValueId y = r.op("Resize", {r.transposed(r.input(node, 0), kToNchw), {}, {}, sizes}, std::move(attributes));
  r.set(node, 0, r.transposed(y, kToNhwc));
  return {};
}
Status resize_bilinear(Raiser& r, const Node& node) { return resize(r, node, "linear"); }
Status resize_nearest(Raiser& r, const Node& node) { return resize(r, node, "nearest"); }

constexpr RaiseRule kRules[] = {
    {"AVERAGE_POOL_2D", average_pool},        {"CONV_2D", conv_2d},
    {"DEPTHWISE_CONV_2D", depthwise_conv_2d}, {"DEPTH_TO_SPACE", depth_to_space},
    {"FULLY_CONNECTED", fully_connected},     {"MAX_POOL_2D", max_pool},
    {"RESIZE_BILINEAR", resize_bilinear},     {"RESIZE_NEAREST_NEIGHBOR", resize_nearest},
    {"SPACE_TO_DEPTH", space_to_depth},
};

}  // namespace

std::span<const RaiseRule> raise_image_rules() { return kRules; }

}  // namespace slipway
