// Tensor: a dense row-major array of one element type.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace slipway {

// What a tensor is, without its contents.
struct TensorType {
  DType dtype = DType::undefined;
  Shape shape;

  int64_t count() const { return element_count(shape); }
  size_t bytes() const { return static_cast<size_t>(count()) * size_of(dtype); }
  bool operator==(const TensorType&) const = default;
};

// "float32[2, 3]"
std::string to_string(const TensorType& type);

// Memory of `size` bytes aligned to 64, zeroed or not.
std::shared_ptr<std::byte> allocate_bytes(size_t size);

// A handle: copies share the elements (clone() does not). Aligned to 64 bytes when it owns them.
// Thread-safe while nobody writes.
class Tensor {
 public:
  Tensor() = default;

  // Elements are zero (empty for strings, sequences and optionals).
  Tensor(DType dtype, Shape shape);
  // Requires: values.size() == element_count(shape).
  template <typename T>
  static Tensor of(Shape shape, const std::vector<T>& values);
  template <typename T>
  static Tensor scalar(T value) {
    return of<T>({}, {value});
  }
  // A view of memory that `owner` keeps alive. Requires: `data` holds the type's bytes.
  static Tensor view(DType dtype, Shape shape, std::shared_ptr<const void> owner, const void* data);

  bool defined() const { return dtype_ != DType::undefined; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  int64_t dim(int64_t i) const { return shape_[static_cast<size_t>(i)]; }
  int64_t count() const { return element_count(shape_); }
  size_t bytes() const { return static_cast<size_t>(count()) * size_of(dtype_); }
  TensorType type() const { return {dtype_, shape_}; }

  const void* raw() const { return data_.get(); }
  // Requires: nobody else reads meanwhile. Writes are seen by every copy of the handle.
  void* mutable_raw() { return data_.get(); }

  // Requires: T is the dtype's C++ type (std::string for strings).
  template <typename T>
  std::span<const T> data() const {
    CHECK(dtype_of<T> == dtype_, "tensor read as another type");
    return {reinterpret_cast<const T*>(data_.get()), static_cast<size_t>(count())};
  }
  template <typename T>
  std::span<T> mutable_data() {
    CHECK(dtype_of<T> == dtype_, "tensor written as another type");
    return {reinterpret_cast<T*>(data_.get()), static_cast<size_t>(count())};
  }

  // Nobody else holds these elements: whoever has the only handle may write them.
  bool unique() const { return data_.use_count() == 1; }

  // The tensors inside a sequence or optional are shared with the clone.
  Tensor clone() const;
  // The same elements under another shape. Requires: the same count.
  Tensor reshaped(Shape shape) const;
  // Rows [begin, end) of dimension 0, sharing the elements.
  Tensor rows(int64_t begin, int64_t end) const;
  // A new tensor of another type, element by element (C++ conversion; float to integer truncates). Not for strings.
  Tensor cast(DType to) const;
  // Every element as a double / int64; not for strings.
  std::vector<double> to_doubles() const;
  std::vector<int64_t> to_ints() const;

 private:
  DType dtype_ = DType::undefined;
  Shape shape_;
  std::shared_ptr<std::byte> data_;
};

// The same type and the same bytes (so NaN equals the same NaN).
bool identical(const Tensor& a, const Tensor& b);

// How far two tensors are apart.
struct Difference {
  double max_absolute = 0;
  double max_relative = 0;  // |a - b| / max(|b|, 1e-12)
  int64_t outside = 0;      // elements with |a - b| > absolute + relative * |b|, or NaN on one side only
  int64_t where = -1;       // flat index of the worst such element
};
// Error when the types differ. Tolerances as in NumPy's allclose, `b` being the expectation.
Result<Difference> compare(const Tensor& a, const Tensor& b, double relative, double absolute);

// At most `most` elements, nested by dimension: "float32[2, 2] [[1, 2], [3, 4]]".
std::string to_string(const Tensor& tensor, int64_t most = 64);

template <typename T>
Tensor Tensor::of(Shape shape, const std::vector<T>& values) {
  Tensor t(dtype_of<T>, std::move(shape));
  CHECK(static_cast<size_t>(t.count()) == values.size(), "count of values does not match the shape");
  std::span<T> to = t.mutable_data<T>();
  for (size_t i = 0; i < values.size(); ++i) to[i] = values[i];
  return t;
}

}  // namespace slipway
