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

constexpr LayerRow kLayers[] = {
    {"MaxPooling1D", "max_pooling1d", pool<kMax, 1>, {kSize, kStrides, kPadding}},
    {"MaxPooling2D", "max_pooling2d", pool<kMax, 2>, {kSize, kStrides, kPadding}},
    {"MaxPooling3D", "max_pooling3d", pool<kMax, 3>, {kSize, kStrides, kPadding}},
    {"AveragePooling1D", "average_pooling1d", pool<kAverage, 1>, {kSize, kStrides, kPadding}},
    {"AveragePooling2D", "average_pooling2d", pool<kAverage, 2>, {kSize, kStrides, kPadding}},
    {"AveragePooling3D", "average_pooling3d", pool<kAverage, 3>, {kSize, kStrides, kPadding}},
    {"GlobalMaxPooling1D", "global_max_pooling1d", global<kReduceMax, 1>, {}},
    {"GlobalMaxPooling2D", "global_max_pooling2d", global<kReduceMax, 2>, {}},
    {"GlobalMaxPooling3D", "global_max_pooling3d", global<kReduceMax, 3>, {}},
    {"GlobalAveragePooling1D", "global_average_pooling1d", global<kReduceMean, 1>, {}},
    {"GlobalAveragePooling2D", "global_average_pooling2d", global_average<2>, {}},
    {"GlobalAveragePooling3D", "global_average_pooling3d", global_average<3>, {}},
};

}  // namespace

std::span<const LayerRow> pooling_layers() { return kLayers; }

}  // namespace slipway::train
