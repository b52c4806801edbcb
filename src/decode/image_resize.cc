// One row after the other in float: down first, then across, so that no more than a row is held beside the image.
#include "decode/image_resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"

namespace slipway {

namespace {

// Which pixels before make one after, and with what weights.
struct Taps {
  int64_t begin = 0;
  std::vector<float> weights;
};

std::vector<Taps> taps_of(int64_t before, int64_t after) {
  double scale = static_cast<double>(before) / static_cast<double>(after);
  double support = std::max(scale, 1.0);
  std::vector<Taps> all(static_cast<size_t>(after));
  for (int64_t o = 0; o < after; ++o) {
    double center = (static_cast<double>(o) + 0.5) * scale;
    Taps& taps = all[static_cast<size_t>(o)];
    taps.begin = std::max<int64_t>(0, std::llround(std::floor(center - support)));
    int64_t end = std::min<int64_t>(before, std::llround(std::ceil(center + support)));
    double sum = 0;
    for (int64_t i = taps.begin; i < end; ++i) {
      double weight = std::max(0.0, 1 - std::abs((static_cast<double>(i) + 0.5 - center) / support));
      taps.weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    for (float& weight : taps.weights) weight = static_cast<float>(weight / sum);
  }
  return all;
}

}  // namespace

void resize_into(const Image& image, int64_t height, int64_t width, std::span<uint8_t> to) {
  CHECK(to.size() == static_cast<size_t>(image.channels * height * width), "room of another size than the image");
  std::vector<Taps> columns = taps_of(image.width, width), rows = taps_of(image.height, height);
  auto channels = static_cast<size_t>(image.channels);
  auto row_size = static_cast<size_t>(image.width) * channels;
  std::vector<float> row(row_size), pixel(channels);
  for (size_t y = 0; y < rows.size(); ++y) {
    std::ranges::fill(row, 0.f);
    const uint8_t* from = image.pixels.data() + static_cast<size_t>(rows[y].begin) * row_size;
    for (float weight : rows[y].weights) {
      for (size_t i = 0; i < row_size; ++i) row[i] += weight * static_cast<float>(*from++);
    }
    for (size_t x = 0; x < columns.size(); ++x) {
      std::ranges::fill(pixel, 0.f);
      const float* part = row.data() + static_cast<size_t>(columns[x].begin) * channels;
      for (float weight : columns[x].weights) {
        for (size_t c = 0; c < channels; ++c) pixel[c] += weight * *part++;
      }
      for (size_t c = 0; c < channels; ++c) {
        to[(c * rows.size() + y) * columns.size() + x] =
            static_cast<uint8_t>(std::clamp(std::lround(pixel[c]), 0L, 255L));
      }
    }
  }
}

}  // namespace slipway
