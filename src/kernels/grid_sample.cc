// Reading a tensor at computed positions: each point becomes weighted taps, used for every channel.
#include "kernels/grid_sample.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

// Taps along one dimension; index -1: a zero.
struct Taps {
  int count = 1;
  std::array<int64_t, 4> index{0, 0, 0, 0};
  std::array<double, 4> weight{1, 0, 0, 0};
};

// x mirrored at both ends until it lies in [low, high].
double reflected(double x, double low, double high) {
  double range = high - low;
  if (range <= 0) return low;
  double away = std::fmod(std::fabs(x - low), 2 * range);
  return low + (away > range ? 2 * range - away : away);
}

double padded(const GridSpec& s, double x, int64_t size) {
  auto last = static_cast<double>(size - 1);
  if (s.padding == GridPadding::border) return std::clamp(x, 0.0, last);
  if (s.padding == GridPadding::zeros) return x;
  double edge = s.align_corners ? 0 : 0.5;
  return std::clamp(reflected(x, -edge, last + edge), 0.0, last);
}

int64_t tap_index(const GridSpec& s, double at, int64_t size) {
  double x = s.mode == GridMode::cubic ? padded(s, at, size) : at;
  bool inside = x >= 0 && x <= static_cast<double>(size - 1);
  return inside ? static_cast<int64_t>(x) : -1;
}

// Keys, "Cubic convolution interpolation", 1981, for taps at -1, 0, 1, 2 from floor(x).
std::array<double, 4> cubic_weights(double t) {
  constexpr double a = -0.75;
  auto near = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  auto far = [&](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

Taps taps_at(const GridSpec& s, double g, int64_t size) {
  auto n = static_cast<double>(size);
  double x = s.align_corners ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2;
  if (!std::isfinite(x)) x = -1;
  Taps taps;
  if (s.mode == GridMode::cubic) {
    double base = std::floor(x);
    taps.count = 4;
    taps.weight = cubic_weights(x - base);
    for (size_t i = 0; i < 4; ++i) taps.index[i] = tap_index(s, base + static_cast<double>(i) - 1, size);
    return taps;
  }
  x = padded(s, x, size);
  if (s.mode == GridMode::nearest) {
    taps.index[0] = tap_index(s, padded(s, std::nearbyint(x), size), size);
    return taps;
  }
  double base = std::floor(x);
  taps.count = 2;
  taps.weight = {1 - (x - base), x - base, 0, 0};
  for (size_t i = 0; i < 2; ++i) {
    double at = base + static_cast<double>(i);
    taps.index[i] = tap_index(s, s.padding == GridPadding::zeros ? at : std::min(at, n - 1), size);
  }
  return taps;
}

// The taps of one point as flat positions and weights.
struct Point {
  int count = 0;
  std::array<int64_t, 64> at;
  std::array<double, 64> weight;
};

template <typename T>
Point point_at(const GridSpec& s, const T* g) {
  std::array<Taps, 3> taps;
  for (int64_t d = 0; d < s.spatial; ++d) {
    auto dim = static_cast<size_t>(2 - d);
    taps[dim] = taps_at(s, static_cast<double>(g[d]), s.in[dim]);
  }
  Point p;
  for (size_t a = 0; a < static_cast<size_t>(taps[0].count); ++a) {
    for (size_t b = 0; b < static_cast<size_t>(taps[1].count); ++b) {
      for (size_t c = 0; c < static_cast<size_t>(taps[2].count); ++c) {
        if (taps[0].index[a] < 0 || taps[1].index[b] < 0 || taps[2].index[c] < 0) continue;
        auto next = static_cast<size_t>(p.count++);
        p.at[next] = (taps[0].index[a] * s.in[1] + taps[1].index[b]) * s.in[2] + taps[2].index[c];
        p.weight[next] = taps[0].weight[a] * taps[1].weight[b] * taps[2].weight[c];
      }
    }
  }
  return p;
}

}  // namespace

template <typename T>
void grid_sample(const GridSpec& s, const T* x, const T* grid, T* y, int threads) {
  int64_t in = s.in[0] * s.in[1] * s.in[2], out = s.out[0] * s.out[1] * s.out[2];
  int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(s.channels, 1));
  parallel_for(threads, s.batch * out, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t batch = i / out, o = i % out;
      Point p = point_at(s, grid + i * s.spatial);
      for (int64_t c = 0; c < s.channels; ++c) {
        const T* from = x + (batch * s.channels + c) * in;
        double sum = 0;
        for (size_t k = 0; k < static_cast<size_t>(p.count); ++k) {
          sum += p.weight[k] * static_cast<double>(from[p.at[k]]);
        }
        y[(batch * s.channels + c) * out + o] = static_cast<T>(sum);
      }
    }
  });
}

template void grid_sample(const GridSpec&, const float*, const float*, float*, int);
template void grid_sample(const GridSpec&, const double*, const double*, double*, int);

}  // namespace slipway::kernels
