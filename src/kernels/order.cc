// Ordering.
#include "kernels/order.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <type_traits>

#include "tensor/visit.h"

namespace slipway::kernels {

namespace {

// A strict order in which NaN comes last.
template <typename T>
bool before(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return before(to_float(a), to_float(b));
  } else if constexpr (std::is_floating_point_v<T>) {
    return a < b || (b != b && a == a);
  } else {
    return a < b;
  }
}

template <typename F>
void visit_ordered(DType dtype, F&& f) {
  if (dtype == DType::string) return f(TypeTag<std::string>{});
  visit_dtype(dtype, f);
}

// Slice a against slice b: -1, 0 or 1.
template <typename T>
int order_of(const Slices& s, int64_t a, int64_t b) {
  const T* x = static_cast<const T*>(s.x);
  for (int64_t o = 0; o < s.outer; ++o) {
    for (int64_t i = 0; i < s.inner; ++i) {
      const T& p = x[(o * s.n + a) * s.inner + i];
      const T& q = x[(o * s.n + b) * s.inner + i];
      if (before(p, q)) return -1;
      if (before(q, p)) return 1;
    }
  }
  return 0;
}

}  // namespace

void top_k(DType dtype, const void* x, int64_t outer, int64_t axis, int64_t inner, int64_t k, bool largest,
           void* values, int64_t* indices, int64_t* scratch) {
  visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
    for (int64_t lane = 0; lane < outer * inner; ++lane) {
      const T* from = static_cast<const T*>(x) + lane / inner * axis * inner + lane % inner;
      int64_t to = lane / inner * k * inner + lane % inner;
      std::iota(scratch, scratch + axis, int64_t{0});
      std::partial_sort(scratch, scratch + k, scratch + axis, [&](int64_t a, int64_t b) {
        const T& p = from[a * inner];
        const T& q = from[b * inner];
        if (largest ? before(q, p) : before(p, q)) return true;
        if (largest ? before(p, q) : before(q, p)) return false;
        return a < b;
      });
      for (int64_t i = 0; i < k; ++i) {
        static_cast<T*>(values)[to + i * inner] = from[scratch[i] * inner];
        indices[to + i * inner] = scratch[i];
      }
    }
  });
}

int64_t distinct(const Slices& s, bool sorted, int64_t* first, int64_t* count, int64_t* inverse, int64_t* scratch) {
  int64_t* order = scratch;
  int64_t* rank = scratch + s.n;  // of each distinct slice in the answer
  int64_t groups = 0;
  visit_ordered(s.dtype, [&]<typename T>(TypeTag<T>) {
    std::iota(order, order + s.n, int64_t{0});
    std::sort(order, order + s.n, [&](int64_t a, int64_t b) {
      int way = order_of<T>(s, a, b);
      return way != 0 ? way < 0 : a < b;
    });
    for (int64_t i = 0; i < s.n; ++i) {
      if (i == 0 || order_of<T>(s, order[i - 1], order[i]) != 0) {
        first[groups] = order[i];
        count[groups++] = 0;
      }
      ++count[groups - 1];
      inverse[order[i]] = groups - 1;
    }
  });
  if (sorted) return groups;
  // `order` is free again: groups by first occurrence.
  std::iota(order, order + groups, int64_t{0});
  std::sort(order, order + groups, [&](int64_t a, int64_t b) { return first[a] < first[b]; });
  for (int64_t g = 0; g < groups; ++g) rank[order[g]] = g;
  for (int64_t i = 0; i < s.n; ++i) inverse[i] = rank[inverse[i]];
  for (int64_t i = 0, next = 0; i < s.n; ++i) {
    if (inverse[i] == next) first[next++] = i;
  }
  std::fill_n(count, groups, 0);
  for (int64_t i = 0; i < s.n; ++i) ++count[inverse[i]];
  return groups;
}

}  // namespace slipway::kernels
