// Padding by index maps, one per dimension.
#include "kernels/pad.h"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>

#include "kernels/storage.h"
#include "kernels/strided_copy.h"
#include "tensor/shape.h"

namespace slipway::kernels {

namespace {

// maps[d][i]: offset in x of position i along d, -1 where there is nothing.
using Maps = std::array<int64_t*, kMaxRank>;

Maps make_maps(PadMode mode, std::span<const int64_t> x, std::span<const int64_t> y, std::span<const int64_t> before,
               int64_t* scratch) {
  Maps maps = {};
  int64_t stride = 1;
  for (size_t d = x.size(); d-- > 0;) {
    maps[d] = scratch;
    const int64_t begin = std::clamp<int64_t>(before[d], 0, y[d]);
    const int64_t end = std::clamp<int64_t>(before[d] + x[d], begin, y[d]);
    auto outside = [&](int64_t i) {
      int64_t source = pad_source(mode, i, before[d], x[d]);
      scratch[i] = source < 0 ? -1 : source * stride;
    };
    for (int64_t i = 0; i < begin; ++i) outside(i);
    for (int64_t i = begin; i < end; ++i) scratch[i] = (i - before[d]) * stride;
    for (int64_t i = end; i < y[d]; ++i) outside(i);
    scratch += y[d];
    stride *= x[d];
  }
  return maps;
}

// f(flat position in y, offset in x or -1) of every row of the last dimension. Requires: there is one.
template <typename F>
void walk_rows(const Maps& maps, std::span<const int64_t> y, F&& f) {
  size_t last = y.size() - 1;
  int64_t rows = element_count(y.first(last));
  std::array<int64_t, kMaxRank> at = {};
  for (int64_t row = 0; row < rows; ++row) {
    int64_t base = 0;
    for (size_t d = 0; d < last && base >= 0; ++d) base = maps[d][at[d]] < 0 ? -1 : base + maps[d][at[d]];
    f(row * y[last], base);
    for (size_t d = last; d-- > 0;) {
      if (++at[d] < y[d]) break;
      at[d] = 0;
    }
  }
}

// f(flat position in y, offset in x or -1) of every element.
template <typename F>
void walk(const Maps& maps, std::span<const int64_t> y, F&& f) {
  if (y.empty()) return f(int64_t{0}, int64_t{0});
  const size_t last = y.size() - 1;
  walk_rows(maps, y, [&](int64_t at, int64_t base) {
    for (int64_t i = 0; i < y[last]; ++i) {
      int64_t source = maps[last][i];
      f(at + i, base < 0 || source < 0 ? -1 : base + source);
    }
  });
}

}  // namespace

int64_t pad_source(PadMode mode, int64_t i, int64_t before, int64_t size) {
  int64_t at = i - before;
  if (at >= 0 && at < size) return at;
  if (size == 0) return -1;
  switch (mode) {
    case PadMode::constant: return -1;
    case PadMode::edge: return std::clamp<int64_t>(at, 0, size - 1);
    case PadMode::wrap: return (at % size + size) % size;
    case PadMode::reflect: break;
  }
  if (size == 1) return 0;
  int64_t period = 2 * (size - 1);
  at = (at % period + period) % period;
  return at < size ? at : period - at;
}

int64_t pad_scratch(std::span<const int64_t> y_shape) {
  int64_t n = 0;
  for (int64_t size : y_shape) n += size;
  return n;
}

void pad(PadMode mode, std::span<const int64_t> x_shape, std::span<const int64_t> y_shape,
         std::span<const int64_t> before, DType dtype, const void* x, const void* value, void* y, int64_t* scratch) {
  // Last dimensions of size 1 would make many rows of one element.
  size_t rank = x_shape.size();
  while (rank > 1 && x_shape[rank - 1] == 1 && y_shape[rank - 1] == 1 && before[rank - 1] == 0) --rank;
  x_shape = x_shape.first(rank);
  y_shape = y_shape.first(rank);
  Maps maps = make_maps(mode, x_shape, y_shape, before, scratch);
  visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
    const T fill = value != nullptr ? *static_cast<const T*>(value) : T{};
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    if (y_shape.empty()) {
      *to = *from;
      return;
    }
    // Of each row, what lies inside x is one run.
    const size_t last = y_shape.size() - 1;
    const int64_t row = y_shape[last];
    const int64_t begin = std::clamp<int64_t>(before[last], 0, row);
    const int64_t end = std::clamp<int64_t>(before[last] + x_shape[last], begin, row);
    walk_rows(maps, y_shape, [&](int64_t at, int64_t base) {
      if (base < 0) return static_cast<void>(std::fill_n(to + at, row, fill));
      auto edge = [&](int64_t i) { to[at + i] = maps[last][i] < 0 ? fill : from[base + maps[last][i]]; };
      for (int64_t i = 0; i < begin; ++i) edge(i);
      if (end > begin) std::copy_n(from + base + maps[last][begin], end - begin, to + at + begin);
      for (int64_t i = end; i < row; ++i) edge(i);
    });
  });
}

void pad_grad(PadMode mode, std::span<const int64_t> x_shape, std::span<const int64_t> y_shape,
              std::span<const int64_t> before, DType dtype, const void* dy, void* dx, int64_t* scratch) {
  Maps maps = make_maps(mode, x_shape, y_shape, before, scratch);
  fill(dtype, nullptr, dx, element_count(x_shape), 1);
  visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(dy);
    T* to = static_cast<T*>(dx);
    walk(maps, y_shape, [&](int64_t i, int64_t source) {
      if (source < 0) return;
      if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
        to[source] = convert_element<T>(to_float(to[source]) + to_float(from[i]));
      } else {
        to[source] = static_cast<T>(to[source] + from[i]);
      }
    });
  });
}

}  // namespace slipway::kernels
