// Reading a tensor at computed positions, by interpolation.
#pragma once

#include <array>
#include <cstdint>

namespace slipway::kernels {

enum class GridMode : uint8_t { nearest, linear, cubic };
enum class GridPadding : uint8_t { zeros, border, reflection };

// Spatial dimensions are padded in front to three with size 1.
struct GridSpec {
  int64_t batch = 0, channels = 0;
  int64_t spatial = 2;  // coordinates per point of the grid
  std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1};
  GridMode mode = GridMode::linear;
  GridPadding padding = GridPadding::zeros;
  bool align_corners = false;
};

// x: [batch, channels, in...], grid: [batch, out..., spatial] of coordinates in [-1, 1], the innermost dimension first;
// y: [batch, channels, out...]. Cubic: Keys with a = -0.75.
template <typename T>
void grid_sample(const GridSpec& s, const T* x, const T* grid, T* y, int threads);

}  // namespace slipway::kernels
