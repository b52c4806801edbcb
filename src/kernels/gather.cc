// Gathers and scatters.
#include "kernels/gather.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <type_traits>

#include <fmt/format.h>

#include "kernels/bounds.h"
#include "kernels/bytes.h"
#include "kernels/parallel.h"
#include "kernels/storage.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;

// The place that `index` means in a dimension of `size`; -1 when there is none.
int64_t place(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}

template <typename T>
void copy_slice(const T* x, T* y, int64_t n) {
  if constexpr (std::is_same_v<T, std::string>) {
    std::copy(x, x + n, y);
  } else if (n == 1) {
    *y = *x;
  } else {
    std::memcpy(y, x, static_cast<size_t>(n) * sizeof(T));
  }
}

// f(old, new) -> joined, for numbers.
template <typename T, typename F>
T in_float(T a, T b, F f) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return convert_element<T>(f(to_float(a), to_float(b)));
  } else {
    return static_cast<T>(f(a, b));
  }
}

template <typename T>
T joined(Reduction reduction, T old, T update) {
  switch (reduction) {
    case Reduction::none: return update;
    case Reduction::add: return in_float(old, update, [](auto a, auto b) { return a + b; });
    case Reduction::mul: return in_float(old, update, [](auto a, auto b) { return a * b; });
    case Reduction::min: return in_float(old, update, [](auto a, auto b) { return b < a ? b : a; });
    case Reduction::max: return in_float(old, update, [](auto a, auto b) { return a < b ? b : a; });
  }
  return update;
}

// f(TypeTag<T>{}) with a type that moves when nothing is joined, else with the number's own type.
template <typename F>
Status visit_for(Reduction reduction, DType dtype, F&& f) {
  return reduction == Reduction::none ? visit_storage(dtype, f) : visit_dtype(dtype, f);
}

template <typename T>
void join(Reduction reduction, const T* update, T* y, int64_t n) {
  if constexpr (std::is_same_v<T, std::string>) {
    std::copy(update, update + n, y);
  } else {
    if (reduction == Reduction::none) return copy_slice(update, y, n);
    for (int64_t i = 0; i < n; ++i) y[i] = joined(reduction, y[i], update[i]);
  }
}

// f(i, flat place in the other tensor) for every element i of an index tensor along `axis`; beyond(i) where there is no
// such place.
template <typename Index, typename F, typename Beyond>
Status walk_elements(std::span<const int64_t> other, std::span<const int64_t> shape, int64_t axis, const Index* indices,
                     F&& f, Beyond&& beyond) {
  std::array<int64_t, kMaxRank> at = {};
  std::array<int64_t, kMaxRank> stride = {};
  int64_t step = 1;
  int64_t total = 1;
  auto rank = static_cast<int>(shape.size());
  for (int d = rank; d-- > 0;) {
    auto k = static_cast<size_t>(d);
    stride[k] = step;
    step *= other[k];
    total *= shape[k];
  }
  auto along = static_cast<size_t>(axis);
  int64_t base = 0;  // of the other tensor, without the axis
  bool inside = true;
  for (int64_t i = 0; i < total; ++i) {
    int64_t p = place(static_cast<int64_t>(indices[i]), other[along]);
    if (p >= 0) {
      f(i, base + p * stride[along]);
    } else {
      inside = false;
      beyond(i);
    }
    for (int d = rank; d-- > 0;) {
      auto k = static_cast<size_t>(d);
      int64_t move = k == along ? 0 : stride[k];
      base += move;
      if (++at[k] < shape[k]) break;
      base -= move * shape[k];
      at[k] = 0;
    }
  }
  return inside ? Status() : expect_indices(dtype_of<Index>, indices, total, other[along]);
}

// The element offset that one index tuple means, or -1.
template <typename Index>
int64_t nd_offset(const GatherNdShape& s, const Index* tuple) {
  int64_t offset = 0;
  for (int d = 0; d < s.k; ++d) {
    int64_t p = place(static_cast<int64_t>(tuple[d]), s.dims[static_cast<size_t>(d)]);
    if (p < 0) return -1;
    offset = offset * s.dims[static_cast<size_t>(d)] + p;
  }
  return offset * s.slice;
}

// An error that names the first index outside its dimension.
template <typename Index>
Status expect_tuples(const GatherNdShape& s, const Index* tuples) {
  for (int64_t row = 0; row < s.batch * s.count; ++row) {
    for (int d = 0; d < s.k; ++d) {
      const int64_t index = tuples[row * s.k + d], size = s.dims[static_cast<size_t>(d)];
      if (place(index, size) >= 0) continue;
      return invalid(fmt::format("index {} (number {} of tuple {}) is outside [{}, {})", index, d, row, -size, size));
    }
  }
  return {};
}

// f(row, offset) for every tuple; beyond(row) where it names no slice.
template <typename Index, typename F, typename Beyond>
Status walk_tuples(const GatherNdShape& s, const Index* tuples, F&& f, Beyond&& beyond) {
  bool inside = true;
  for (int64_t row = 0; row < s.batch * s.count; ++row) {
    const int64_t p = nd_offset(s, tuples + row * s.k);
    if (p >= 0) {
      f(row, p);
    } else {
      inside = false;
      beyond(row);
    }
  }
  return inside ? Status() : expect_tuples(s, tuples);
}

int64_t batch_stride(const GatherNdShape& s) {
  int64_t n = s.slice;
  for (int d = 0; d < s.k; ++d) n *= s.dims[static_cast<size_t>(d)];
  return n;
}

