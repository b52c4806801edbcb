// Strided copies: rows where both sides are contiguous, blocked transposition where they cross, single steps otherwise.
#include "kernels/strided_copy.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/check.h"
#include "kernels/parallel.h"
#include "kernels/storage.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;  // elements a thread must get to be worth waking
constexpr int64_t kTile = 32;

// f(in, out) with both offsets of items [begin, end) of the box of the first `rank` dimensions.
template <typename F>
void walk(const StridedCopy& p, int rank, int64_t begin, int64_t end, F&& f) {
  std::array<int64_t, kMaxRank> index;
  int64_t in = p.in_offset;
  int64_t out = p.out_offset;
  int64_t rest = begin;
  for (int d = rank; d-- > 0;) {
    index[d] = rest % p.size[d];
    rest /= p.size[d];
    in += index[d] * p.in_stride[d];
    out += index[d] * p.out_stride[d];
  }
  for (int64_t i = begin; i < end; ++i) {
    f(in, out);
    for (int d = rank; d-- > 0;) {
      in += p.in_stride[d];
      out += p.out_stride[d];
      if (++index[d] < p.size[d]) break;
      in -= p.in_stride[d] * p.size[d];
      out -= p.out_stride[d] * p.size[d];
      index[d] = 0;
    }
  }
}

int64_t box(const StridedCopy& p, int rank) {
  int64_t n = 1;
  for (int d = 0; d < rank; ++d) n *= p.size[d];
  return n;
}

// y[a * out + b] = x[a + b * in] for a 4 x 4 block of 32-bit elements.
void transpose_4x4(const uint32_t* x, int64_t in, uint32_t* y, int64_t out) {
  using V = uint32_t __attribute__((vector_size(16)));
  V r0, r1, r2, r3;
  std::memcpy(&r0, x, 16);
  std::memcpy(&r1, x + in, 16);
  std::memcpy(&r2, x + 2 * in, 16);
  std::memcpy(&r3, x + 3 * in, 16);
  V low01 = __builtin_shuffle(r0, r1, V{0, 4, 1, 5});
  V high01 = __builtin_shuffle(r0, r1, V{2, 6, 3, 7});
  V low23 = __builtin_shuffle(r2, r3, V{0, 4, 1, 5});
  V high23 = __builtin_shuffle(r2, r3, V{2, 6, 3, 7});
  r0 = __builtin_shuffle(low01, low23, V{0, 1, 4, 5});
  r1 = __builtin_shuffle(low01, low23, V{2, 3, 6, 7});
  r2 = __builtin_shuffle(high01, high23, V{0, 1, 4, 5});
  r3 = __builtin_shuffle(high01, high23, V{2, 3, 6, 7});
  std::memcpy(y, &r0, 16);
  std::memcpy(y + out, &r1, 16);
  std::memcpy(y + 2 * out, &r2, 16);
  std::memcpy(y + 3 * out, &r3, 16);
}

// y[a * out + b] = x[a + b * in] for a in [0, rows), b in [0, columns); both within a tile.
template <typename T>
void transpose_tile(const T* x, int64_t in, T* y, int64_t out, int64_t rows, int64_t columns) {
  int64_t whole_rows = 0;
  int64_t whole_columns = 0;
  if constexpr (std::is_same_v<T, uint32_t>) {
    whole_rows = rows / 4 * 4;
    whole_columns = columns / 4 * 4;
    for (int64_t a = 0; a < whole_rows; a += 4) {
      for (int64_t b = 0; b < whole_columns; b += 4) transpose_4x4(x + a + b * in, in, y + a * out + b, out);
    }
  }
  for (int64_t a = 0; a < rows; ++a) {
    for (int64_t b = a < whole_rows ? whole_columns : 0; b < columns; ++b) y[a * out + b] = x[a + b * in];
  }
}

template <typename T>
void transpose_block(const T* x, int64_t in, T* y, int64_t out, int64_t rows, int64_t columns) {
  for (int64_t a = 0; a < rows; a += kTile) {
    for (int64_t b = 0; b < columns; b += kTile) {
      transpose_tile(x + a + b * in, in, y + a * out + b, out, std::min(kTile, rows - a), std::min(kTile, columns - b));
    }
  }
}

