// Dense and Embedding layers, Dropout.
#include <cmath>

#include <fmt/format.h>

#include "train/layers/context.h"

namespace slipway::train {

namespace {

Result<ValueId> dense(LayerContext& c, const Values& x) {
  return c.activate(TRY(project(c, x[0], c.integer("units"), c.flag("use_bias", true))));
}

// Rows of a table [input_dim, output_dim] by index; indices may come as whole floats.
Result<ValueId> embedding(LayerContext& c, const Values& x) {
  int64_t entries = c.integer("input_dim"), width = c.integer("output_dim");
  ValueId table =
      TRY(c.drawn("embeddings", {entries, width}, entries, width, "random_uniform", "embeddings_initializer"));
  ValueId indices = x[0];
  if (c.b.dtype(indices) != DType::i64) {
    indices = c.b.op("Cast", {indices}, {{"to", static_cast<int64_t>(DType::i64)}});
  }
  return c.b.op("Gather", {table, indices}, {{"axis", int64_t{0}}});
}

// The [length, width] table of positions added to every example (KerasHub PositionEmbedding).
Result<ValueId> position_embedding(LayerContext& c, const Values& x) {
  RETURN_IF_ERROR(c.expect_rank(x[0], 3, "sequences [batch, steps, features]"));
  int64_t length = TRY(c.known_size(x[0], 1, "number of steps"));
  int64_t width = TRY(c.known_size(x[0], 2, "number of features"));
  return c.b.add(x[0], TRY(c.drawn("position_embedding", {length, width}, length, width)));
}

// sin(t / w^(2i / width)) at even features, cos at odd ones (A. Vaswani et al., "Attention Is All You Need", 2017,
// section 3.5), added to x.
Result<ValueId> sine_position_encoding(LayerContext& c, const Values& x) {
  RETURN_IF_ERROR(c.expect_rank(x[0], 3, "sequences [batch, steps, features]"));
  int64_t length = TRY(c.known_size(x[0], 1, "number of steps"));
  int64_t width = TRY(c.known_size(x[0], 2, "number of features"));
  double wavelength = c.real("max_wavelength", 10000);
  Tensor table(DType::f32, {length, width});
  for (int64_t t = 0; t < length; ++t) {
    for (int64_t i = 0; i < width; ++i) {
      double angle = static_cast<double>(t) *
                     std::pow(wavelength, -2 * std::floor(static_cast<double>(i) / 2) / static_cast<double>(width));
      table.mutable_data<float>()[static_cast<size_t>(t * width + i)] =
          static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
  return c.b.add(x[0], c.fixed("encoding", table));
}

Result<ValueId> dropout(LayerContext& c, const Values& x) {
  double rate = c.real("rate");
  return rate == 0 ? c.b.op("Identity", {x[0]}) : c.dropout(x[0], rate);
}

Result<ValueId> rescaling(LayerContext& c, const Values& x) {
  ValueId scale = c.fixed("scale", Tensor::scalar(static_cast<float>(c.real("scale", 1))));
  ValueId offset = c.fixed("offset", Tensor::scalar(static_cast<float>(c.real("offset"))));
  return c.b.add(c.b.mul(x[0], scale), offset);
}

}  // namespace

LAYER(dense) = {
    .name = "Dense",
    .doc = "activation(x W + b) over the last axis.",
    .base_name = "dense",
    .build = dense,
    .parameters = {{{"units", Argument::positive, true},
                    {"activation", Argument::text},
                    {"use_bias", Argument::flag},
                    {"kernel_initializer", Argument::text}}},
};

LAYER(embedding) = {
    .name = "Embedding",
    .doc = "Rows of a table [input_dim, output_dim] by index.",
    .base_name = "embedding",
    .build = embedding,
    .parameters = {{{"input_dim", Argument::positive, true},
                    {"output_dim", Argument::positive, true},
                    {"embeddings_initializer", Argument::text}}},
};

LAYER(position_embedding) = {
    .name = "PositionEmbedding",
    .doc = "Adds a learned table [steps, features] of positions.",
    .base_name = "position_embedding",
    .build = position_embedding,
    .parameters = {{{"kernel_initializer", Argument::text}}},
};

LAYER(sine_position_encoding) = {
    .name = "SinePositionEncoding",
    .doc = "Adds sines and cosines of the position (A. Vaswani et al., 2017).",
    .base_name = "sine_position_encoding",
    .build = sine_position_encoding,
    .parameters = {{{"max_wavelength", Argument::real}}},
};

LAYER(dropout) = {
    .name = "Dropout",
    .doc = "Zeroes a fraction `rate` of its input while training and scales the rest by 1 / (1 - rate).",
    .base_name = "dropout",
    .build = dropout,
    .parameters = {{{"rate", Argument::fraction, true}}},
};

LAYER(rescaling) = {
    .name = "Rescaling",
    .doc = "scale x + offset.",
    .base_name = "rescaling",
    .build = rescaling,
    .parameters = {{{"scale", Argument::real}, {"offset", Argument::real}}},
};

Result<ValueId> project(LayerContext& c, ValueId x, int64_t units, bool bias, const std::string& part) {
  if (c.b.rank(x) < 2) {
    return invalid(fmt::format("needs an input [batch, features]; found {}", to_string(c.b.dims(x))));
  }
  int64_t in = TRY(c.known_size(x, -1, "last dimension"));
  ValueId kernel = TRY(c.drawn(part + "kernel", {in, units}, in, units));
  if (c.b.rank(x) == 2) {
    Values inputs = {x, kernel};
    if (bias) inputs.push_back(c.weight(part + "bias", filled(units, 0)));
    return c.b.op("Gemm", inputs);
  }
  ValueId y = c.b.op("MatMul", {x, kernel});
  return bias ? c.b.add(y, c.weight(part + "bias", filled(units, 0))) : y;
}

}  // namespace slipway::train
