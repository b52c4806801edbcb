// Vectorized float32 softmax, log-softmax and softmax cross entropy with its gradient.
#include "kernels/softmax.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/softmax.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

HWY_INLINE float largest(const float* x, int64_t n) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V lowest = constant(d, kLowest);
  V most = lowest;
  for (int64_t i = 0; i < n; i += lanes) most = hn::Max(most, load_some(d, x + i, n - i, lowest));
  return hn::GetLane(hn::MaxOfLanes(d, most));
}

// y = e^(x - most), unless y is nullptr; returns its sum.
HWY_INLINE float exponentials(const float* x, float* y, int64_t n, float most) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V shift = hn::Set(d, most);
  const V lowest = constant(d, kLowest);
  V sum = hn::Zero(d);
  for (int64_t i = 0; i + lanes <= n; i += lanes) {
    const V e = exp(d, hn::Sub(hn::LoadU(d, x + i), shift));
    if (y != nullptr) hn::StoreU(e, d, y + i);
    sum = hn::Add(sum, e);
  }
  if (int64_t rest = n % lanes; rest != 0) {
    const V e = exp(d, hn::Sub(load_part(d, x + n - rest, rest, lowest), shift));
    if (y != nullptr) store_part(e, d, y + n - rest, rest);
    sum = hn::Add(sum, e);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

struct Scale {
  float factor;
  HWY_INLINE V operator()(D d, V x) const { return hn::Mul(x, hn::Set(d, factor)); }
};
struct Shift {
  float first, second;
  HWY_INLINE V operator()(D d, V x) const { return hn::Sub(hn::Sub(x, hn::Set(d, first)), hn::Set(d, second)); }
};

template <bool kLog>
HWY_INLINE void softmax_row(const float* x, float* y, int64_t n) {
  const float most = largest(x, n);
  const float sum = exponentials(x, kLog ? nullptr : y, n, most);
  if constexpr (kLog) {
    map1(x, y, n, Shift{most, std::log(sum)});
  } else {
    map1(y, y, n, Scale{1 / sum});
  }
}

// Lanes(d) neighbouring distributions at once, or the `some` that remain.
template <bool kLog>
HWY_INLINE void softmax_columns(const float* x, float* y, int64_t n, int64_t inner, int64_t some) {
  const D d;
  const V zero = hn::Zero(d);
  V most = constant(d, kLowest);
  for (int64_t i = 0; i < n; ++i) most = hn::Max(most, load_some(d, x + i * inner, some, zero));
  V sum = zero;
  for (int64_t i = 0; i < n; ++i) {
    const V e = exp(d, hn::Sub(load_some(d, x + i * inner, some, zero), most));
    if constexpr (!kLog) store_some(e, d, y + i * inner, some);
    sum = hn::Add(sum, e);
  }
  const V last = kLog ? log(d, sum) : hn::Div(constant(d, 1), sum);
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (kLog) {
      const V shifted = hn::Sub(load_some(d, x + i * inner, some, zero), most);
      store_some(hn::Sub(shifted, last), d, y + i * inner, some);
    } else {
      store_some(hn::Mul(load_some(d, y + i * inner, some, zero), last), d, y + i * inner, some);
    }
  }
}

template <bool kLog>
void softmax(const float* x, float* y, int64_t n, int64_t inner) {
  if (inner == 1) {
    softmax_row<kLog>(x, y, n);
    return;
  }
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(D()));
  for (int64_t k = 0; k < inner; k += lanes) softmax_columns<kLog>(x + k, y + k, n, inner, inner - k);
}

void softmax_grad(const float* y, const float* dy, float* dx, int64_t n) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V products = hn::Zero(d);
  for (int64_t i = 0; i < n; i += lanes) {
    products = hn::MulAdd(load_some(d, y + i, n - i, hn::Zero(d)), load_some(d, dy + i, n - i, hn::Zero(d)), products);
  }
  const V sum = hn::SumOfLanes(d, products);
  map2(y, dy, dx, n, [&](D, V p, V g) HWY_ATTR { return hn::Mul(p, hn::Sub(g, sum)); });
}

RowLoss cross_entropy(const float* x, int64_t n, int64_t label, float scale, float* dx) {
  const float most = largest(x, n);
  const float at_label = x[label];
  bool correct = at_label == most;
  for (int64_t i = 0; correct && i < label; ++i) correct = x[i] != most;
  const float sum = exponentials(x, dx, n, most);
  map1(dx, dx, n, Scale{scale / sum});
  dx[label] -= scale;
  return {std::log(static_cast<double>(sum)) + (static_cast<double>(most) - static_cast<double>(at_label)), correct};
}

}  // namespace

SoftmaxFn choose_softmax() { return softmax<false>; }
SoftmaxFn choose_log_softmax() { return softmax<true>; }
SoftmaxGradFn choose_softmax_grad() { return softmax_grad; }
CrossEntropyFn choose_cross_entropy() { return cross_entropy; }

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(choose_softmax);
HWY_EXPORT(choose_log_softmax);
HWY_EXPORT(choose_softmax_grad);
HWY_EXPORT(choose_cross_entropy);
SoftmaxFn softmax_f32() { return HWY_DYNAMIC_DISPATCH(choose_softmax)(); }
SoftmaxFn log_softmax_f32() { return HWY_DYNAMIC_DISPATCH(choose_log_softmax)(); }
SoftmaxGradFn softmax_grad_f32() { return HWY_DYNAMIC_DISPATCH(choose_softmax_grad)(); }
CrossEntropyFn cross_entropy_f32() { return HWY_DYNAMIC_DISPATCH(choose_cross_entropy)(); }
}  // namespace slipway::kernels
#endif
