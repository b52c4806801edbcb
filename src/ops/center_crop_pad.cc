// CenterCropPad.
#include <algorithm>

#include <fmt/format.h>

#include "ops/body.h"
#include "ops/movement.h"

namespace slipway {
namespace {

// The axes that change; all of them where the attribute is left out.
Result<std::vector<int64_t>> axes_of(const Node& n, int64_t rank) {
  std::vector<int64_t> axes = n.ints("axes");
  if (!n.has("axes")) {
    for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
  }
  for (int64_t& axis : axes) axis = TRY(normalize_axis(axis, rank));
  return axes;
}

// First the middle of what is too large, then zeros around what is too small; the odd element goes behind.
Values body(Builder& b, const Node& n, const Values& x) {
  std::vector<int64_t> wanted = b.graph().value(x[1]).data.to_ints();
  Result<std::vector<int64_t>> axes = axes_of(n, b.rank(x[0]));
  if (!axes.ok()) b.fail(axes.status());
  if (!b.status().ok()) return {};
  std::vector<int64_t> starts, ends, before, behind;
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t size = b.dims(x[0])[static_cast<size_t>((*axes)[i])].size, more = std::max<int64_t>(wanted[i] - size, 0);
    starts.push_back(std::max<int64_t>(size - wanted[i], 0) / 2);
    ends.push_back(starts.back() + std::min(wanted[i], size));
    before.push_back(more / 2);
    behind.push_back(more - more / 2);
  }
  before.insert(before.end(), behind.begin(), behind.end());
  ValueId on = b.ints(*axes), middle = b.op("Slice", {x[0], b.ints(starts), b.ints(ends), on});
  return {b.op("Pad", {middle, b.ints(before), {}, on})};
}

Status infer(InferContext& c) {
  Dims out = c.dims(0);
  std::vector<int64_t> axes = TRY(axes_of(c.node(), static_cast<int64_t>(out.size())));
  std::optional<std::vector<int64_t>> wanted = TRY(ops::index_input(c, 1));
  if (wanted && wanted->size() != axes.size()) {
    return invalid(fmt::format("shape has {} sizes for {} axes", wanted->size(), axes.size()));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    if (wanted && (*wanted)[i] < 0) return invalid(fmt::format("shape has the size {}", (*wanted)[i]));
    out[static_cast<size_t>(axes[i])] = wanted ? Dim((*wanted)[i]) : Dim();
  }
  c.set(0, c.dtype(0), out);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.constant(1) == nullptr) return unsupported("CenterCropPad needs its shape as a constant");
  return ops::prepare_through(c, body);
}

Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  bool known = b.graph().is_constant(x[1]) && known_shape(b.dims(x[0])).has_value();
  if (!known) return unsupported("the gradient of CenterCropPad needs known sizes");
  return ops::gradient_through(b, n, x, dy, body);
}

std::vector<Sample> samples() {
  return {
      {.inputs = {ops::sample({5, 4}), ops::ints_sample({2, 7})}},
      {.inputs = {ops::sample({2, 3, 6}), ops::ints_sample({4})}, .attributes = {{"axes", std::vector<int64_t>{-1}}}}};
}

}  // namespace

OPERATOR(center_crop_pad) = {
    .name = "CenterCropPad",
    .since = 18,
    .doc = "The middle of x where it is larger than `shape` along `axes`, and zeros around it where it is smaller.",
    .inputs = {2, 2},
    .attributes = {{{"axes", kOptionalInts}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "not written yet; Slice and Pad say the same"},
    .samples = samples,
};

}  // namespace slipway
