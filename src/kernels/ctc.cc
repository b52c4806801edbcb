// The forward-backward recursion of CTC over logarithms of probabilities.
#include "kernels/ctc.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/scratch.h"

namespace slipway::kernels {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr int64_t kBlank = 0;

// log(exp(a) + exp(b))
double log_sum(double a, double b) {
  const double most = std::max(a, b);
  return most == kNever ? kNever : most + std::log1p(std::exp(std::min(a, b) - most));
}

// Where the pieces of one example's scratch lie. S = 2 L + 1: labels with blanks around each.
struct Layout {
  explicit Layout(const CtcShape& s) {
    const size_t t = static_cast<size_t>(s.steps), path = static_cast<size_t>(2 * s.labels + 1);
    log_p = layout.reserve(t * static_cast<size_t>(s.classes) * sizeof(double));
    before = layout.reserve(t * path * sizeof(double));
    after = layout.reserve(t * path * sizeof(double));
    symbols = layout.reserve(path * sizeof(int64_t));
  }
  ScratchLayout layout;
  size_t log_p, before, after, symbols;
};

class Example {
 public:
  Example(const CtcShape& shape, void* scratch) : shape_(shape) {
    const Layout layout(shape);
    std::byte* base = static_cast<std::byte*>(scratch);
    log_p_ = reinterpret_cast<double*>(base + layout.log_p);
    before_ = reinterpret_cast<double*>(base + layout.before);
    after_ = reinterpret_cast<double*>(base + layout.after);
    symbols_ = reinterpret_cast<int64_t*>(base + layout.symbols);
  }

  // False for a label that is no class.
  bool set_labels(const int64_t* labels) {
    length_ = 0;
    for (int64_t i = 0; i < shape_.labels; ++i) {
      if (labels[i] < 0 || labels[i] >= shape_.classes) return false;
      if (labels[i] == kBlank) continue;
      symbols_[length_++] = kBlank;
      symbols_[length_++] = labels[i];
    }
    symbols_[length_++] = kBlank;
    return true;
  }

  template <typename T>
  void set_logits(const T* logits) {
    for (int64_t t = 0; t < shape_.steps; ++t) {
      const T* x = logits + t * shape_.classes;
      const double most = static_cast<double>(*std::max_element(x, x + shape_.classes));
      double sum = 0;
      for (int64_t c = 0; c < shape_.classes; ++c) sum += std::exp(static_cast<double>(x[c]) - most);
      const double log_total = most + std::log(sum);
      for (int64_t c = 0; c < shape_.classes; ++c) {
        log_p_[t * shape_.classes + c] = static_cast<double>(x[c]) - log_total;
      }
    }
  }

  // log p(labels), leaving log p of every prefix (equation 6) and suffix (equation 10, without its own step).
  double walk() {
    for (int64_t t = 0; t < shape_.steps; ++t) {
      for (int64_t s = 0; s < length_; ++s) before(t, s) = log_prefix(t, s);
    }
    for (int64_t t = shape_.steps; t-- > 0;) {
      for (int64_t s = 0; s < length_; ++s) after(t, s) = log_suffix(t, s);
    }
    const int64_t last = shape_.steps - 1;
    const double blank = before(last, length_ - 1);
    return length_ > 1 ? log_sum(blank, before(last, length_ - 2)) : blank;
  }

  // p_t(c) less what of it stands where a path has c at step t (equations 14 to 16).
  template <typename T>
  void write_gradient(double log_total, T* d_logits) const {
    for (int64_t t = 0; t < shape_.steps; ++t) {
      T* dx = d_logits + t * shape_.classes;
      for (int64_t c = 0; c < shape_.classes; ++c) dx[c] = static_cast<T>(std::exp(log_p_[t * shape_.classes + c]));
      for (int64_t s = 0; s < length_; ++s) {
        const int64_t at = t * (2 * shape_.labels + 1) + s;
        dx[symbols_[s]] -= static_cast<T>(std::exp(before_[at] + after_[at] - log_total));
      }
    }
  }

 private:
  double& before(int64_t t, int64_t s) { return before_[t * (2 * shape_.labels + 1) + s]; }
  double& after(int64_t t, int64_t s) { return after_[t * (2 * shape_.labels + 1) + s]; }
  double emitted(int64_t t, int64_t s) const { return log_p_[t * shape_.classes + symbols_[s]]; }
  // A path may go from symbol s - 2 to s without the blank between them.
  bool skips_to(int64_t s) const {
    return s >= 2 && s < length_ && symbols_[s] != kBlank && symbols_[s] != symbols_[s - 2];
  }

  double log_prefix(int64_t t, int64_t s) {
    if (t == 0) return s < 2 ? emitted(0, s) : kNever;
    double sum = before(t - 1, s);
    if (s >= 1) sum = log_sum(sum, before(t - 1, s - 1));
    if (skips_to(s)) sum = log_sum(sum, before(t - 1, s - 2));
    return sum + emitted(t, s);
  }

  double log_suffix(int64_t t, int64_t s) {
    if (t == shape_.steps - 1) return s >= length_ - 2 ? 0 : kNever;
    double sum = after(t + 1, s) + emitted(t + 1, s);
    if (s + 1 < length_) sum = log_sum(sum, after(t + 1, s + 1) + emitted(t + 1, s + 1));
    if (skips_to(s + 2)) sum = log_sum(sum, after(t + 1, s + 2) + emitted(t + 1, s + 2));
    return sum;
  }

  CtcShape shape_;
  int64_t length_ = 0;  // of the labels with their blanks
  double* log_p_;
  double* before_;
  double* after_;
  int64_t* symbols_;
};

}  // namespace

size_t ctc_scratch_bytes(const CtcShape& shape) { return Layout(shape).layout.bytes(); }

template <typename T>
double ctc(const CtcShape& shape, const T* logits, const int64_t* labels, void* scratch, T* d_logits) {
  std::fill(d_logits, d_logits + shape.steps * shape.classes, T{0});
  Example example(shape, scratch);
  if (!example.set_labels(labels)) return std::numeric_limits<double>::quiet_NaN();
  example.set_logits(logits);
  const double log_total = example.walk();
  if (log_total != kNever) example.write_gradient(log_total, d_logits);
  return -log_total;
}

template double ctc(const CtcShape&, const float*, const int64_t*, void*, float*);
template double ctc(const CtcShape&, const double*, const int64_t*, void*, double*);

}  // namespace slipway::kernels
