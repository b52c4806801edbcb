// Reordering of a tensor's dimensions.
#include "tensor/permute.h"

#include <cstring>

namespace slipway {

bool is_permutation(std::span<const int64_t> permutation) {
  std::vector<bool> seen(permutation.size(), false);
  for (int64_t p : permutation) {
    if (p < 0 || p >= static_cast<int64_t>(permutation.size()) || seen[static_cast<size_t>(p)]) return false;
    seen[static_cast<size_t>(p)] = true;
  }
  return true;
}

std::vector<int64_t> inverse_permutation(std::span<const int64_t> permutation) {
  std::vector<int64_t> inverse(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i)
    inverse[static_cast<size_t>(permutation[i])] = static_cast<int64_t>(i);
  return inverse;
}

Shape permuted(std::span<const int64_t> shape, std::span<const int64_t> permutation) {
  CHECK(shape.size() == permutation.size() && is_permutation(permutation), "no permutation of the dimensions");
  Shape out;
  for (int64_t p : permutation) out.push_back(shape[static_cast<size_t>(p)]);
  return out;
}

Tensor permuted(const Tensor& x, std::span<const int64_t> permutation) {
  Tensor out(x.dtype(), permuted(std::span<const int64_t>(x.shape()), permutation));
  const size_t size = size_of(x.dtype());
  CHECK(size > 0, "permuted() on a type without fixed-size elements");
  const Shape strides = permuted(std::span<const int64_t>(row_major_strides(x.shape())), permutation);
  const auto* from = static_cast<const std::byte*>(x.raw());
  auto* to = static_cast<std::byte*>(out.mutable_raw());
  Shape index(out.shape().size(), 0);
  int64_t offset = 0;
  for (int64_t n = out.count(); n > 0; --n) {
    std::memcpy(to, from + static_cast<size_t>(offset) * size, size);
    to += size;
    for (size_t d = index.size(); d-- > 0;) {
      offset += strides[d];
      if (++index[d] < out.shape()[d]) break;
      offset -= strides[d] * index[d];
      index[d] = 0;
    }
  }
  return out;
}

}  // namespace slipway
