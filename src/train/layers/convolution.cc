// Convolutions over [batch, channels, ...]; of one dimension over [batch, steps, channels], as sequences come.
#include <fmt/format.h>

#include "train/layers/context.h"

namespace slipway::train {

namespace {

constexpr const char* kExpected[] = {"sequences [batch, steps, channels]", "images [batch, channels, height, width]",
                                     "volumes [batch, channels, depth, height, width]"};

// x with its channels in front of the spatial dimensions.
Result<ValueId> channels_first(LayerContext& c, ValueId x, size_t rank) {
  if (rank == 2) return as_image(c, x);
  RETURN_IF_ERROR(c.expect_rank(x, static_cast<int64_t>(rank) + 2, kExpected[rank - 1]));
  return rank == 1 ? c.transpose(x, {0, 2, 1}) : x;
}
ValueId as_given(LayerContext& c, ValueId y, size_t rank) { return rank == 1 ? c.transpose(y, {0, 2, 1}) : y; }

int64_t product(const Shape& shape) { return element_count(shape); }

// Attributes of a convolution with `size`: strides, dilations and padding from the layer's arguments.
Result<Attributes> attributes_of(LayerContext& c, const Shape& size, int64_t group) {
  size_t rank = size.size();
  Shape strides = TRY(c.sizes("strides", rank, 1)), dilations = TRY(c.sizes("dilation_rate", rank, 1));
  Attributes attributes = {{"kernel_shape", size}, {"strides", strides}};
  if (product(dilations) != 1) attributes.set("dilations", dilations);
  if (group != 1) attributes.set("group", group);
  std::string padding = c.text("padding", "valid");
  if (padding == "same") {
    attributes.set("auto_pad", std::string("SAME_UPPER"));
  } else if (padding == "causal" && rank == 1) {
    attributes.set("pads", std::vector<int64_t>{(size[0] - 1) * dilations[0], 0});
  } else if (padding != "valid") {
    return invalid(
        fmt::format("padding is \"{}\"; expected \"valid\"{} or \"same\"", padding, rank == 1 ? ", \"causal\"" : ""));
  }
  return attributes;
}

// Adds a bias [filters] to the inputs of a convolution.
void add_bias(LayerContext& c, Values& inputs, int64_t filters) {
  if (c.flag("use_bias", true)) inputs.push_back(c.weight("bias", filled(filters, 0)));
}

template <size_t kRank>
Result<ValueId> conv(LayerContext& c, const Values& in) {
  ValueId x = TRY(channels_first(c, in[0], kRank));
  int64_t filters = c.integer("filters"), groups = c.integer("groups", 1);
  Shape size = TRY(c.sizes("kernel_size", kRank));
  int64_t channels = TRY(c.known_size(x, 1, "number of channels"));
  if (channels % groups != 0 || filters % groups != 0) {
    return invalid(fmt::format("{} channels and {} filters cannot be cut into {} groups", channels, filters, groups));
  }
  Attributes attributes = TRY(attributes_of(c, size, groups));
  Shape shape = {filters, channels / groups};
  shape.insert(shape.end(), size.begin(), size.end());
  int64_t area = product(size);
  ValueId kernel = TRY(c.drawn("kernel", shape, channels / groups * area, filters * area));
  Values inputs = {x, kernel};
  add_bias(c, inputs, filters);
  return c.activate(as_given(c, c.b.op("Conv", inputs, attributes), kRank));
}

// Each channel of x (channels in front) by itself gives depth_multiplier channels.
template <size_t kRank>
Result<ValueId> depthwise(LayerContext& c, ValueId x, const char* part, bool bias) {
  Shape size = TRY(c.sizes("kernel_size", kRank));
  int64_t channels = TRY(c.known_size(x, 1, "number of channels")), many = c.integer("depth_multiplier", 1);
  Attributes attributes = TRY(attributes_of(c, size, channels));
  int64_t area = product(size);
  Shape shape = {channels * many, 1};
  shape.insert(shape.end(), size.begin(), size.end());
  ValueId kernel = TRY(c.drawn(part, shape, area, area * many, "glorot_uniform", "depthwise_initializer"));
  Values inputs = {x, kernel};
  if (bias) add_bias(c, inputs, channels * many);
  return c.b.op("Conv", inputs, attributes);
}

template <size_t kRank>
Result<ValueId> depthwise_conv(LayerContext& c, const Values& in) {
  ValueId y = TRY(depthwise<kRank>(c, TRY(channels_first(c, in[0], kRank)), "kernel", true));
  return c.activate(as_given(c, y, kRank));
}

template <size_t kRank>
Result<ValueId> separable_conv(LayerContext& c, const Values& in) {
  ValueId x = TRY(depthwise<kRank>(c, TRY(channels_first(c, in[0], kRank)), "depthwise_kernel", false));
  int64_t channels = TRY(c.known_size(x, 1, "number of channels")), filters = c.integer("filters");
  Shape shape = {filters, channels};
  shape.resize(2 + kRank, 1);
  ValueId kernel =
      TRY(c.drawn("pointwise_kernel", shape, channels, filters, "glorot_uniform", "pointwise_initializer"));
  Values inputs = {x, kernel};
  add_bias(c, inputs, filters);
  ValueId y = c.b.op("Conv", inputs, {{"kernel_shape", Shape(kRank, 1)}});
  return c.activate(as_given(c, y, kRank));
}

template <size_t kRank>
Result<ValueId> conv_transpose(LayerContext& c, const Values& in) {
  ValueId x = TRY(channels_first(c, in[0], kRank));
  if (c.text("padding", "valid") == "causal") {
    return invalid("padding is \"causal\"; expected \"valid\" or \"same\"");
  }
  Shape size = TRY(c.sizes("kernel_size", kRank));
  int64_t channels = TRY(c.known_size(x, 1, "number of channels")), filters = c.integer("filters");
  int64_t area = product(size);
  Shape shape = {channels, filters};
  shape.insert(shape.end(), size.begin(), size.end());
  ValueId kernel = TRY(c.drawn("kernel", shape, filters * area, channels * area));
  Values inputs = {x, kernel};
  add_bias(c, inputs, filters);
  return c.activate(as_given(c, c.b.op("ConvTranspose", inputs, TRY(attributes_of(c, size, 1))), kRank));
}

constexpr Parameter kFilters = {"filters", Argument::positive, true}, kSize = {"kernel_size", Argument::sizes, true},
                    kStrides = {"strides", Argument::sizes}, kPadding = {"padding", Argument::text},
                    kDilation = {"dilation_rate", Argument::sizes}, kActivation = {"activation", Argument::text},
                    kGroups = {"groups", Argument::positive}, kBias = {"use_bias", Argument::flag},
                    kInitializer = {"kernel_initializer", Argument::text},
                    kMultiplier = {"depth_multiplier", Argument::positive},
                    kDepthwise = {"depthwise_initializer", Argument::text},
                    kPointwise = {"pointwise_initializer", Argument::text};

}  // namespace

LAYER(conv1d) = {
    .name = "Conv1D",
    .doc = "Convolution over sequences [batch, steps, channels].",
    .base_name = "conv1d",
    .build = conv<1>,
    .parameters = {{kFilters, kSize, kStrides, kPadding, kDilation, kGroups, kActivation, kBias, kInitializer}},
};

LAYER(conv2d) = {
    .name = "Conv2D",
    .doc = "Convolution over images [batch, channels, height, width].",
    .base_name = "conv2d",
    .build = conv<2>,
    .parameters = {{kFilters, kSize, kStrides, kPadding, kDilation, kGroups, kActivation, kBias, kInitializer}},
};

LAYER(conv3d) = {
    .name = "Conv3D",
    .doc = "Convolution over volumes [batch, channels, depth, height, width].",
    .base_name = "conv3d",
    .build = conv<3>,
    .parameters = {{kFilters, kSize, kStrides, kPadding, kDilation, kGroups, kActivation, kBias, kInitializer}},
};

LAYER(depthwise_conv1d) = {
    .name = "DepthwiseConv1D",
    .doc = "Convolution of each channel of a sequence by itself.",
    .base_name = "depthwise_conv1d",
    .build = depthwise_conv<1>,
    .parameters = {{kSize, kStrides, kPadding, kDilation, kMultiplier, kActivation, kBias, kDepthwise}},
};

LAYER(separable_conv1d) = {
    .name = "SeparableConv1D",
    .doc = "DepthwiseConv1D and a product over the channels behind it.",
    .base_name = "separable_conv1d",
    .build = separable_conv<1>,
    .parameters = {{kFilters, kSize, kStrides, kPadding, kDilation, kMultiplier, kActivation, kBias, kDepthwise,
                    kPointwise}},
};

LAYER(depthwise_conv2d) = {
    .name = "DepthwiseConv2D",
    .doc = "Convolution of each channel of an image by itself.",
    .base_name = "depthwise_conv2d",
    .build = depthwise_conv<2>,
    .parameters = {{kSize, kStrides, kPadding, kDilation, kMultiplier, kActivation, kBias, kDepthwise}},
};

LAYER(separable_conv2d) = {
    .name = "SeparableConv2D",
    .doc = "DepthwiseConv2D and a product over the channels behind it.",
    .base_name = "separable_conv2d",
    .build = separable_conv<2>,
    .parameters = {{kFilters, kSize, kStrides, kPadding, kDilation, kMultiplier, kActivation, kBias, kDepthwise,
                    kPointwise}},
};

LAYER(conv1d_transpose) = {
    .name = "Conv1DTranspose",
    .doc = "The transposed convolution of sequences, which makes them longer.",
    .base_name = "conv1d_transpose",
    .build = conv_transpose<1>,
    .parameters = {{kFilters, kSize, kStrides, kPadding, kDilation, kActivation, kBias, kInitializer}},
};

LAYER(conv2d_transpose) = {
    .name = "Conv2DTranspose",
    .doc = "The transposed convolution of images, which makes them larger.",
    .base_name = "conv2d_transpose",
    .build = conv_transpose<2>,
    .parameters = {{kFilters, kSize, kStrides, kPadding, kDilation, kActivation, kBias, kInitializer}},
};

LAYER(conv3d_transpose) = {
    .name = "Conv3DTranspose",
    .doc = "The transposed convolution of volumes, which makes them larger.",
    .base_name = "conv3d_transpose",
    .build = conv_transpose<3>,
    .parameters = {{kFilters, kSize, kStrides, kPadding, kDilation, kActivation, kBias, kInitializer}},
};

Result<ValueId> as_image(LayerContext& c, ValueId x) {
  if (c.b.rank(x) == 3) return c.b.op("Unsqueeze", {x, c.b.ints({1})});
  RETURN_IF_ERROR(c.expect_rank(x, 4, "images [batch, channels, height, width]"));
  return x;
}

}  // namespace slipway::train
