// Columns of deformable convolutions.
#include "kernels/deform_conv.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

// x: [height, width] at (h, w), 0 outside.
template <typename T>
T element(const T* x, const std::array<int64_t, 2>& size, T h, T w) {
  if (!(h > -1 && w > -1 && h < static_cast<T>(size[0]) && w < static_cast<T>(size[1]))) return 0;
  const T top = std::floor(h), left = std::floor(w);
  const T down = h - top, right = w - left;
  auto at = [&](int64_t i, int64_t j) {
    return i >= 0 && j >= 0 && i < size[0] && j < size[1] ? x[i * size[1] + j] : T{0};
  };
  const auto i = static_cast<int64_t>(top), j = static_cast<int64_t>(left);
  return (1 - down) * ((1 - right) * at(i, j) + right * at(i, j + 1)) +
         down * ((1 - right) * at(i + 1, j) + right * at(i + 1, j + 1));
}

}  // namespace

template <typename T>
void deform_columns(const DeformSpec& s, int64_t first, int64_t count, const T* x, const T* offset, const T* mask,
                    T* columns, int threads) {
  const int64_t taps = s.kernel[0] * s.kernel[1], places = s.out[0] * s.out[1];
  const int64_t together = s.channels / s.offset_groups;
  const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(places, 1));
  parallel_for(threads, count * taps, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t channel = first + row / taps, tap = row % taps, moved = channel / together * taps + tap;
      const T *down = offset + moved * 2 * places, *right = down + places;
      const T* weight = mask != nullptr ? mask + moved * places : nullptr;
      const int64_t h0 = tap / s.kernel[1] * s.dilations[0] - s.pads[0];
      const int64_t w0 = tap % s.kernel[1] * s.dilations[1] - s.pads[1];
      for (int64_t p = 0; p < places; ++p) {
        const T h = static_cast<T>(p / s.out[1] * s.strides[0] + h0) + down[p];
        const T w = static_cast<T>(p % s.out[1] * s.strides[1] + w0) + right[p];
        const T value = element(x + channel * s.size[0] * s.size[1], s.size, h, w);
        columns[row * places + p] = weight != nullptr ? value * weight[p] : value;
      }
    }
  });
}

template void deform_columns(const DeformSpec&, int64_t, int64_t, const float*, const float*, const float*, float*,
                             int);
template void deform_columns(const DeformSpec&, int64_t, int64_t, const double*, const double*, const double*, double*,
                             int);

}  // namespace slipway::kernels
