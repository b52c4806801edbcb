// RowStack: a buffer that grows by half.
#include "runtime/row_stack.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace slipway {

namespace {

constexpr int64_t kFirstBytes = int64_t{1} << 26;  // reserved at once for rows that may come

Shape with_rows(int64_t rows, const Shape& row) {
  Shape shape = {rows};
  shape.insert(shape.end(), row.begin(), row.end());
  return shape;
}

// Row i of `to` becomes row k of `from`.
void copy_row(Tensor& to, int64_t i, const Tensor& from, int64_t k, int64_t count) {
  if (to.dtype() == DType::string) {
    auto begin = from.data<std::string>().begin() + k * count;
    std::copy(begin, begin + count, to.mutable_data<std::string>().begin() + i * count);
    return;
  }
  size_t bytes = static_cast<size_t>(count) * size_of(to.dtype());
  if (bytes == 0) return;
  std::memcpy(static_cast<std::byte*>(to.mutable_raw()) + static_cast<size_t>(i) * bytes,
              static_cast<const std::byte*>(from.raw()) + static_cast<size_t>(k) * bytes, bytes);
}

}  // namespace

Status RowStack::push(const Tensor& row) {
  if (!is_tensor(row.dtype()))
    return invalid(fmt::format("it is of type {}; expected a tensor", dtype_name(row.dtype())));
  if (rows_ == 0) type_ = row.type();
  if (row.type() != type_) {
    return invalid(fmt::format("it is {}; expected {} as before", to_string(row.type()), to_string(type_)));
  }
  if (!data_.defined() || data_.dim(0) == rows_) {
    int64_t each = std::max<int64_t>(static_cast<int64_t>(type_.bytes()), 1);
    int64_t hinted = rows_ == 0 ? std::min(expected_, kFirstBytes / each) : 0;
    reserve(std::max({hinted, rows_ + rows_ / 2, int64_t{4}}));
  }
  copy_row(data_, rows_++, row, 0, type_.count());
  return {};
}

int64_t RowStack::bytes() const { return rows_ * static_cast<int64_t>(type_.bytes()); }

void RowStack::reserve(int64_t rows) {
  Tensor larger(type_.dtype, with_rows(rows, type_.shape));
  for (int64_t i = 0; i < rows_; ++i) copy_row(larger, i, data_, i, type_.count());
  data_ = std::move(larger);
}

Tensor RowStack::take(const TensorType& otherwise) {
  if (rows_ == 0) return Tensor(otherwise.dtype, with_rows(0, otherwise.shape));
  if (data_.dim(0) != rows_) reserve(rows_);
  rows_ = 0;
  return std::move(data_);
}

Tensor reversed_rows(const Tensor& stacked) {
  Tensor reversed(stacked.dtype(), stacked.shape());
  int64_t rows = stacked.dim(0);
  for (int64_t i = 0; i < rows; ++i) copy_row(reversed, i, stacked, rows - 1 - i, stacked.count() / rows);
  return reversed;
}

}  // namespace slipway
