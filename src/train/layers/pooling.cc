// Pooling over [batch, channels, ...]; of one dimension over [batch, steps, channels].
#include <fmt/format.h>

#include "train/layers/context.h"

namespace slipway::train {

namespace {

Result<ValueId> channels_first(LayerContext& c, ValueId x, size_t rank) {
  if (rank == 2) return as_image(c, x);
  if (rank == 3) {
    RETURN_IF_ERROR(c.expect_rank(x, 5, "volumes [batch, channels, depth, height, width]"));
    return x;
  }
  RETURN_IF_ERROR(c.expect_rank(x, 3, "sequences [batch, steps, channels]"));
  return c.transpose(x, {0, 2, 1});
}

constexpr char kMax[] = "MaxPool", kAverage[] = "AveragePool", kReduceMax[] = "ReduceMax", kReduceMean[] = "ReduceMean";

template <const char* kOp, size_t kRank>
Result<ValueId> pool(LayerContext& c, const Values& in) {
  ValueId x = TRY(channels_first(c, in[0], kRank));
  Shape size = TRY(c.sizes("pool_size", kRank, 2));
  Shape strides = c.has("strides") ? TRY(c.sizes("strides", kRank)) : size;
  Attributes attributes = {{"kernel_shape", size}, {"strides", strides}};
  std::string padding = c.text("padding", "valid");
  if (padding == "same") attributes.set("auto_pad", std::string("SAME_UPPER"));
  if (padding != "same" && padding != "valid") {
    return invalid(fmt::format("padding is \"{}\"; expected \"valid\" or \"same\"", padding));
  }
  ValueId y = c.b.op(kOp, {x}, attributes);
  return kRank == 1 ? c.transpose(y, {0, 2, 1}) : y;
}

template <size_t kRank>
Result<ValueId> global_average(LayerContext& c, const Values& in) {
  ValueId x = TRY(channels_first(c, in[0], kRank));
  return c.b.op("Flatten", {c.b.op("GlobalAveragePool", {x})});
}

template <const char* kOp, size_t kRank>
Result<ValueId> global(LayerContext& c, const Values& in) {
  if (kRank == 1) {
    RETURN_IF_ERROR(c.expect_rank(in[0], 3, "sequences [batch, steps, channels]"));
    return c.b.op(kOp, {in[0], c.b.ints({1})}, {{"keepdims", int64_t{0}}});
  }
  std::vector<int64_t> axes = {2, 3};
  if (kRank == 3) axes.push_back(4);
  return c.b.op(kOp, {TRY(channels_first(c, in[0], kRank)), c.b.ints(axes)}, {{"keepdims", int64_t{0}}});
}

constexpr Parameter kSize = {"pool_size", Argument::sizes}, kStrides = {"strides", Argument::sizes},
                    kPadding = {"padding", Argument::text};

}  // namespace

LAYER(max_pooling1d) = {
    .name = "MaxPooling1D",
    .doc = "The largest in each window of sequences.",
    .aliases = {"MaxPool1D"},
    .base_name = "max_pooling1d",
    .build = pool<kMax, 1>,
    .parameters = {{kSize, kStrides, kPadding}},
};

LAYER(max_pooling2d) = {
    .name = "MaxPooling2D",
    .doc = "The largest in each window of images.",
    .aliases = {"MaxPool2D"},
    .base_name = "max_pooling2d",
    .build = pool<kMax, 2>,
    .parameters = {{kSize, kStrides, kPadding}},
};

LAYER(max_pooling3d) = {
    .name = "MaxPooling3D",
    .doc = "The largest in each window of volumes.",
    .aliases = {"MaxPool3D"},
    .base_name = "max_pooling3d",
    .build = pool<kMax, 3>,
    .parameters = {{kSize, kStrides, kPadding}},
};

LAYER(average_pooling1d) = {
    .name = "AveragePooling1D",
    .doc = "The mean of each window of sequences.",
    .aliases = {"AvgPool1D"},
    .base_name = "average_pooling1d",
    .build = pool<kAverage, 1>,
    .parameters = {{kSize, kStrides, kPadding}},
};

LAYER(average_pooling2d) = {
    .name = "AveragePooling2D",
    .doc = "The mean of each window of images.",
    .aliases = {"AvgPool2D"},
    .base_name = "average_pooling2d",
    .build = pool<kAverage, 2>,
    .parameters = {{kSize, kStrides, kPadding}},
};

LAYER(average_pooling3d) = {
    .name = "AveragePooling3D",
    .doc = "The mean of each window of volumes.",
    .aliases = {"AvgPool3D"},
    .base_name = "average_pooling3d",
    .build = pool<kAverage, 3>,
    .parameters = {{kSize, kStrides, kPadding}},
};

LAYER(global_max_pooling1d) = {
    .name = "GlobalMaxPooling1D",
    .doc = "The largest of each channel of sequences.",
    .aliases = {"GlobalMaxPool1D"},
    .base_name = "global_max_pooling1d",
    .build = global<kReduceMax, 1>,
};

LAYER(global_max_pooling2d) = {
    .name = "GlobalMaxPooling2D",
    .doc = "The largest of each channel of images.",
    .aliases = {"GlobalMaxPool2D"},
    .base_name = "global_max_pooling2d",
    .build = global<kReduceMax, 2>,
};

LAYER(global_max_pooling3d) = {
    .name = "GlobalMaxPooling3D",
    .doc = "The largest of each channel of volumes.",
    .aliases = {"GlobalMaxPool3D"},
    .base_name = "global_max_pooling3d",
    .build = global<kReduceMax, 3>,
};

LAYER(global_average_pooling1d) = {
    .name = "GlobalAveragePooling1D",
    .doc = "The mean of each channel of sequences.",
    .aliases = {"GlobalAvgPool1D"},
    .base_name = "global_average_pooling1d",
    .build = global<kReduceMean, 1>,
};

LAYER(global_average_pooling2d) = {
    .name = "GlobalAveragePooling2D",
    .doc = "The mean of each channel of images.",
    .aliases = {"GlobalAvgPool2D"},
    .base_name = "global_average_pooling2d",
    .build = global_average<2>,
};

LAYER(global_average_pooling3d) = {
    .name = "GlobalAveragePooling3D",
    .doc = "The mean of each channel of volumes.",
    .aliases = {"GlobalAvgPool3D"},
    .base_name = "global_average_pooling3d",
    .build = global_average<3>,
};

}  // namespace slipway::train
