// STFT.

#include <fmt/format.h>

#include "kernels/fft.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {
namespace {

// frame_step, and frame_length from its input, the window or the signal; nullopt when not known yet.
struct Frames {
  std::optional<int64_t> step, length;
};

Result<Frames> frames_of(const Tensor* step, const Tensor* length, const std::optional<Dim>& window) {
  Frames f;
  if (step != nullptr) f.step = step->to_ints()[0];
  if (length != nullptr) f.length = length->to_ints()[0];
  if (!f.length && window && window->known()) f.length = window->size;
  if ((f.step && *f.step < 1) || (f.length && *f.length < 1))
    return invalid("frame_step and frame_length must be at least 1");
  if (f.length && window && window->known() && window->size != *f.length) {
    return invalid(fmt::format("the window has {} elements and frame_length is {}", window->size, *f.length));
  }
  return f;
}

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  if (x.size() != 2 && x.size() != 3)
    return invalid(fmt::format("signal is {}; expected [B, n, 1 or 2]", to_string(x)));
  if (x.size() == 3 && x[2].known() && x[2].size != 1 && x[2].size != 2) {
    return invalid(fmt::format("signal is {}; expected [B, n, 1 or 2]", to_string(x)));
  }
  for (size_t i : {1, 3}) {
    if (!c.has_input(i)) continue;
    RETURN_IF_ERROR(ops::expect_dtype(c, i, {DType::i64, DType::i32}));
    if (c.known(i) != nullptr && c.known(i)->count() != 1) return invalid(fmt::format("input {} must be a scalar", i));
  }
  std::optional<Dim> window;
  if (c.has_input(2)) {
    if (c.dims(2).size() != 1) return invalid("the window must be a vector");
    RETURN_IF_ERROR(ops::expect_dtype(c, 2, {c.dtype(0)}));
    window = c.dims(2)[0];
  }
  if (!c.has_input(2) && !c.has_input(3)) return invalid("expected a window or a frame_length");
  Frames f = TRY(frames_of(c.known(1), c.has_input(3) ? c.known(3) : nullptr, window));
  Dim count, bins;
  bool onesided = c.node().integer("onesided") != 0;
  if (f.length) bins = onesided ? *f.length / 2 + 1 : *f.length;
  if (f.length && f.step && x[1].known()) count = x[1].size < *f.length ? 0 : (x[1].size - *f.length) / *f.step + 1;
  c.set(0, c.dtype(0), {x[0], count, bins, 2});
  return {};
}

template <typename T>
Kernel typed(const PrepareContext& c, int64_t step, int64_t length) {
  using Complex = std::complex<T>;
  const Shape &x = c.in(0).shape, &y = c.out(0).shape;
  auto fft = std::make_shared<const kernels::Fft<T>>(length, false);
  int64_t samples = x[1], parts = x.size() == 3 ? x[2] : 1, batch = y[0], frames = y[1], bins = y[2];
  bool window = c.has_input(2);
  Kernel kernel;
  kernel.scratch_bytes = static_cast<size_t>(3 * length) * sizeof(Complex);
  kernel.run = [=](const KernelArgs& a) {
    auto* line = static_cast<Complex*>(a.scratch);
    Complex *answer = line + length, *scratch = line + 2 * length;
    for (int64_t frame = 0; frame < batch * frames; ++frame) {
      const T* from = a.input<T>(0) + (frame / frames * samples + frame % frames * step) * parts;
      for (int64_t k = 0; k < length; ++k) {
        T weight = window ? a.input<T>(2)[k] : T{1};
        line[k] = Complex(from[k * parts] * weight, parts == 2 ? from[k * 2 + 1] * weight : T{});
      }
      fft->run(line, 1, answer, scratch);
      for (int64_t k = 0; k < bins; ++k) {
        T* to = a.output<T>(0) + (frame * bins + k) * 2;
        to[0] = answer[k].real();
        to[1] = answer[k].imag();
      }
    }
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::optional<Dim> window;
  if (c.has_input(2)) window = Dim(c.in(2).count());
  Frames f = TRY(frames_of(c.constant(1), c.constant(3), window));
  if (!f.step || !f.length || (c.has_input(3) && c.constant(3) == nullptr)) {
    return unsupported("STFT needs frame_step and frame_length as constants");
  }
  if (c.out(0).count() == 0) return Kernel{[](const KernelArgs&) {}};
  if (c.in(0).dtype == DType::f32) return typed<float>(c, *f.step, *f.length);
  if (c.in(0).dtype == DType::f64) return typed<double>(c, *f.step, *f.length);
  return unsupported(fmt::format("STFT has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

std::vector<Sample> samples() {
  auto scalar = [](int64_t v) { return ops::fixed(Tensor::scalar(v)); };
  return {{.inputs = {ops::sample({2, 20, 1}), scalar(4), ops::sample({8})}},
          {.inputs = {ops::sample({1, 12, 2}), scalar(3), {}, scalar(6)}, .attributes = {{"onesided", int64_t{0}}}}};
}

}  // namespace

OPERATOR(stft) = {
    .name = "STFT",
    .since = 17,
    .doc = "The DFT of each frame of frame_length samples, frame_step apart, times the window: [B, frames, bins, 2].",
    .inputs = {2, 4},
    .attributes = {{{"onesided", 1}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
