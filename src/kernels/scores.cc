// Transformations of scores.
#include "kernels/scores.h"

#include <algorithm>
#include <cmath>

namespace slipway::kernels {

namespace {

float logistic(float x) { return 1 / (1 + std::exp(-x)); }

// The inverse of the error function. S. Winitzki, "A handy approximation for the error function and its inverse", 2008.
float inverse_erf(float x) {
  float sign = x < 0 ? -1.f : 1.f, l = std::log((1 - x) * (1 + x));
  float a = 2 / (3.14159f * 0.147f) + 0.5f * l;
  return sign * std::sqrt(std::sqrt(a * a - l / 0.147f) - a);
}

void softmax(float* scores, int64_t n, bool keep_zeros) {
  constexpr float kZero = 1e-7f;
  auto takes_part = [&](float s) { return !keep_zeros || std::fabs(s) > kZero; };
  float most = n == 0 ? 0 : *std::max_element(scores, scores + n), sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!takes_part(scores[i])) continue;
    scores[i] = std::exp(scores[i] - most);
    sum += scores[i];
  }
  for (int64_t i = 0; i < n; ++i) scores[i] = sum == 0 ? scores[i] : scores[i] / sum;
}

}  // namespace

std::optional<PostTransform> post_transform(std::string_view name) {
  if (name == "NONE") return PostTransform::none;
  if (name == "LOGISTIC") return PostTransform::logistic;
  if (name == "SOFTMAX") return PostTransform::softmax;
  if (name == "SOFTMAX_ZERO") return PostTransform::softmax_zero;
  if (name == "PROBIT") return PostTransform::probit;
  return std::nullopt;
}

void transform_scores(PostTransform transform, float* scores, int64_t n) {
  switch (transform) {
    case PostTransform::none: return;
    case PostTransform::logistic: std::transform(scores, scores + n, scores, logistic); return;
    case PostTransform::softmax: return softmax(scores, n, false);
    case PostTransform::softmax_zero: return softmax(scores, n, true);
    case PostTransform::probit:
      for (int64_t i = 0; i < n; ++i) scores[i] = 1.41421356f * inverse_erf(2 * scores[i] - 1);
      return;
  }
}

void two_class_scores(PostTransform transform, float score, bool share, float* out) {
  if (share) {
    out[0] = 1 - score;
    out[1] = score;
    return;
  }
  bool through = transform == PostTransform::logistic;
  out[0] = through ? logistic(-score) : -score;
  out[1] = through ? logistic(score) : score;
}

}  // namespace slipway::kernels
