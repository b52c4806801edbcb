// Scale and bias of normalizations over the last dimensions of x, which ONNX lets broadcast to x.
#pragma once

#include "kernels/scratch.h"
#include "kernels/strided_copy.h"
#include "ops/infer.h"

namespace slipway::ops {

// A parameter in rows of as many elements as x has from dimension `axis` on. A plain value.
class RowParameter {
 public:
  // Reserves scratch where the parameter must be spread. An error that names `name` unless it broadcasts to x or has
  // one element for each of a row.
  static Result<RowParameter> make(const char* name, const TensorType& parameter, const Shape& x, size_t axis,
                                   kernels::ScratchLayout& layout);

  // Elements from one row of x to the next: 0 when all rows have the same.
  int64_t step() const { return step_; }

  // The elements of row 0, spread into scratch unless they lie in `given` as they are wanted.
  template <typename T>
  const T* rows(const T* given, void* scratch, int threads) const {
    if (!spreads_) return given;
    auto* to = reinterpret_cast<T*>(static_cast<std::byte*>(scratch) + offset_);
    kernels::strided_copy(copy_, dtype_of<T>, given, to, threads);
    return to;
  }

 private:
  bool spreads_ = false;
  int64_t step_ = 0;
  size_t offset_ = 0;
  kernels::StridedCopy copy_;
};

// For gradients: `parameter` with one element for each of a row of x, from dimension `axis` on, an Expand away where it
// broadcasts within the row. An error where its rows differ or sizes are unknown.
Result<ValueId> one_row(Builder& b, ValueId parameter, ValueId x, int64_t axis);

}  // namespace slipway::ops
