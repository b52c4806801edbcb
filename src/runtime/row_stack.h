// RowStack: tensors of one type gathered into one tensor, row by row.
#pragma once

#include "tensor/tensor.h"

namespace slipway {

class RowStack {
 public:
  // `expected`: how many rows may come, 0 when unknown; only a hint.
  explicit RowStack(int64_t expected = 0) : expected_(expected) {}

  // Copies `row` behind the last. invalid_argument when its type is not that of the rows before.
  Status push(const Tensor& row);
  int64_t rows() const { return rows_; }
  int64_t bytes() const;

  // [rows, ...]; without any row, `otherwise` with 0 rows. Leaves nothing behind.
  Tensor take(const TensorType& otherwise);

 private:
  void reserve(int64_t rows);

  int64_t expected_;
  int64_t rows_ = 0;
  TensorType type_;  // of a row
  Tensor data_;      // [capacity, ...]
};

// The rows in reverse order.
Tensor reversed_rows(const Tensor& stacked);

}  // namespace slipway