// The dimension that steps by one in x, moved next to the innermost, which steps by one in y.
void run_crossed(StridedCopy p, int crossing, DType dtype, const void* x, void* y, int threads) {
  int last = p.rank - 1;
  for (int d = crossing; d + 1 < last; ++d) {
    std::swap(p.size[d], p.size[d + 1]);
    std::swap(p.in_stride[d], p.in_stride[d + 1]);
    std::swap(p.out_stride[d], p.out_stride[d + 1]);
  }
  int64_t rows = p.size[last - 1];
  int64_t columns = p.size[last];
  int64_t in = p.in_stride[last];
  int64_t out = p.out_stride[last - 1];
  int64_t items = box(p, last - 1);
  visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    if (items >= threads) {
      parallel_for(threads, items, kGrain / std::max<int64_t>(rows * columns, 1), [&](int64_t begin, int64_t end) {
        walk(p, last - 1, begin, end,
             [&](int64_t i, int64_t o) { transpose_block(from + i, in, to + o, out, rows, columns); });
      });
      return;
    }
    walk(p, last - 1, 0, items, [&](int64_t i, int64_t o) {
      parallel_for(threads, rows, kGrain / std::max<int64_t>(columns, 1), [&](int64_t begin, int64_t end) {
        transpose_block(from + i + begin, in, to + o + begin * out, out, end - begin, columns);
      });
    });
  });
}

template <typename T>
void copy_row(const T* x, int64_t in, T* y, int64_t out, int64_t n) {
  if (in == 1 && out == 1) {
    if constexpr (std::is_same_v<T, std::string>) {
      std::copy(x, x + n, y);
    } else {
      std::memcpy(y, x, static_cast<size_t>(n) * sizeof(T));
    }
  } else if (in == 0 && out == 1) {
    std::fill_n(y, n, *x);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i * out] = x[i * in];
  }
}

// One flat run of `n` elements, contiguous on both sides.
template <typename T>
void copy_flat(const T* x, T* y, int64_t n, int threads) {
  parallel_for(threads, n, kGrain * 4,
               [&](int64_t begin, int64_t end) { copy_row(x + begin, 1, y + begin, 1, end - begin); });
}

}  // namespace

void StridedCopy::push(int64_t n, int64_t in, int64_t out) {
  CHECK(rank < kMaxRank, "strided copy of too many dimensions");
  size[rank] = n;
  in_stride[rank] = in;
  out_stride[rank] = out;
  ++rank;
}

void StridedCopy::simplify() {
  int kept = 0;
  for (int d = 0; d < rank; ++d) {
    if (size[d] == 1) continue;
    if (kept > 0 && in_stride[kept - 1] == in_stride[d] * size[d] && out_stride[kept - 1] == out_stride[d] * size[d]) {
      size[kept - 1] *= size[d];
      in_stride[kept - 1] = in_stride[d];
      out_stride[kept - 1] = out_stride[d];
    } else {
      size[kept] = size[d];
      in_stride[kept] = in_stride[d];
      out_stride[kept] = out_stride[d];
      ++kept;
    }
  }
  rank = kept;
}

StridedCopy contiguous_copy(std::span<const int64_t> shape) {
  StridedCopy p;
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    CHECK(i < kMaxRank, "strided copy of too many dimensions");
    p.size[i] = shape[i];
    p.in_stride[i] = stride;
    p.out_stride[i] = stride;
    stride *= shape[i];
  }
  p.rank = static_cast<int>(shape.size());
  return p;
}

void strided_copy(const StridedCopy& plan, DType dtype, const void* x, void* y, int threads) {
  StridedCopy p = plan;
  p.simplify();
  int64_t total = box(p, p.rank);
  if (total == 0) return;
  if (p.rank == 0) p.push(1, 1, 1);
  int last = p.rank - 1;
  if (p.out_stride[last] == 1 && p.in_stride[last] != 1 && p.in_stride[last] != 0 && p.size[last] >= 4) {
    for (int d = 0; d < last; ++d) {
      if (p.in_stride[d] == 1 && p.size[d] >= 4) return run_crossed(p, d, dtype, x, y, threads);
    }
  }
  visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    int64_t row = p.size[last];
    if (last == 0 && p.in_stride[0] == 1 && p.out_stride[0] == 1) {
      return copy_flat(from + p.in_offset, to + p.out_offset, row, threads);
    }
    parallel_for(threads, total / row, kGrain / row, [&](int64_t begin, int64_t end) {
      walk(p, last, begin, end,
           [&](int64_t i, int64_t o) { copy_row(from + i, p.in_stride[last], to + o, p.out_stride[last], row); });
    });
  });
}

void fill(DType dtype, const void* value, void* y, int64_t n, int threads) {
  visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
    T* to = static_cast<T*>(y);
    const T x = value != nullptr ? *static_cast<const T*>(value) : T{};
    parallel_for(threads, n, kGrain * 4, [&](int64_t begin, int64_t end) { std::fill(to + begin, to + end, x); });
  });
}

}  // namespace slipway::kernels
