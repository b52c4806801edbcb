// Strided copies: rows where both sides are contiguous, blocked transposition where they cross, single steps otherwise.
#include "kernels/strided_copy.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "kernels/parallel.h"
#include "kernels/storage.h"
#include "kernels/weave.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;  // elements a thread must get to be worth waking
constexpr int64_t kShort = 8;      // an innermost dimension below this gives its place to the longest

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

// Square blocks that fill 16-byte vectors: 16 x 16 bytes, 4 x 4 floats.
template <typename T>
inline constexpr int64_t kBlock = 16 / static_cast<int64_t>(sizeof(T));
template <typename T>
struct Vector {
  typedef T type __attribute__((vector_size(16)));
};

// Elements from both vectors in turn, from their lower (`high` = 0) or upper halves.
template <int high, typename T, size_t... I>
typename Vector<T>::type interleave(typename Vector<T>::type a, typename Vector<T>::type b, std::index_sequence<I...>) {
  constexpr size_t n = sizeof...(I);
  return __builtin_shufflevector(a, b, static_cast<int>((I % 2 == 0 ? 0 : n) + I / 2 + (high != 0 ? n / 2 : 0))...);
}

// Interleaves row i with row i + half, `rounds` times: after log2(rows) of them, rows are columns. Spelled out by
// templates, so that the rows stay in registers.
template <typename T, int rounds, size_t... I>
void interleave_rows(typename Vector<T>::type* rows, std::index_sequence<I...> half) {
  constexpr size_t n = 2 * sizeof...(I);
  using Lanes = std::make_index_sequence<n>;
  typename Vector<T>::type mixed[n];
  ((mixed[2 * I] = interleave<0, T>(rows[I], rows[I + n / 2], Lanes()),
    mixed[2 * I + 1] = interleave<1, T>(rows[I], rows[I + n / 2], Lanes())),
   ...);
  ((rows[2 * I] = mixed[2 * I], rows[2 * I + 1] = mixed[2 * I + 1]), ...);
  if constexpr (rounds > 1) interleave_rows<T, rounds - 1>(rows, half);
}

// y[a * out + b] = x[a + b * in] for one block.
template <typename T, size_t... I>
void transpose_square(const T* x, int64_t in, T* y, int64_t out, std::index_sequence<I...>) {
  constexpr size_t n = sizeof...(I);
  typename Vector<T>::type rows[n];
  (std::memcpy(&rows[I], x + static_cast<int64_t>(I) * in, 16), ...);
  interleave_rows<T, std::countr_zero(n)>(rows, std::make_index_sequence<n / 2>());
  (std::memcpy(y + static_cast<int64_t>(I) * out, &rows[I], 16), ...);
}

// y[a * out + b] = x[a + b * in] for a in [0, rows), b in [0, columns); both within a tile.
template <typename T>
void transpose_tile(const T* x, int64_t in, T* y, int64_t out, int64_t rows, int64_t columns) {
  int64_t whole_rows = 0;
  int64_t whole_columns = 0;
  if constexpr (!std::is_same_v<T, std::string>) {
    using Rows = std::make_index_sequence<static_cast<size_t>(kBlock<T>)>;
    whole_rows = rows / kBlock<T> * kBlock<T>;
    whole_columns = columns / kBlock<T> * kBlock<T>;
    for (int64_t a = 0; a < whole_rows; a += kBlock<T>) {
      for (int64_t b = 0; b < whole_columns; b += kBlock<T>)
        transpose_square(x + a + b * in, in, y + a * out + b, out, Rows());
    }
  }
  for (int64_t a = 0; a < rows; ++a) {
    for (int64_t b = a < whole_rows ? whole_columns : 0; b < columns; ++b) y[a * out + b] = x[a + b * in];
  }
}

