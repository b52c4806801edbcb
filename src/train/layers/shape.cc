// Layers that move elements and change shapes.
#include <limits>

#include <fmt/format.h>

#include "train/layers/context.h"

namespace slipway::train {

namespace {

Result<ValueId> flatten(LayerContext& c, const Values& x) { return c.b.op("Flatten", x); }

Result<ValueId> reshape(LayerContext& c, const Values& x) {
  constexpr int64_t kMost = int64_t{1} << 24;
  std::vector<int64_t> whole = {0};
  int64_t have = 1, want = 1;
  const Dims& dims = c.b.dims(x[0]);
  for (size_t i = 1; i < dims.size(); ++i) have *= dims[i].known() ? dims[i].size : 0;
  for (int64_t size : c.list("target_shape")) {
    if (size < -1 || size > kMost || want > kMost) {
      return invalid(fmt::format("\"target_shape\": expected sizes from -1 to {}, found {}", kMost, size));
    }
    want *= size;
    whole.push_back(size);
  }
  if (have > 0 && want >= 0 && have != want) {
    return invalid(fmt::format("\"target_shape\": expected sizes of {} elements in all, found {}", have, want));
  }
  return c.b.op("Reshape", {x[0], c.b.ints(whole)});
}

// Axes are counted from 1, behind the batch.
Result<ValueId> permute(LayerContext& c, const Values& x) {
  std::vector<int64_t> whole = {0}, seen(static_cast<size_t>(c.b.rank(x[0])));
  for (int64_t axis : c.list("dims")) {
    bool fits = axis >= 1 && axis < c.b.rank(x[0]) && seen[static_cast<size_t>(axis)]++ == 0;
    if (!fits)
      return invalid(
          fmt::format("\"dims\" must name each axis of {} behind the batch once, from 1", to_string(c.b.dims(x[0]))));
    whole.push_back(axis);
  }
  if (static_cast<int64_t>(whole.size()) != c.b.rank(x[0])) {
    return invalid(fmt::format("\"dims\" has {} axes; expected {}", whole.size() - 1, c.b.rank(x[0]) - 1));
  }
  return c.transpose(x[0], whole);
}

// x with its last but one axis, of size 1, stretched to n.
ValueId repeat(LayerContext& c, ValueId x, int64_t n) {
  return c.b.mul(x, c.fixed("ones", filled(n, 1).reshaped({n, 1})));
}

Result<ValueId> repeat_vector(LayerContext& c, const Values& x) {
  RETURN_IF_ERROR(c.expect_rank(x[0], 2, "vectors [batch, features]"));
  return repeat(c, c.b.op("Unsqueeze", {x[0], c.b.ints({1})}), c.integer("n"));
}

// {before, after} for each of `rank` dimensions, from one number, one per dimension, or both for each.
Result<std::vector<int64_t>> edges(LayerContext& c, const char* name, size_t rank) {
  std::vector<int64_t> given = c.list(name);
  if (given.empty()) given = {1};
  for (int64_t edge : given) {
    if (edge < 0) return invalid(fmt::format("\"{}\" must be whole numbers of at least 0", name));
  }
  if (given.size() == 1) return std::vector<int64_t>(2 * rank, given[0]);
  if (given.size() == 2 * rank) return given;
  if (given.size() != rank) {
    return invalid(fmt::format("\"{}\" has {} numbers; expected 1, {} or {}", name, given.size(), rank, 2 * rank));
  }
  std::vector<int64_t> both;
  for (int64_t edge : given) both.insert(both.end(), {edge, edge});
  return both;
}

// x with its channels behind the batch, of images or volumes.
Result<ValueId> spatial(LayerContext& c, ValueId x, size_t rank) {
  if (rank == 2) return as_image(c, x);
  RETURN_IF_ERROR(c.expect_rank(x, 5, "volumes [batch, channels, depth, height, width]"));
  return x;
}

// Images and volumes: {before, after} of each dimension behind the channels.
template <size_t kRank>
Result<ValueId> zero_padding(LayerContext& c, const Values& in) {
  ValueId x = TRY(spatial(c, in[0], kRank));
  std::vector<int64_t> e = TRY(edges(c, "padding", kRank)), pads(2 * (kRank + 2), 0);
  for (size_t i = 0; i < kRank; ++i) {
    pads[2 + i] = e[2 * i];
    pads[4 + kRank + i] = e[2 * i + 1];
  }
  return c.b.op("Pad", {x, c.b.ints(pads)});
}
// [batch, steps, features]: {before, after}
Result<ValueId> zero_padding1d(LayerContext& c, const Values& x) {
  RETURN_IF_ERROR(c.expect_rank(x[0], 3, "sequences [batch, steps, features]"));
  std::vector<int64_t> e = TRY(edges(c, "padding", 1));
  return c.b.op("Pad", {x[0], c.b.ints({0, e[0], 0, 0, e[1], 0})});
}

ValueId cut(LayerContext& c, ValueId x, int64_t axis, int64_t begin, int64_t end) {
  return c.b.op("Slice", {x, c.b.ints({begin}), c.b.ints({end}), c.b.ints({axis})});
}
Result<ValueId> cropping1d(LayerContext& c, const Values& x) {
  RETURN_IF_ERROR(c.expect_rank(x[0], 3, "sequences [batch, steps, features]"));
  std::vector<int64_t> e = TRY(edges(c, "cropping", 1));
  int64_t steps = TRY(c.known_size(x[0], 1, "number of steps"));
  return cut(c, x[0], 1, e[0], steps - e[1]);
}
template <size_t kRank>
Result<ValueId> cropping(LayerContext& c, const Values& in) {
  ValueId x = TRY(spatial(c, in[0], kRank));
  std::vector<int64_t> e = TRY(edges(c, "cropping", kRank));
  for (size_t i = 0; i < kRank; ++i) {
    const auto axis = static_cast<int64_t>(2 + i);
    int64_t size = TRY(c.known_size(x, axis, "size of what is cropped"));
    x = cut(c, x, axis, e[2 * i], size - e[2 * i + 1]);
  }
  return x;
}
// Elements [begin, end) of one axis; end 0: to the end.
Result<ValueId> slice(LayerContext& c, const Values& x) {
  int64_t axis = c.integer("axis", 1), end = c.integer("end");
  int64_t rank = c.b.rank(x[0]);
  if (axis == 0 || axis >= rank || axis < -rank) {
    return invalid(fmt::format("\"axis\" is {}; expected one behind the batch of {}", axis, to_string(c.b.dims(x[0]))));
  }
  return cut(c, x[0], axis, c.integer("begin"), end == 0 ? std::numeric_limits<int64_t>::max() : end);
}

template <size_t kRank>
Result<ValueId> up_sampling(LayerContext& c, const Values& in) {
  ValueId x = TRY(spatial(c, in[0], kRank));
  Shape size = TRY(c.sizes("size", kRank, 2));
  std::string interpolation = c.text("interpolation", "nearest");
  Attributes attributes;
  if (interpolation == "nearest") {
    attributes = {{"mode", std::string("nearest")},
                  {"coordinate_transformation_mode", std::string("asymmetric")},
                  {"nearest_mode", std::string("floor")}};
  } else if (interpolation == "bilinear") {
    attributes = {{"mode", std::string("linear")}};
  } else {
    return invalid(fmt::format("interpolation is \"{}\"; expected \"nearest\" or \"bilinear\"", interpolation));
  }
  std::vector<float> scales = {1, 1};
  for (int64_t times : size) scales.push_back(static_cast<float>(times));
  Tensor factors = Tensor::of<float>({static_cast<int64_t>(scales.size())}, scales);
  return c.b.op("Resize", {x, {}, c.b.constant(factors, "scales")}, attributes);
}
// Every step `size` times.
Result<ValueId> up_sampling1d(LayerContext& c, const Values& x) {
  RETURN_IF_ERROR(c.expect_rank(x[0], 3, "sequences [batch, steps, features]"));
  int64_t width = TRY(c.known_size(x[0], 2, "number of features"));
  ValueId wide = repeat(c, c.b.op("Unsqueeze", {x[0], c.b.ints({2})}), c.integer("size", 2));
  return c.b.op("Reshape", {wide, c.b.ints({0, -1, width})});
}

}  // namespace

LAYER(flatten) = {
    .name = "Flatten",
    .doc = "Everything behind the batch in one axis.",
    .base_name = "flatten",
    .build = flatten,
};

LAYER(reshape) = {
    .name = "Reshape",
    .doc = "To [batch, target_shape...]; one size may be -1.",
    .base_name = "reshape",
    .build = reshape,
    .parameters = {{{"target_shape", Argument::list, true}}},
};

LAYER(permute) = {
    .name = "Permute",
    .doc = "The axes behind the batch in a new order, counted from 1.",
    .base_name = "permute",
    .build = permute,
    .parameters = {{{"dims", Argument::list, true}}},
};

LAYER(repeat_vector) = {
    .name = "RepeatVector",
    .doc = "[batch, features] n times as [batch, n, features].",
    .base_name = "repeat_vector",
    .build = repeat_vector,
    .parameters = {{{"n", Argument::positive, true}}},
};

LAYER(zero_padding1d) = {
    .name = "ZeroPadding1D",
    .doc = "Zeros around sequences.",
    .base_name = "zero_padding1d",
    .build = zero_padding1d,
    .parameters = {{{"padding", Argument::list}}},
};

LAYER(zero_padding2d) = {
    .name = "ZeroPadding2D",
    .doc = "Zeros around images.",
    .base_name = "zero_padding2d",
    .build = zero_padding<2>,
    .parameters = {{{"padding", Argument::list}}},
};

LAYER(zero_padding3d) = {
    .name = "ZeroPadding3D",
    .doc = "Zeros around volumes.",
    .base_name = "zero_padding3d",
    .build = zero_padding<3>,
    .parameters = {{{"padding", Argument::list}}},
};

LAYER(cropping1d) = {
    .name = "Cropping1D",
    .doc = "The edges of sequences cut off.",
    .base_name = "cropping1d",
    .build = cropping1d,
    .parameters = {{{"cropping", Argument::list}}},
};

LAYER(cropping2d) = {
    .name = "Cropping2D",
    .doc = "The edges of images cut off.",
    .base_name = "cropping2d",
    .build = cropping<2>,
    .parameters = {{{"cropping", Argument::list}}},
};

LAYER(cropping3d) = {
    .name = "Cropping3D",
    .doc = "The edges of volumes cut off.",
    .base_name = "cropping3d",
    .build = cropping<3>,
    .parameters = {{{"cropping", Argument::list}}},
};

LAYER(slice) = {
    .name = "Slice",
    .doc = "Elements [begin, end) of an axis; an end of 0 means the last.",
    .base_name = "slice",
    .build = slice,
    .parameters = {{{"axis", Argument::integer}, {"begin", Argument::integer}, {"end", Argument::integer}}},
};

LAYER(up_sampling1d) = {
    .name = "UpSampling1D",
    .doc = "Every step `size` times.",
    .base_name = "up_sampling1d",
    .build = up_sampling1d,
    .parameters = {{{"size", Argument::positive}}},
};

LAYER(up_sampling2d) = {
    .name = "UpSampling2D",
    .doc = "Images `size` times as large, by nearest or bilinear interpolation.",
    .base_name = "up_sampling2d",
    .build = up_sampling<2>,
    .parameters = {{{"size", Argument::sizes}, {"interpolation", Argument::text}}},
};

LAYER(up_sampling3d) = {
    .name = "UpSampling3D",
    .doc = "Volumes `size` times as large.",
    .base_name = "up_sampling3d",
    .build = up_sampling<3>,
    .parameters = {{{"size", Argument::sizes}}},
};

}  // namespace slipway::train
