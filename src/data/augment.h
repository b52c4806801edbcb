// Augmentation: random changes of images and spectra that leave their class what it is, made while training reads them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/status.h"
#include "tensor/shape.h"

namespace slipway {

// What may happen to an image; every value 0 or false: nothing does.
struct Augmentation {
  bool flip = false;           // left and right exchanged, half of the time
  bool vertical_flip = false;  // top and bottom exchanged, half of the time
  int64_t crop_padding = 0;    // moved by up to this many pixels along each axis: a crop of the padded image
  double rotation = 0;         // turned by up to this many degrees to either side
  double brightness = 0;       // brighter or darker by up to this part of the range from black to white
  int64_t cutout = 0;          // side of a black square laid somewhere (T. DeVries, G. Taylor, "Cutout", 2017)

  // Of spectra [1, bands, frames] too.
  double noise = 0;             // Gaussian, of this deviation; spectra have deviation 1
  double shift = 0;             // later or earlier by up to this part of the length; the first or last frame fills up
  double gain = 0;              // louder or softer by up to so many decibels; of log-mel spectra
  int64_t time_mask_param = 0;  // frames in a row set to 0, as many as a number below this (SpecAugment: D. S. Park and
  int64_t freq_mask_param = 0;  // others, 2019), and bands likewise
  int64_t n_time_masks = 1;
  int64_t n_freq_masks = 1;
  double decibel = 0;  // what a decibel is in the examples' numbers; 0: they have none. The data's reader says it

  bool any() const;
};

// An error for a value out of range, and for examples that are no images or spectra ([H, W] or [C, H, W]); names
// `where`.
Status check(const Augmentation& augmentation, const Shape& example, std::string_view where);

// Changes one image after the other. Not thread-safe: it keeps a copy of the image it works on.
class Augmenter {
 public:
  struct Range {
    float black;
    float white;
  };
  struct Draw {
    uint64_t seed;
    int64_t epoch;
    uint32_t index;
  };

  // Requires: check(augmentation, example).ok().
  Augmenter(const Augmentation& augmentation, const Shape& example);

  // Changes the image in place, as `draw` and nothing else says. What comes in from outside the image is black.
  void apply(std::span<float> image, Range range, Draw draw);

 private:
  struct Chosen;
  void move_pixels(std::span<float> image, float black, const Chosen& chosen);
  void turn_pixels(std::span<float> image, float black, const Chosen& chosen);
  void cut_out(std::span<float> image, float black, const Chosen& chosen) const;
  void shift_frames(std::span<float> image, int64_t frames);
  void mask(std::span<float> image, Random& random) const;

  Augmentation augmentation_;
  int64_t channels_, height_, width_;
  std::vector<float> original_;
};

}  // namespace slipway
