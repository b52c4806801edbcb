// Losses of the gap e = answer - number.
#include "train/losses/loss_card.h"
#include "train/target_scaling.h"

namespace slipway::train {

namespace {

// f(x - y), elementwise; of scaled targets before their scaling
template <typename F>
Result<LossParts> of_gap(const LossContext& c, F f) {
  const std::optional<TargetScaling> scaling = target_scaling(c.b.graph(), c.output);
  ValueId y = c.targets();
  if (!scaling) return LossParts{y, c.per_example(f(c.b.sub(c.output, y))), {}, {}};
  ValueId scaled = c.b.div(c.b.sub(y, scaling->offset), scaling->scale);
  return LossParts{y, c.per_example(f(c.b.sub(scaling->before, scaled))), {}, {}};
}

Result<LossParts> squared(const LossContext& c) {
  return of_gap(c, [&](ValueId e) { return c.b.mul(e, e); });
}

Result<LossParts> absolute(const LossContext& c) {
  return of_gap(c, [&](ValueId e) { return c.b.op("Abs", {e}); });
}

// P. J. Huber, "Robust Estimation of a Location Parameter", 1964: e^2 / 2 within delta, delta (|e| - delta / 2) beyond;
// with q = min(|e|, delta): q (|e| - q / 2).
Result<LossParts> huber(const LossContext& c) {
  return of_gap(c, [&](ValueId e) {
    ValueId size = c.b.op("Abs", {e}), q = c.b.op("Min", {size, c.b.scalar(static_cast<float>(c.loss.delta))});
    return c.b.mul(q, c.b.sub(size, c.scaled(q, 0.5)));
  });
}

// log(cosh(e)) = |e| + log(1 + exp(-2 |e|)) - log 2
Result<LossParts> log_cosh(const LossContext& c) {
  return of_gap(c, [&](ValueId e) {
    ValueId size = c.b.op("Abs", {e});
    ValueId tail = c.b.sub(c.softplus(c.scaled(size, -2)), c.b.scalar(0.69314718f));
    return c.b.add(size, tail);
  });
}

}  // namespace

LOSS(mean_squared_error) = {
    .name = "mean_squared_error",
    .doc = "e^2 of the gap e between answer and number.",
    .aliases = {"mse"},
    .tells_gaps = true,
    .parts = squared,
};

LOSS(mean_absolute_error) = {
    .name = "mean_absolute_error",
    .doc = "|e| of the gap e between answer and number.",
    .aliases = {"mae"},
    .tells_gaps = true,
    .parts = absolute,
};

LOSS(huber) = {
    .name = "huber",
    .doc = "e^2 / 2 of gaps up to delta, delta (|e| - delta / 2) beyond; labels are numbers.",
    .tells_gaps = true,
    .parts = huber,
    .fields = {{{"delta", &Loss::delta, 1e-9, 1e9}}},
};

LOSS(log_cosh) = {
    .name = "log_cosh",
    .doc = "log(cosh(e)) of the gap e between answer and number.",
    .aliases = {"logcosh"},
    .tells_gaps = true,
    .parts = log_cosh,
};

}  // namespace slipway::train
