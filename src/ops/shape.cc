// Shape.
#include "ops/movement.h"

namespace slipway {

namespace {

// [start, end) of the dimensions, both clamped to [0, rank].
std::pair<int64_t, int64_t> bounds(const Node& n, int64_t rank) {
  int64_t start = n.integer("start");
  int64_t end = n.has("end") ? n.integer("end") : rank;
  start = std::clamp<int64_t>(start < 0 ? start + rank : start, 0, rank);
  end = std::clamp<int64_t>(end < 0 ? end + rank : end, 0, rank);
  return {start, std::max(start, end)};
}

Status infer(InferContext& c) {
  auto [start, end] = bounds(c.node(), static_cast<int64_t>(c.dims(0).size()));
  c.set(0, DType::i64, {Dim(end - start)});
  if (std::optional<Shape> x = known_shape(c.dims(0))) {
    c.set_known(0, Tensor::of<int64_t>({end - start}, Shape(x->begin() + start, x->begin() + end)));
  }
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Shape& x = c.in(0).shape;
  auto [start, end] = bounds(c.node(), static_cast<int64_t>(x.size()));
  Shape part(x.begin() + start, x.begin() + end);
  return Kernel{.run = [part](const KernelArgs& a) { std::copy(part.begin(), part.end(), a.output<int64_t>(0)); }};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 3, 4})}},
          {.inputs = {ops::sample({2, 3, 4})}, .attributes = {{"start", int64_t{1}}, {"end", int64_t{-1}}}}};
}

}  // namespace

OPERATOR(shape) = {
    .name = "Shape",
    .since = 1,
    .doc = "y = the sizes of x's dimensions [start, end) as int64.",
    .attributes = {{{"start", 0}, {"end", kOptionalInt}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {"SHAPE", "start and end only as a slice behind it"},
    .samples = samples,
};

}  // namespace slipway
