// Sums of products over labelled dimensions.
#include "kernels/einsum.h"

#include <type_traits>

#include "kernels/parallel.h"
#include "tensor/visit.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 4096;

int64_t box(const Contraction& c, int from, int to) {
  int64_t n = 1;
  for (int d = from; d < to; ++d) n *= c.size[static_cast<size_t>(d)];
  return n;
}

using Offsets = std::array<int64_t, kMostOperands>;

// Offsets of the operands at item `flat` of dimensions [from, to).
void locate(const Contraction& c, int from, int to, int64_t flat, Offsets& offsets) {
  for (int d = to; d-- > from;) {
    auto k = static_cast<size_t>(d);
    int64_t at = flat % c.size[k];
    flat /= c.size[k];
    for (size_t o = 0; o < c.operands; ++o) offsets[o] += at * c.stride[o][k];
  }
}

template <typename Sum, typename T>
Sum sum_at(const Contraction& c, const void* const* operands, const Offsets& base) {
  Sum sum{};
  int64_t terms = box(c, c.output_rank, c.rank);
  for (int64_t i = 0; i < terms; ++i) {
    Offsets offsets = base;
    locate(c, c.output_rank, c.rank, i, offsets);
    Sum product = 1;
    for (size_t o = 0; o < c.operands; ++o) {
      product *= convert_element<Sum>(static_cast<const T*>(operands[o])[offsets[o]]);
    }
    sum += product;
  }
  return sum;
}

}  // namespace

void contract(const Contraction& c, DType dtype, const void* const* operands, void* y, int threads) {
  visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
    using Sum = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
    parallel_for(threads, box(c, 0, c.output_rank), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        Offsets base = {};
        locate(c, 0, c.output_rank, i, base);
        static_cast<T*>(y)[i] = convert_element<T>(sum_at<Sum, T>(c, operands, base));
      }
    });
  });
}

}  // namespace slipway::kernels
