// DFT.
#include <algorithm>

#include <fmt/format.h>

#include "kernels/fft.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {
namespace {

// The transformed axis counted from the front; nullopt when it is not known yet.
Result<std::optional<size_t>> axis_of(const Tensor* given, bool there, int64_t rank) {
  int64_t axis = -2;
  if (there && given == nullptr) return std::optional<size_t>();
  if (there) axis = given->to_ints()[0];
  axis = TRY(normalize_axis(axis, rank));
  if (axis == rank - 1) return invalid("axis is the last one, which holds real and imaginary parts");
  return std::optional<size_t>(static_cast<size_t>(axis));
}

Status infer(InferContext& c) {
  Dims out = c.dims(0);
  auto rank = static_cast<int64_t>(out.size());
  if (rank < 2) return invalid(fmt::format("x is {}; expected [..., n, 1 or 2]", to_string(out)));
  if (out.back().known() && out.back().size != 1 && out.back().size != 2) {
    return invalid("the last dimension must be 1 (real) or 2 (complex)");
  }
  bool onesided = c.node().integer("onesided") != 0, inverse = c.node().integer("inverse") != 0;
  if (onesided && inverse) return unsupported("onesided with inverse");
  out.back() = 2;
  for (size_t i : {1, 2}) {
    if (c.has_input(i)) RETURN_IF_ERROR(ops::expect_dtype(c, i, {DType::i64, DType::i32}));
    if (c.has_input(i) && c.known(i) != nullptr && c.known(i)->count() != 1) {
      return invalid(fmt::format("input {} must be a scalar", i));
    }
  }
  std::optional<size_t> axis = TRY(axis_of(c.has_input(2) ? c.known(2) : nullptr, c.has_input(2), rank));
  if (!axis) {
    for (size_t i = 0; i + 1 < out.size(); ++i) out[i] = Dim();
    c.set(0, c.dtype(0), out);
    return {};
  }
  Dim& length = out[*axis];
  if (c.has_input(1)) {
    std::optional<std::vector<int64_t>> wanted = TRY(ops::index_input(c, 1));
    length = wanted ? Dim((*wanted)[0]) : Dim();
  }
  if (length.known() && length.size < 1) return invalid("dft_length must be at least 1");
  if (onesided && length.known()) length = length.size / 2 + 1;
  c.set(0, c.dtype(0), out);
  return {};
}

struct Walk {
  int64_t outer, inner, in, out, parts;  // parts: 1 real, 2 complex
};

template <typename T>
Kernel typed(const Walk& w, int64_t length, bool inverse) {
  using Complex = std::complex<T>;
  auto fft = std::make_shared<const kernels::Fft<T>>(length, inverse);
  Kernel kernel;
  kernel.scratch_bytes = static_cast<size_t>(3 * length) * sizeof(Complex);
  kernel.run = [=](const KernelArgs& a) {
    auto* line = static_cast<Complex*>(a.scratch);
    Complex *answer = line + length, *scratch = line + 2 * length;
    for (int64_t o = 0; o < w.outer; ++o) {
      for (int64_t i = 0; i < w.inner; ++i) {
        for (int64_t k = 0; k < length; ++k) {
          const T* x = a.input<T>(0) + ((o * w.in + k) * w.inner + i) * w.parts;
          line[k] = k >= w.in ? Complex() : Complex(x[0], w.parts == 2 ? x[1] : T{});
        }
        fft->run(line, 1, answer, scratch);
        for (int64_t k = 0; k < w.out; ++k) {
          T* y = a.output<T>(0) + ((o * w.out + k) * w.inner + i) * 2;
          y[0] = answer[k].real();
          y[1] = answer[k].imag();
        }
      }
    }
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Shape &x = c.in(0).shape, &y = c.out(0).shape;
  bool there = c.has_input(2);
  std::optional<size_t> axis = TRY(axis_of(c.constant(2), there, static_cast<int64_t>(x.size())));
  if (!axis || (c.has_input(1) && c.constant(1) == nullptr)) {
    return unsupported("DFT needs dft_length and axis as constants");
  }
  std::span<const int64_t> before(x.data(), *axis), behind(x.data() + *axis + 1, x.size() - *axis - 2);
  Walk w{element_count(before), element_count(behind), x[*axis], y[*axis], x.back()};
  int64_t length = c.has_input(1) ? c.constant(1)->to_ints()[0] : x[*axis];
  bool inverse = c.node().integer("inverse") != 0;
  if (c.out(0).count() == 0) return Kernel{[](const KernelArgs&) {}};
  if (c.in(0).dtype == DType::f32) return typed<float>(w, length, inverse);
  if (c.in(0).dtype == DType::f64) return typed<double>(w, length, inverse);
  return unsupported(fmt::format("DFT has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

std::vector<Sample> samples() {
  auto scalar = [](int64_t v) { return ops::fixed(Tensor::scalar(v)); };
  return {{.inputs = {ops::sample({2, 12, 1})}, .attributes = {{"onesided", int64_t{1}}}},
          {.inputs = {ops::sample({3, 7, 2}), scalar(10), scalar(0)}, .attributes = {{"inverse", int64_t{1}}}},
          {.inputs = {ops::sample({1, 16, 2})}}};
}

}  // namespace

OPERATOR(dft) = {
    .name = "DFT",
    .since = 17,
    .doc = "y[k] = sum of x[j] e^(-2 pi i j k / n) along `axis` of [..., 1 or 2]; cut or filled with 0 to dft_length.",
    .inputs = {1, 3},
    .attributes = {{{"inverse", 0}, {"onesided", 0}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::dft,
    .tflite = {nullptr, "TFLite's RFFT2D is for two dimensions"},
    .samples = samples,
};

}  // namespace slipway
