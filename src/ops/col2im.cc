// Col2Im.
#include <algorithm>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"
#include "ops/pooling.h"
#include "tensor/visit.h"

namespace slipway {
namespace {

// Along one dimension of the image.
struct Side {
  int64_t image, block, stride, dilation, pad, count;  // count: of block positions
};

Result<std::vector<Side>> sides_of(const Node& n, const std::vector<int64_t>& image,
                                   const std::vector<int64_t>& block) {
  Node window = n;
  window.attributes.set("kernel_shape", block);
  Dims x = {1, 1};
  for (int64_t size : image) x.emplace_back(size);
  if (image.size() != block.size()) return invalid("image_shape and block_shape have different lengths");
  ops::Window w = TRY(ops::window_of(window, x, block));
  Dims counts = ops::window_output(x, w, false);
  std::vector<Side> sides;
  for (size_t i = 0; i < image.size(); ++i) {
    sides.push_back({image[i], block[i], w.strides[i], w.dilations[i], w.pads_begin[i], counts[i].size});
  }
  return sides;
}

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  if (x.size() != 3) return invalid(fmt::format("input is {}; expected [N, C blocks, positions]", to_string(x)));
  std::optional<std::vector<int64_t>> image = TRY(ops::index_input(c, 1)), block = TRY(ops::index_input(c, 2));
  if (!image || !block) {
    if (c.dims(1).size() == 1 && c.dims(1)[0].known()) {
      Dims out = ops::unknown_dims(static_cast<size_t>(c.dims(1)[0].size) + 2);
      out[0] = x[0];
      c.set(0, c.dtype(0), out);
    }
    return {};
  }
  std::vector<Side> sides = TRY(sides_of(c.node(), *image, *block));
  Shape counts;
  for (const Side& side : sides) counts.push_back(side.count);
  int64_t taps = TRY(checked_count(*block)), positions = TRY(checked_count(counts));
  if ((x[1].known() && x[1].size % taps != 0) || (x[2].known() && x[2].size != positions)) {
    return invalid(fmt::format("input {} does not fit blocks of {} at {} positions", to_string(x), taps, positions));
  }
  Dims out = {x[0], x[1].known() ? Dim(x[1].size / taps) : Dim()};
  for (int64_t size : *image) out.emplace_back(size);
  c.set(0, c.dtype(0), out);
  return {};
}

// Where tap `tap` of the block at `position` lies in the image; -1: in the padding.
int64_t place(const std::vector<Side>& sides, int64_t tap, int64_t position) {
  int64_t at = 0, stride = 1;
  for (size_t d = sides.size(); d-- > 0;) {
    const Side& s = sides[d];
    int64_t i = position % s.count * s.stride + tap % s.block * s.dilation - s.pad;
    if (i < 0 || i >= s.image) return -1;
    at += i * stride;
    stride *= s.image;
    tap /= s.block;
    position /= s.count;
  }
  return at;
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.constant(1) == nullptr || c.constant(2) == nullptr) return unsupported("Col2Im needs its shapes as constants");
  std::vector<int64_t> block = c.constant(2)->to_ints();
  std::vector<Side> sides = TRY(sides_of(c.node(), c.constant(1)->to_ints(), block));
  int64_t taps = element_count(block), positions = c.in(0).shape[2], planes = c.out(0).shape[0] * c.out(0).shape[1];
  int64_t size = planes == 0 ? 0 : c.out(0).count() / planes;
  auto typed = [&]<typename T>(T) {
    return Kernel{[=](const KernelArgs& a) {
      std::fill_n(a.output<T>(0), planes * size, T{});
      for (int64_t row = 0; row < planes * taps; ++row) {
        const T* x = a.input<T>(0) + row * positions;
        T* y = a.output<T>(0) + row / taps * size;
        for (int64_t p = 0; p < positions; ++p) {
          int64_t at = place(sides, row % taps, p);
          if (at >= 0) y[at] += x[p];
        }
      }
    }};
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported(fmt::format("Col2Im has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  return {{.inputs = {ops::sample({1, 5, 5}), ops::ints_sample({5, 5}), ops::ints_sample({1, 5})}},
          {.inputs = {ops::sample({2, 8, 9}), ops::ints_sample({4, 4}), ops::ints_sample({2, 2})},
           .attributes = {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 2}}}}};
}

}  // namespace

OPERATOR(col2im) = {
    .name = "Col2Im",
    .since = 18,
    .doc =
        "The sum of blocks [N, C taps, positions] at their places in the image; the reverse of cutting it in blocks.",
    .inputs = {3, 3},
    .attributes = ops::windowed({ops::kKernelShape}),
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
