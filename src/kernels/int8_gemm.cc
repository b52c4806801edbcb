// Int8Product of matrices: one oneDNN product and the corrections for signs and zero points.
#include <algorithm>

#include "kernels/int8.h"
#include "kernels/int8_parts.h"
#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;

// sums[j] = sum_k w[k, j]; w is [k, n], or [n, k] when transposed.
void sum_columns(const int8_t* w, int64_t n, int64_t k, bool transposed, int32_t* sums) {
  std::fill_n(sums, n, 0);
  for (int64_t i = 0; i < n * k; ++i) sums[transposed ? i / k : i % n] += w[i];
}

class Int8Gemm final : public Int8Product {
 public:
  Int8Gemm(const Int8GemmSpec& spec, std::shared_ptr<const Primitive> product, Tensor sums, bool columns_shifted)
      : spec_(spec), product_(std::move(product)), sums_(std::move(sums)), columns_shifted_(columns_shifted) {
    ScratchLayout layout;
    primitive_ = layout.reserve(product_->scratch_bytes());
    offset_ = layout.reserve(spec_.n * sizeof(int32_t));
    shifted_ = layout.reserve(sums_.defined() ? 0 : static_cast<size_t>(spec_.n * spec_.k));
    run_sums_ = layout.reserve(sums_.defined() ? 0 : spec_.n * sizeof(int32_t));
    bytes_ = layout.bytes();
  }

  size_t scratch_bytes() const override { return bytes_; }
  std::shared_ptr<void> make_instance() const override { return product_->make_instance(); }

  const int32_t* run(void* instance, const Int8Operands& a) const override {
    auto* scratch = static_cast<std::byte*>(a.scratch);
    const void* w = a.w;
    const auto* sums = sums_.defined() ? sums_.data<int32_t>().data() : reinterpret_cast<int32_t*>(scratch + run_sums_);
    if (!sums_.defined()) {
      auto* shifted = reinterpret_cast<int8_t*>(scratch + shifted_);
      to_int8(spec_.w, a.w, shifted, spec_.n * spec_.k);
      sum_columns(shifted, spec_.n, spec_.k, spec_.transpose_w, reinterpret_cast<int32_t*>(scratch + run_sums_));
      w = shifted;
    }
    const void* in[] = {a.x, w};
    void* out[] = {a.acc};
    product_->run(instance, in, out, scratch + primitive_);
    bool per_row = spec_.x_zero.count > 1;
    if (columns_shifted_ || per_row) {
      correct_rows(a, sums);
      return nullptr;
    }
    if (!spec_.x_zero.given()) return nullptr;
    int32_t zero = zero_at(spec_.x_zero.dtype, a.x_zero, 0);
    if (zero == 0) return nullptr;
    auto* offset = reinterpret_cast<int32_t*>(scratch + offset_);
    for (int64_t j = 0; j < spec_.n; ++j) offset[j] = zero * sums[j];
    return offset;
  }

 private:
  // The zero point of column j against w as int8.
  int32_t column_zero(const Int8Operands& a, int64_t j) const {
    int32_t zero = zero_at(spec_.w_zero.dtype, a.w_zero, spec_.w_zero.count > 1 ? j : 0);
    return spec_.w == DType::u8 ? zero - 128 : zero;
  }

  // acc -= x_zero sum_k w + w_zero (sum_k x - K x_zero), row by row.
  void correct_rows(const Int8Operands& a, const int32_t* sums) const {
    parallel_for(spec_.threads, spec_.m, kGrain / std::max<int64_t>(spec_.n, 1), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int32_t zero = zero_at(spec_.x_zero.dtype, a.x_zero, spec_.x_zero.count > 1 ? i : 0);
        int32_t row = -static_cast<int32_t>(spec_.k) * zero;
        for (int64_t l = 0; l < spec_.k; ++l) row += zero_at(spec_.x, a.x, i * spec_.k + l);
        for (int64_t j = 0; j < spec_.n; ++j) a.acc[i * spec_.n + j] -= zero * sums[j] + column_zero(a, j) * row;
      }
    });
  }

  Int8GemmSpec spec_;
  std::shared_ptr<const Primitive> product_;
  Tensor sums_;           // sum_k w[k, n]; undefined when w is known at run time only
  bool columns_shifted_;  // some column's zero point is (or may be) other than 0
  size_t primitive_, offset_, shifted_, run_sums_, bytes_;
};

}  // namespace

Result<std::shared_ptr<const Int8Product>> make_int8_gemm(const Int8GemmSpec& spec, const PackFn& pack) {
  bool shifted = weights_shifted(spec.w, spec.w_zero);
  Int8MatmulSpec product = {spec.m, spec.n, spec.k, spec.x, spec.transpose_w, nullptr};
  Tensor w;
  if (spec.constant_w != nullptr) {
    w = int8_weights(*spec.constant_w, pack);
    product.constant_w = &w;
  }
  auto primitive = TRY(make_int8_matmul(product, pack));
  Int8GemmSpec kept = spec;
  kept.constant_w = nullptr;
  kept.x_zero.constant = kept.w_zero.constant = nullptr;
  Tensor sums;
  if (w.defined()) {
    std::string layout = spec.transpose_w ? "int8 row sums" : "int8 column sums";
    sums = pack(w, layout, [&] {
      Tensor t(DType::i32, {spec.n});
      sum_columns(w.data<int8_t>().data(), spec.n, spec.k, spec.transpose_w, t.mutable_data<int32_t>().data());
      return t;
    });
  }
  return std::shared_ptr<const Int8Product>(std::make_shared<Int8Gemm>(kept, std::move(primitive), sums, shifted));
}

}  // namespace slipway::kernels
