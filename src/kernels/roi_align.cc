// Pooling of boxes of a feature map.
#include "kernels/roi_align.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

// The four corners around a point; weights 0 outside the map.
struct Corners {
  std::array<int64_t, 4> at{};
  std::array<float, 4> weight{};
};

Corners corners_at(const RoiSpec& s, float y, float x) {
  Corners k;
  if (y < -1 || y > static_cast<float>(s.height) || x < -1 || x > static_cast<float>(s.width)) return k;
  auto split = [](float at, int64_t size, int64_t& low, int64_t& high) {
    at = std::max(at, 0.f);
    low = std::min(static_cast<int64_t>(at), size - 1);
    high = std::min(low + 1, size - 1);
    return low == size - 1 ? 0.f : at - static_cast<float>(low);
  };
  int64_t y0, y1, x0, x1;
  float dy = split(y, s.height, y0, y1), dx = split(x, s.width, x0, x1);
  k.at = {y0 * s.width + x0, y0 * s.width + x1, y1 * s.width + x0, y1 * s.width + x1};
  k.weight = {(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx};
  return k;
}

struct Bins {
  float top, left, height, width;  // of the box and of one bin
  int64_t rows, columns;           // points per bin
};

template <typename T>
Bins bins_of(const RoiSpec& s, const T* box) {
  float shift = s.half_pixel ? 0.5f : 0.f;
  auto at = [&](int i) { return static_cast<float>(box[i]) * s.scale - shift; };
  float height = at(3) - at(1), width = at(2) - at(0);
  if (!s.half_pixel) {
    height = std::max(height, 1.f);
    width = std::max(width, 1.f);
  }
  Bins b{at(1), at(0), height / static_cast<float>(s.out_height), width / static_cast<float>(s.out_width), 0, 0};
  constexpr float kMost = 1 << 14;
  auto points = [&](float size) { return static_cast<int64_t>(std::ceil(std::clamp(size, 0.f, kMost))); };
  b.rows = s.sampling > 0 ? s.sampling : points(b.height);
  b.columns = s.sampling > 0 ? s.sampling : points(b.width);
  return b;
}

template <typename T>
float pooled(const RoiSpec& s, const Bins& b, const T* plane, int64_t row, int64_t column) {
  float sum = 0, most = 0;
  for (int64_t i = 0; i < b.rows; ++i) {
    float y =
        b.top + (static_cast<float>(row) + (static_cast<float>(i) + 0.5f) / static_cast<float>(b.rows)) * b.height;
    for (int64_t j = 0; j < b.columns; ++j) {
      float x = b.left +
                (static_cast<float>(column) + (static_cast<float>(j) + 0.5f) / static_cast<float>(b.columns)) * b.width;
      Corners k = corners_at(s, y, x);
      for (size_t c = 0; c < 4; ++c) {
        float value = k.weight[c] * static_cast<float>(plane[k.at[c]]);
        sum += value;
        most = i == 0 && j == 0 && c == 0 ? value : std::max(most, value);
      }
    }
  }
  return s.max ? most : sum / static_cast<float>(std::max<int64_t>(b.rows * b.columns, 1));
}

}  // namespace

template <typename T>
void roi_align(const RoiSpec& s, const T* x, const T* boxes, const int64_t* index, T* y, int threads) {
  int64_t bins = s.out_height * s.out_width, in = s.height * s.width;
  parallel_for(threads, s.rois * s.channels, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t roi = i / s.channels, c = i % s.channels;
      if (index[roi] < 0 || index[roi] >= s.batch || in == 0) {
        std::fill_n(y + i * bins, bins, T{});
        continue;
      }
      Bins b = bins_of(s, boxes + roi * 4);
      const T* plane = x + (index[roi] * s.channels + c) * in;
      for (int64_t o = 0; o < bins; ++o) {
        y[i * bins + o] = static_cast<T>(pooled(s, b, plane, o / s.out_width, o % s.out_width));
      }
    }
  });
}

template void roi_align(const RoiSpec&, const float*, const float*, const int64_t*, float*, int);
template void roi_align(const RoiSpec&, const double*, const double*, const int64_t*, double*, int);

}  // namespace slipway::kernels