// In tiles as wide as a cache line, so that lines a power of two apart do not push each other out.
template <typename T>
void transpose_block(const T* x, int64_t in, T* y, int64_t out, int64_t rows, int64_t columns) {
  constexpr int64_t kTile = std::is_same_v<T, std::string> ? 8 : std::min<int64_t>(64 / sizeof(T), 32);
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

// n rows of `bytes` bytes, kHalf to 2 kHalf of them: both ends, which may overlap.
template <size_t kHalf>
void copy_short_rows(const std::byte* x, int64_t in, std::byte* y, int64_t out, int64_t n, int64_t bytes) {
  const int64_t second = bytes - static_cast<int64_t>(kHalf);
  for (int64_t i = 0; i < n; ++i, x += in, y += out) {
    std::byte a[kHalf], b[kHalf];
    std::memcpy(a, x, kHalf);
    std::memcpy(b, x + second, kHalf);
    std::memcpy(y, a, kHalf);
    std::memcpy(y + second, b, kHalf);
  }
}

constexpr int64_t kShortBytes = 64;

void copy_short_rows(const std::byte* x, int64_t in, std::byte* y, int64_t out, int64_t n, int64_t bytes) {
  if (bytes >= 32) return copy_short_rows<32>(x, in, y, out, n, bytes);
  if (bytes >= 16) return copy_short_rows<16>(x, in, y, out, n, bytes);
  if (bytes >= 8) return copy_short_rows<8>(x, in, y, out, n, bytes);
  if (bytes >= 4) return copy_short_rows<4>(x, in, y, out, n, bytes);
  if (bytes >= 2) return copy_short_rows<2>(x, in, y, out, n, bytes);
  copy_short_rows<1>(x, in, y, out, n, bytes);
}

// Rows that are contiguous on both sides, but not longer than kShortBytes.
template <typename T>
void run_short_rows(const StridedCopy& p, const T* x, T* y, int threads) {
  constexpr auto kSize = static_cast<int64_t>(sizeof(T));
  const int last = p.rank - 1;
  const int64_t each = p.size[last - 1], in = p.in_stride[last - 1], out = p.out_stride[last - 1];
  const int64_t grain = kGrain * 4 / std::max<int64_t>(p.size[last] * kSize, 8);
  parallel_for(threads, box(p, last), grain, [&](int64_t begin, int64_t end) {
    walk(p, last - 1, begin / each, (end + each - 1) / each, [&, at = begin / each](int64_t i, int64_t o) mutable {
      const int64_t first = std::max(begin - at * each, int64_t{0}), n = std::min(end - at * each, each) - first;
      copy_short_rows(reinterpret_cast<const std::byte*>(x + i + first * in), in * kSize,
                      reinterpret_cast<std::byte*>(y + o + first * out), out * kSize, n, p.size[last] * kSize);
      ++at;
    });
  });
}

// Dimensions may be walked in any order; a long row costs less to walk than many short ones.
void put_longest_last(StridedCopy& p) {
  int last = p.rank - 1;
  int longest = last;
  for (int d = 0; d < last; ++d) {
    if (p.size[d] > p.size[longest]) longest = d;
  }
  if (p.size[longest] < 2 * kShort) return;
  std::swap(p.size[longest], p.size[last]);
  std::swap(p.in_stride[longest], p.in_stride[last]);
  std::swap(p.out_stride[longest], p.out_stride[last]);
}

// The innermost dimension is one of two to four planes that are woven into one run, as an image's channels are.
bool is_weave(const StridedCopy& p) {
  const int last = p.rank - 1;
  return last >= 1 && p.size[last] >= 2 && p.size[last] <= 4 && p.out_stride[last] == 1 && p.in_stride[last - 1] == 1 &&
         p.out_stride[last - 1] == p.size[last] && p.size[last - 1] >= 4 * kShort;
}

template <typename T>
void run_weave(const StridedCopy& p, const T* x, T* y, int threads) {
  const int last = p.rank - 1;
  const int64_t row = p.size[last - 1], planes = p.size[last];
  const int64_t items = box(p, last - 1);
  parallel_for(threads, items * row, kGrain, [&](int64_t begin, int64_t end) {
    walk(p, last - 1, begin / row, (end + row - 1) / row, [&, at = begin / row](int64_t in, int64_t out) mutable {
      const int64_t first = std::max(begin - at * row, int64_t{0}), n = std::min(end - at * row, row) - first;
      weave(x + in + first, p.in_stride[last], planes, n, y + out + first * planes);
      ++at;
    });
  });
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
  if (is_weave(p) && (size_of(dtype) == 1 || size_of(dtype) == 4) && dtype != DType::string) {
    if (size_of(dtype) == 1) {
      run_weave(p, static_cast<const uint8_t*>(x), static_cast<uint8_t*>(y), threads);
    } else {
      run_weave(p, static_cast<const uint32_t*>(x), static_cast<uint32_t*>(y), threads);
    }
    return;
  }
  if (p.out_stride[last] == 1 && p.in_stride[last] != 1 && p.in_stride[last] != 0 && p.size[last] >= 4) {
    for (int d = 0; d < last; ++d) {
      if (p.in_stride[d] == 1 && p.size[d] >= 4) return run_crossed(p, d, dtype, x, y, threads);
    }
  }
  const bool short_rows = last > 0 && dtype != DType::string && p.in_stride[last] == 1 && p.out_stride[last] == 1 &&
                          p.size[last] * static_cast<int64_t>(size_of(dtype)) <= kShortBytes;
  if (p.size[last] < kShort && !short_rows) put_longest_last(p);
  visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    int64_t row = p.size[last];
    if constexpr (!std::is_same_v<T, std::string>) {
      if (short_rows) return run_short_rows(p, from, to, threads);
    }
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
