// Floating-point flags of all threads that a primitive ran on, and the second run.
#include "kernels/cpu/watched.h"

#include <omp.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "kernels/gelu.h"

namespace slipway::kernels {

namespace {

// How many threads a primitive runs on here; inside a team, on the caller's alone.
int team() { return omp_in_parallel() != 0 ? 1 : omp_get_max_threads(); }

// Clearing costs a hundred times what looking does.
void clear_own(int flags) {
  if (std::fetestexcept(flags) != 0) std::feclearexcept(flags);
}

bool raised_anywhere(int flags, int threads) {
  int raised = std::fetestexcept(flags);
  if (threads == 1 || raised != 0) return raised != 0;
#pragma omp parallel num_threads(threads) reduction(| : raised)
  raised |= std::fetestexcept(flags);
  return raised != 0;
}

void clear_everywhere(int flags, int threads) {
  clear_own(flags);
  if (threads == 1) return;
#pragma omp parallel num_threads(threads)
  clear_own(flags);
}

// T: double, so that the rounding is float32's alone.
double activated(const PostOp& post, double x) {
  const double alpha = static_cast<double>(post.alpha), beta = static_cast<double>(post.beta);
  switch (post.activation) {
    case FusedActivation::none: return x;
    case FusedActivation::relu: return x < 0 ? 0 : x;
    case FusedActivation::leaky_relu: return x < 0 ? alpha * x : x;
    case FusedActivation::clip: return x < alpha ? alpha : x > beta ? beta : x;
    case FusedActivation::sigmoid: return 1 / (1 + std::exp(-x));
    case FusedActivation::tanh: return std::tanh(x);
    case FusedActivation::gelu_erf: return 0.5 * x * (1 + std::erf(x * kInvSqrt2));
    case FusedActivation::gelu_tanh: return 0.5 * x * (1 + std::tanh(kSqrt2OverPi * (x + kGeluCubic * x * x * x)));
    case FusedActivation::hard_swish: return x * (x < -3 ? 0 : x > 3 ? 1 : x / 6 + 0.5);
    case FusedActivation::elu: return x > 0 ? x : alpha * std::expm1(x);
    case FusedActivation::swish: return x / (1 + std::exp(-x));
  }
  return x;
}

// A sum that is infinite or not a number.
struct Odd {
  size_t at;
  float sum;
};

std::vector<Odd> not_finite(std::span<const float> sums) {
  std::vector<Odd> odd;
  for (size_t i = 0; i < sums.size(); ++i) {
    if (!std::isfinite(sums[i])) odd.push_back({i, sums[i]});
  }
  return odd;
}

class Watched final : public Primitive {
 public:
  Watched(std::shared_ptr<const Primitive> fast, std::shared_ptr<const Primitive> careful, const Watch& watch)
      : fast_(std::move(fast)),
        careful_(std::move(careful)),
        watch_(watch),
        flags_(watch.overflows ? FE_INVALID | FE_OVERFLOW : FE_INVALID) {}

  size_t scratch_bytes() const override { return std::max(fast_->scratch_bytes(), careful_->scratch_bytes()); }

  std::shared_ptr<void> make_instance() const override {
    return std::make_shared<Instances>(fast_->make_instance(), careful_->make_instance());
  }

  void run(void* instance, const void* const* in, void* const* out, void* scratch) const override {
    const Instances& instances = *static_cast<Instances*>(instance);
    const int threads = team();
    clear_own(flags_);
    fast_->run(instances.first.get(), in, out, scratch);
    if (!raised_anywhere(flags_, threads)) return;
    if (threads > 1) {  // the others' flags may be of steps before: once more, from cleared ones
      clear_everywhere(flags_, threads);
      fast_->run(instances.first.get(), in, out, scratch);
      if (!raised_anywhere(flags_, threads)) return;
    }
    careful_->run(instances.second.get(), in, out, scratch);
    float* y = static_cast<float*>(out[0]);
    if (watch_.overflows) {
      apply_activation(watch_.post, y, y, watch_.n);
    } else {
      const std::vector<Odd> odd = not_finite({y, static_cast<size_t>(watch_.n)});
      fast_->run(instances.first.get(), in, out, scratch);
      for (const Odd& each : odd) apply_activation(watch_.post, &each.sum, y + each.at, 1);
    }
    clear_everywhere(flags_, threads);
  }

 private:
  using Instances = std::pair<std::shared_ptr<void>, std::shared_ptr<void>>;

  std::shared_ptr<const Primitive> fast_, careful_;
  Watch watch_;
  int flags_;
};

}  // namespace

bool hides_nan(const PostOp& post) {
  switch (post.activation) {
    case FusedActivation::none:
    case FusedActivation::leaky_relu: return false;
    default: return true;
  }
}

void apply_activation(const PostOp& post, const float* x, float* y, int64_t n) {
  if (post.activation == FusedActivation::none) return;
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(activated(post, static_cast<double>(x[i])));
}

std::shared_ptr<const Primitive> watched(std::shared_ptr<const Primitive> fast,
                                         std::shared_ptr<const Primitive> careful, const Watch& watch) {
  return std::make_shared<Watched>(std::move(fast), std::move(careful), watch);
}

}  // namespace slipway::kernels
