// Digits: a generator of handwritten-like images, for machines that have no data set and no network.
#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"

namespace slipway {

struct DigitsOptions {
  int64_t train = 30000;
  int64_t test = 5000;
  uint64_t seed = 1;
};

// uint8 [N, 28, 28] with a scaling of 1/255 and classes "0" to "9": the look of MNIST, so that one recipe serves both.
// The strokes of a class's skeleton are bent, slanted, sized, drawn with a pen of random width and sprinkled with
// noise. Example i depends on nothing but (seed, i); training and test share none.
DataPair generate_digits(const DigitsOptions& options);

// Draws example `index` of `seed` into 784 pixels (0: paper, 255: ink) and returns its class.
int draw_digit(uint64_t seed, uint64_t index, std::span<uint8_t> pixels);

}  // namespace slipway
