// MelWeightMatrix.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "ops/expect.h"
#include "ops/movement.h"
#include "tensor/visit.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  std::optional<std::vector<int64_t>> bins = TRY(ops::index_input(c, 0)), length = TRY(ops::index_input(c, 1));
  RETURN_IF_ERROR(ops::expect_dtype(c, 2, {DType::i32, DType::i64}));
  for (size_t i : {3, 4}) RETURN_IF_ERROR(ops::expect_dtype(c, i, {DType::f32, DType::f64, DType::f16, DType::bf16}));
  for (size_t i = 0; i < 5; ++i) RETURN_IF_ERROR(ops::expect_one(c, i, "an input"));
  if ((bins && (*bins)[0] < 1) || (length && (*length)[0] < 1)) {
    return invalid("num_mel_bins and dft_length must be at least 1");
  }
  c.set(0, TRY(ops::dtype_attribute(c.node(), "output_datatype")),
        {length ? Dim((*length)[0] / 2 + 1) : Dim(), bins ? Dim((*bins)[0]) : Dim()});
  return {};
}

double number(DType dtype, const void* data) {
  return visit_dtype(dtype,
                     [&]<typename T>(TypeTag<T>) { return convert_element<double>(*static_cast<const T*>(data)); });
}

// Triangles between neighbouring corners, which are evenly spaced in mel (2595 log10(1 + Hz / 700)) and rounded down to
// bins of the spectrum.
void fill(double length, double rate, double low, double high, int64_t rows, int64_t bins, double* y) {
  auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  double first = mel(low), step = (mel(high) - first) / static_cast<double>(bins + 2);
  auto corner = [&](int64_t i) {
    double hertz = 700 * (std::pow(10, (first + static_cast<double>(i) * step) / 2595) - 1);
    return static_cast<int64_t>(std::floor((length + 1) * hertz / rate));
  };
  std::fill_n(y, rows * bins, 0.0);
  auto set = [&](int64_t row, int64_t bin, double value) {
    if (row >= 0 && row < rows) y[row * bins + bin] = value;
  };
  for (int64_t b = 0; b < bins; ++b) {
    int64_t left = corner(b), top = corner(b + 1), right = corner(b + 2);
    if (left == top) set(top, b, 1);
    for (int64_t i = left; i <= top && left != top; ++i) {
      set(i, b, static_cast<double>(i - left) / static_cast<double>(top - left));
    }
    for (int64_t i = top; i < right; ++i) set(i, b, static_cast<double>(right - i) / static_cast<double>(right - top));
  }
}

Result<Kernel> prepare(const PrepareContext& c) {
  int64_t rows = c.out(0).shape[0], bins = c.out(0).shape[1];
  std::array<DType, 5> types;
  for (size_t i = 0; i < 5; ++i) types[i] = c.in(i).dtype;
  DType out = c.out(0).dtype;
  if (!is_float(out) && !is_integer(out)) return unsupported("MelWeightMatrix makes numbers only");
  Kernel kernel;
  kernel.scratch_bytes = static_cast<size_t>(rows * bins) * sizeof(double);
  kernel.run = [=](const KernelArgs& a) {
    auto at = [&](size_t i) { return number(types[i], a.in[i]); };
    auto* y = static_cast<double*>(a.scratch);
    fill(at(1), at(2), at(3), at(4), rows, bins, y);
    visit_dtype(out, [&]<typename T>(TypeTag<T>) {
      for (int64_t i = 0; i < rows * bins; ++i) a.output<T>(0)[i] = convert_element<T>(y[i]);
    });
  };
  return kernel;
}

std::vector<Sample> samples() {
  auto whole = [](int64_t v) { return ops::fixed(Tensor::scalar(v)); };
  auto real = [](float v) { return ops::fixed(Tensor::scalar(v)); };
  return {{.inputs = {whole(8), whole(16), whole(8192), real(0), real(4096)}}};
}

}  // namespace

OPERATOR(mel_weight_matrix) = {
    .name = "MelWeightMatrix",
    .since = 17,
    .doc = "[dft_length / 2 + 1, num_mel_bins]: the triangles that turn a spectrum into mel bins.",
    .inputs = {5, 5},
    .attributes = {{{"output_datatype", 1}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "left out: it is folded where its sizes are known"},
    .samples = samples,
};

}  // namespace slipway
