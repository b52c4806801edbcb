// Product over oneDNN or plain loops.
#include "kernels/product.h"

#include <fmt/format.h>

#include "kernels/reference_matmul.h"

namespace slipway::kernels {

Result<Product> Product::make(DType dtype, const MatmulSpec& spec, const PackFn& pack) {
  Product p;
  p.m_ = spec.m;
  p.n_ = spec.n;
  p.k_ = spec.k;
  p.transpose_a_ = spec.transpose_a;
  p.transpose_b_ = spec.transpose_b;
  if (dtype != DType::f32 && dtype != DType::f64) {
    return unsupported(fmt::format("no matrix product for {}; expected float32 or float64", dtype_name(dtype)));
  }
  bool empty = spec.m == 0 || spec.n == 0 || spec.k == 0;
  if (dtype == DType::f32 && !empty) p.primitive_ = TRY(make_matmul(spec, pack));
  return p;
}

template <typename T>
void Product::run(const T* a, const T* b, T* c, void* instance, void* scratch) const {
  if (primitive_ == nullptr) {
    reference_matmul(a, b, c, m_, n_, k_, transpose_a_, transpose_b_);
    return;
  }
  const void* in[] = {a, b};
  void* out[] = {c};
  primitive_->run(instance, in, out, scratch);
}

template void Product::run(const float*, const float*, float*, void*, void*) const;
template void Product::run(const double*, const double*, double*, void*, void*) const;

}  // namespace slipway::kernels
