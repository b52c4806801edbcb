// Product: one matrix product made ready, by oneDNN in float32 and by plain loops in float64.
#pragma once

#include <memory>

#include "kernels/primitive.h"

namespace slipway::kernels {

// C[m, n] = A B for a fixed shape; an empty one does nothing. Frozen; the instance is one run's own.
class Product {
 public:
  Product() = default;
  // `spec` has no batch, bias or post-op. An error for other types than float32 and float64.
  static Result<Product> make(DType dtype, const MatmulSpec& spec, const PackFn& pack);

  size_t scratch_bytes() const { return primitive_ ? primitive_->scratch_bytes() : 0; }
  std::shared_ptr<void> make_instance() const { return primitive_ ? primitive_->make_instance() : nullptr; }
  // `scratch` is aligned to 64. b is not read when it was constant.
  template <typename T>
  void run(const T* a, const T* b, T* c, void* instance, void* scratch) const;

 private:
  std::shared_ptr<const Primitive> primitive_;  // nullptr: float64, or nothing to do
  int64_t m_ = 0, n_ = 0, k_ = 0;
  bool transpose_a_ = false, transpose_b_ = false;
};

}  // namespace slipway::kernels
