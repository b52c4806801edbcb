// Normalization layers.
#include <fmt/format.h>

#include "train/layers/context.h"

namespace slipway::train {

namespace {

// Sequences [batch, steps, channels] have their channels last, everything else has them behind the batch.
bool channels_last(const LayerContext& c, ValueId x) { return c.b.rank(x) == 3; }
ValueId turned(LayerContext& c, ValueId x, bool turn) { return turn ? c.transpose(x, {0, 2, 1}) : x; }

Result<ValueId> batch_normalization(LayerContext& c, const Values& in) {
  if (c.b.rank(in[0]) < 2)
    return invalid(fmt::format("needs an input of rank 2 or more; found {}", to_string(c.b.dims(in[0]))));
  const bool turn = channels_last(c, in[0]);
  ValueId x = turned(c, in[0], turn);
  int64_t channels = TRY(c.known_size(x, 1, "number of channels"));
  ValueId y = c.b.op("BatchNormalization",
                     {x, c.weight("gamma", filled(channels, 1)), c.weight("beta", filled(channels, 0)),
                      c.fixed("moving_mean", filled(channels, 0)), c.fixed("moving_variance", filled(channels, 1))},
                     {{"epsilon", static_cast<float>(c.real("epsilon", 1e-3))},
                      {"momentum", static_cast<float>(c.real("momentum", 0.99))}});
  return turned(c, y, turn);
}

Result<ValueId> layer_normalization(LayerContext& c, const Values& x) {
  return normalize_last(c, x[0], c.real("epsilon", 1e-3));
}

Result<ValueId> group_normalization(LayerContext& c, const Values& in) {
  const bool turn = channels_last(c, in[0]);
  ValueId x = turned(c, in[0], turn);
  int64_t channels = TRY(c.known_size(x, 1, "number of channels")), groups = c.integer("groups", 32);
  if (channels % groups != 0) {
    return invalid(fmt::format("{} channels cannot be cut into {} groups", channels, groups));
  }
  ValueId y =
      c.b.op("GroupNormalization", {x, c.weight("gamma", filled(channels, 1)), c.weight("beta", filled(channels, 0))},
             {{"num_groups", groups}, {"epsilon", static_cast<float>(c.real("epsilon", 1e-3))}});
  return turned(c, y, turn);
}

// x / sqrt(mean(x^2) + epsilon) gamma over the last axis (B. Zhang, R. Sennrich, NeurIPS 2019)
Result<ValueId> rms_normalization(LayerContext& c, const Values& x) {
  int64_t size = TRY(c.known_size(x[0], -1, "last dimension"));
  ValueId mean = c.b.op("ReduceMean", {c.b.mul(x[0], x[0]), c.b.ints({-1})}, {{"keepdims", int64_t{1}}});
  ValueId root = c.b.op("Sqrt", {c.b.add(mean, c.b.scalar(static_cast<float>(c.real("epsilon", 1e-6))))});
  return c.b.mul(c.b.div(x[0], root), c.weight("scale", filled(size, 1)));
}

constexpr Parameter kEpsilon = {"epsilon", Argument::real};

}  // namespace

LAYER(batch_normalization) = {
    .name = "BatchNormalization",
    .doc =
        "Each channel over the batch to mean 0 and deviation 1, then gamma and beta; moving averages while predicting.",
    .base_name = "batch_normalization",
    .build = batch_normalization,
    .parameters = {{{"momentum", Argument::fraction}, kEpsilon}},
};

LAYER(layer_normalization) = {
    .name = "LayerNormalization",
    .doc = "The last axis to mean 0 and deviation 1, then gamma and beta.",
    .base_name = "layer_normalization",
    .build = layer_normalization,
    .parameters = {{kEpsilon}},
};

LAYER(group_normalization) = {
    .name = "GroupNormalization",
    .doc = "Groups of channels of each example to mean 0 and deviation 1, then gamma and beta.",
    .base_name = "group_normalization",
    .build = group_normalization,
    .parameters = {{{"groups", Argument::positive}, kEpsilon}},
};

LAYER(rms_normalization) = {
    .name = "RMSNormalization",
    .doc = "x / sqrt(mean(x^2) + epsilon) over the last axis, then a scale.",
    .base_name = "rms_normalization",
    .build = rms_normalization,
    .parameters = {{kEpsilon}},
};

Result<ValueId> normalize_last(LayerContext& c, ValueId x, double epsilon, const std::string& part) {
  int64_t size = TRY(c.known_size(x, -1, "last dimension"));
  return c.b.op("LayerNormalization",
                {x, c.weight(part + "gamma", filled(size, 1)), c.weight(part + "beta", filled(size, 0))},
                {{"axis", int64_t{-1}}, {"epsilon", static_cast<float>(epsilon)}});
}

}  // namespace slipway::train
