// NonMaxSuppression.
#include "kernels/non_max_suppression.h"

#include <fmt/format.h>

#include "ops/movement.h"

namespace slipway {
namespace {

template <typename T>
T first_or(const void* data, T otherwise) {
  return data == nullptr ? otherwise : *static_cast<const T*>(data);
}

kernels::SuppressionSpec spec_of(const Node& node, const Shape& boxes, const Shape& scores, const void* most,
                                 const void* iou, const void* score) {
  return {.batches = scores[0],
          .classes = scores[1],
          .boxes = boxes[1],
          .most = first_or<int64_t>(most, 0),
          .iou = first_or<float>(iou, 0),
          .score = first_or<float>(score, 0),
          .has_score = score != nullptr,
          .center = node.integer("center_point_box") != 0};
}

Status check(InferContext& c) {
  const Dims &boxes = c.dims(0), &scores = c.dims(1);
  auto differ = [](const Dim& a, const Dim& b) { return a.known() && b.known() && a.size != b.size; };
  bool ranks = boxes.size() == 3 && scores.size() == 3;
  if (!ranks || differ(boxes[2], 4) || differ(boxes[0], scores[0]) || differ(boxes[1], scores[2])) {
    return invalid(fmt::format("boxes {} and scores {}; expected [batches, boxes, 4] and [batches, classes, boxes]",
                               to_string(boxes), to_string(scores)));
  }
  constexpr DType kTypes[] = {DType::f32, DType::f32, DType::i64, DType::f32, DType::f32};
  for (size_t i = 0; i < 5; ++i) {
    if (c.has_input(i)) RETURN_IF_ERROR(ops::expect_dtype(c, i, {kTypes[i]}));
    if (i < 2 || !c.has_input(i) || c.known(i) == nullptr) continue;
    if (c.known(i)->count() != 1) return invalid(fmt::format("input {} must be one number", i));
  }
  return {};
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(check(c));
  Dim count;
  bool known = true;
  const void* data[5] = {};
  for (size_t i = 0; i < 5; ++i) {
    if (!c.has_input(i)) continue;
    known = known && c.known(i) != nullptr;
    if (c.known(i) != nullptr) data[i] = c.known(i)->raw();
  }
  if (known) {
    kernels::SuppressionSpec spec =
        spec_of(c.node(), c.known(0)->shape(), c.known(1)->shape(), data[2], data[3], data[4]);
    std::vector<int64_t> scratch(static_cast<size_t>(2 * spec.boxes));
    count = kernels::suppress(spec, static_cast<const float*>(data[0]), static_cast<const float*>(data[1]),
                              scratch.data(), nullptr, 0);
  }
  c.set(0, DType::i64, {count, 3});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::array<bool, 5> has{};
  for (size_t i = 0; i < 5; ++i) has[i] = c.has_input(i);
  Kernel kernel;
  kernel.scratch_bytes = static_cast<size_t>(c.in(0).shape[1]) * 2 * sizeof(int64_t);
  kernel.run = [node = c.node(), boxes = c.in(0).shape, scores = c.in(1).shape, has,
                count = c.out(0).shape[0]](const KernelArgs& a) {
    auto at = [&](size_t i) { return has[i] ? a.in[i] : nullptr; };
    kernels::suppress(spec_of(node, boxes, scores, at(2), at(3), at(4)), a.input<float>(0), a.input<float>(1),
                      static_cast<int64_t*>(a.scratch), a.output<int64_t>(0), count);
  };
  return kernel;
}

std::vector<Sample> samples() {
  auto one = [](float x) { return ops::fixed(Tensor::of<float>({1}, {x})); };
  Tensor boxes = Tensor::of<float>({1, 3, 4}, {0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 10, 1, 11});
  Tensor scores = Tensor::of<float>({1, 1, 3}, {0.9f, 0.75f, 0.6f});
  return {{.inputs = {ops::fixed(boxes), ops::fixed(scores), ops::ints_sample({3}), one(0.5f), one(0)}}};
}

}  // namespace

OPERATOR(non_max_suppression) = {
    .name = "NonMaxSuppression",
    .since = 10,
    .doc =
        "(batch, class, box) of the boxes that are left, best first, when each drops those that it overlaps by more "
        "than iou_threshold.",
    .inputs = {2, 5},
    .attributes = {{{"center_point_box", 0}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "TFLite's NON_MAX_SUPPRESSION_V4 knows one class and pads its answer"},
    .samples = samples,
};

}  // namespace slipway