// Single 8-bit or 32-bit elements out of many rows: the indices are decoded once for all rows. False when one lies
// outside.
template <typename T>
bool gather_singles(const GatherShape& s, const T* x, DType index, const void* indices, T* y, int threads) {
  constexpr int64_t kBlock = 512;
  for (int64_t begin = 0; begin < s.count; begin += kBlock) {
    const int64_t n = std::min(kBlock, s.count - begin);
    std::array<int32_t, kBlock> positions;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t p = place(index_at(index, indices, begin + i), s.axis);
      if (p < 0) return false;
      positions[static_cast<size_t>(i)] = static_cast<int32_t>(p);
    }
    parallel_for(threads, s.outer, kGrain / n, [&](int64_t first, int64_t last) {
      const T* from = x + first * s.axis;
      T* to = y + first * s.count + begin;
      if constexpr (sizeof(T) == 1) {
        pick_bytes(from, last - first, s.axis, positions.data(), n, to, s.count);
      } else {
        pick_32(from, last - first, s.axis, positions.data(), n, to, s.count);
      }
    });
  }
  return true;
}

}  // namespace

Status gather(const GatherShape& s, DType dtype, const void* x, DType index, const void* indices, void* y,
              int threads) {
  std::atomic<bool> inside = true;
  auto copy = [&]<typename T, typename I>(const T* from, const I* places, T* to) {
    parallel_for(threads, s.outer * s.count, kGrain / std::max<int64_t>(s.inner, 1), [&](int64_t begin, int64_t end) {
      int64_t k = begin % s.count;
      const T* base = from + begin / s.count * s.axis * s.inner;
      for (int64_t row = begin; row < end; ++row) {
        const int64_t p = place(static_cast<int64_t>(places[k]), s.axis);
        if (p >= 0) {
          copy_slice(base + p * s.inner, to + row * s.inner, s.inner);
        } else {
          std::fill_n(to + row * s.inner, s.inner, T{});
          inside.store(false, std::memory_order_relaxed);
        }
        if (++k < s.count) continue;
        k = 0;
        base += s.axis * s.inner;
      }
    });
  };
  visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    if constexpr (std::is_same_v<T, uint32_t> || std::is_same_v<T, uint8_t>) {
      const bool fits = s.axis <= std::numeric_limits<int32_t>::max();
      if (s.inner == 1 && s.outer > 1 && fits && gather_singles(s, from, index, indices, to, threads)) return;
    }
    visit_index(index, [&]<typename I>(TypeTag<I>) { copy(from, static_cast<const I*>(indices), to); });
  });
  return inside ? Status() : expect_indices(index, indices, s.count, s.axis);
}

Status gather_grad(const GatherShape& s, DType dtype, const void* dy, DType index, const void* indices, void* dx,
                   int threads) {
  fill(dtype, nullptr, dx, s.outer * s.axis * s.inner, threads);
  bool inside = true;
  visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(dy);
    T* to = static_cast<T*>(dx);
    for (int64_t o = 0; o < s.outer; ++o) {
      for (int64_t k = 0; k < s.count; ++k) {
        const int64_t p = place(index_at(index, indices, k), s.axis);
        inside = inside && p >= 0;
        if (p < 0) continue;
        join(Reduction::add, from + (o * s.count + k) * s.inner, to + (o * s.axis + p) * s.inner, s.inner);
      }
    }
  });
  return inside ? Status() : expect_indices(index, indices, s.count, s.axis);
}

Status gather_elements(std::span<const int64_t> x_shape, std::span<const int64_t> index_shape, int64_t axis,
                       DType dtype, const void* x, DType index, const void* indices, void* y) {
  return visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    return visit_index(index, [&]<typename I>(TypeTag<I>) {
      return walk_elements(
          x_shape, index_shape, axis, static_cast<const I*>(indices), [&](int64_t i, int64_t p) { to[i] = from[p]; },
          [&](int64_t i) { to[i] = T{}; });
    });
  });
}

Status scatter_elements(std::span<const int64_t> y_shape, std::span<const int64_t> index_shape, int64_t axis,
                        DType dtype, Reduction reduction, DType index, const void* indices, const void* updates,
                        void* y) {
  return visit_for(reduction, dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(updates);
    T* to = static_cast<T*>(y);
    return visit_index(index, [&]<typename I>(TypeTag<I>) {
      return walk_elements(
          y_shape, index_shape, axis, static_cast<const I*>(indices),
          [&](int64_t i, int64_t p) { join(reduction, from + i, to + p, 1); }, [](int64_t) {});
    });
  });
}

Status gather_nd(const GatherNdShape& s, DType dtype, const void* x, DType index, const void* indices, void* y) {
  const int64_t stride = batch_stride(s);
  return visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    return visit_index(index, [&]<typename I>(TypeTag<I>) {
      return walk_tuples(
          s, static_cast<const I*>(indices),
          [&](int64_t row, int64_t p) { copy_slice(from + row / s.count * stride + p, to + row * s.slice, s.slice); },
          [&](int64_t row) { std::fill_n(to + row * s.slice, s.slice, T{}); });
    });
  });
}

Status scatter_nd(const GatherNdShape& s, DType dtype, Reduction reduction, DType index, const void* indices,
                  const void* updates, void* y) {
  const int64_t stride = batch_stride(s);
  return visit_for(reduction, dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(updates);
    T* to = static_cast<T*>(y);
    return visit_index(index, [&]<typename I>(TypeTag<I>) {
      return walk_tuples(
          s, static_cast<const I*>(indices),
          [&](int64_t row, int64_t p) {
            join(reduction, from + row * s.slice, to + row / s.count * stride + p, s.slice);
          },
          [](int64_t) {});
    });
  });
}

}  // namespace slipway::kernels
