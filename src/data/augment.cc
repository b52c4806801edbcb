// Flips, crops, rotations, brightness and cutout of images.
#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace slipway {

namespace {

constexpr uint64_t kAugmentStream = 0x6175676D656E74;  // "augment"

Status out_of_range(std::string_view where, std::string_view key, std::string_view expected, double found) {
  return invalid(fmt::format("{}: augment.{}: expected {}, found {}", where, key, expected, found));
}

}  // namespace

// What one draw makes of the options.
struct Augmenter::Chosen {
  bool flip, vertical_flip;
  int64_t dx, dy;        // pixels
  double angle;          // radians
  double shift;          // of brightness, in parts of the range
  int64_t cut_x, cut_y;  // middle of the square
};

bool Augmentation::any() const {
  return flip || vertical_flip || crop_padding > 0 || rotation > 0 || brightness > 0 || cutout > 0 || noise > 0 ||
         shift > 0 || gain > 0 || time_mask_param > 0 || freq_mask_param > 0;
}

namespace {

Status check_sound(const Augmentation& a, const Shape& example, std::string_view where) {
  if (!(a.noise >= 0)) return out_of_range(where, "noise", "a deviation of at least 0", a.noise);
  if (!(a.shift >= 0 && a.shift <= 1)) return out_of_range(where, "shift", "a part of the length from 0 to 1", a.shift);
  if (!(a.gain >= 0 && a.gain <= 60)) return out_of_range(where, "gain", "0 to 60 decibels", a.gain);
  if (a.gain > 0 && a.decibel <= 0) {
    return invalid(fmt::format("{}: augment.gain: belongs to sounds with features = \"log_mel\"", where));
  }
  const int64_t bands = example[example.size() - 2], frames = example[example.size() - 1];
  for (const auto& [key, most, size] : {std::tuple("time_mask_param", a.time_mask_param, frames),
                                        std::tuple("freq_mask_param", a.freq_mask_param, bands)}) {
    if (most >= 0 && most <= size) continue;
    return out_of_range(where, key, fmt::format("0 to {}", size), static_cast<double>(most));
  }
  return {};
}

}  // namespace

Status check(const Augmentation& augmentation, const Shape& example, std::string_view where) {
  if (augmentation.noise < 0 || augmentation.shift < 0 || augmentation.gain < 0) {
    return invalid(fmt::format("{}: augment: noise, shift and gain are at least 0", where));
  }
  if (!augmentation.any()) return {};
  if (example.size() != 2 && example.size() != 3) {
    return invalid(
        fmt::format("{}: augment: expected images [height, width] or [channels, height, width], found "
                    "examples of shape {}; leave augment out",
                    where, to_string(std::span<const int64_t>(example))));
  }
  int64_t side = std::min(example[example.size() - 1], example[example.size() - 2]);
  auto below = static_cast<double>(side);
  auto padding = static_cast<double>(augmentation.crop_padding);
  auto cutout = static_cast<double>(augmentation.cutout);
  if (!(padding >= 0 && padding < below)) {
    return out_of_range(where, "crop_padding", fmt::format("0 to {} pixels", side - 1), padding);
  }
  if (!(cutout >= 0 && cutout < below)) {
    return out_of_range(where, "cutout", fmt::format("0 to {} pixels", side - 1), cutout);
  }
  if (!(augmentation.rotation >= 0 && augmentation.rotation <= 180)) {
    return out_of_range(where, "rotation", "0 to 180 degrees", augmentation.rotation);
  }
  if (!(augmentation.brightness >= 0 && augmentation.brightness <= 1)) {
    return out_of_range(where, "brightness", "a part of the range from 0 to 1", augmentation.brightness);
  }
  return check_sound(augmentation, example, where);
}

Augmenter::Augmenter(const Augmentation& augmentation, const Shape& example)
    : augmentation_(augmentation),
      channels_(example.size() == 3 ? example[0] : 1),
      height_(example[example.size() - 2]),
      width_(example[example.size() - 1]),
      original_(static_cast<size_t>(channels_ * height_ * width_)) {
  CHECK(check(augmentation, example, "augmentation").ok(), "an augmentation that was never checked");
}

void Augmenter::apply(std::span<float> image, Range range, Draw draw) {
  CHECK(image.size() == original_.size(), "an image of another size");
  // Every value is drawn whether it is wanted or not, so that switching one change on leaves the others as they were.
  Random random(draw.seed ^ kAugmentStream, static_cast<uint64_t>(draw.epoch) << 32 | draw.index);
  auto within = [&](int64_t most) {
    return static_cast<int64_t>(random.below(static_cast<uint64_t>(2 * most + 1))) - most;
  };
  Chosen chosen;
  chosen.flip = random.uniform() < 0.5 && augmentation_.flip;
  chosen.vertical_flip = random.uniform() < 0.5 && augmentation_.vertical_flip;
  chosen.dx = within(augmentation_.crop_padding);
  chosen.dy = within(augmentation_.crop_padding);
  chosen.angle = (2 * random.uniform() - 1) * augmentation_.rotation * std::numbers::pi / 180;
  chosen.shift = (2 * random.uniform() - 1) * augmentation_.brightness;
  chosen.cut_x = static_cast<int64_t>(random.below(static_cast<uint64_t>(width_)));
  chosen.cut_y = static_cast<int64_t>(random.below(static_cast<uint64_t>(height_)));

  if (augmentation_.rotation > 0) {
    turn_pixels(image, range.black, chosen);
  } else if (chosen.flip || chosen.vertical_flip || chosen.dx != 0 || chosen.dy != 0) {
    move_pixels(image, range.black, chosen);
  }
  if (augmentation_.brightness > 0) {
    float shift = static_cast<float>(chosen.shift) * (range.white - range.black);
    auto [low, high] = std::minmax(range.black, range.white);
    for (float& pixel : image) pixel = std::clamp(pixel + shift, low, high);
  }
  if (augmentation_.cutout > 0) cut_out(image, range.black, chosen);

  const auto frames = static_cast<double>(width_);
  const double moved = (2 * random.uniform() - 1) * augmentation_.shift, louder = 2 * random.uniform() - 1;
  if (augmentation_.shift > 0) shift_frames(image, std::llround(moved * frames));
  const auto added = static_cast<float>(louder * augmentation_.gain * augmentation_.decibel);
  if (augmentation_.gain > 0) {
    for (float& value : image) value += added;
  }
  if (augmentation_.noise > 0) {
    for (float& value : image) value += static_cast<float>(augmentation_.noise * random.normal());
  }
  mask(image, random);
}

// Frame x becomes what frame x - frames was.
void Augmenter::shift_frames(std::span<float> image, int64_t frames) {
  std::ranges::copy(image, original_.begin());
  for (int64_t row = 0; row < channels_ * height_; ++row) {
    for (int64_t x = 0; x < width_; ++x) {
      const int64_t from = std::clamp<int64_t>(x - frames, 0, width_ - 1);
      image[static_cast<size_t>(row * width_ + x)] = original_[static_cast<size_t>(row * width_ + from)];
    }
  }
}

void Augmenter::mask(std::span<float> image, Random& random) const {
  // [begin, begin + length) of `size`, in all channels.
  auto stretch = [&](int64_t most, int64_t size) {
    const auto length = static_cast<int64_t>(random.below(static_cast<uint64_t>(most)));
    const auto begin = static_cast<int64_t>(random.below(static_cast<uint64_t>(size - length + 1)));
    return std::pair(begin, begin + length);
  };
  for (int64_t m = 0; augmentation_.time_mask_param > 0 && m < augmentation_.n_time_masks; ++m) {
    const auto [begin, end] = stretch(augmentation_.time_mask_param, width_);
    for (int64_t row = 0; row < channels_ * height_; ++row) {
      std::fill(image.begin() + row * width_ + begin, image.begin() + row * width_ + end, 0.f);
    }
  }
  for (int64_t m = 0; augmentation_.freq_mask_param > 0 && m < augmentation_.n_freq_masks; ++m) {
    const auto [begin, end] = stretch(augmentation_.freq_mask_param, height_);
    for (int64_t c = 0; c < channels_; ++c) {
      const auto plane = image.begin() + c * height_ * width_;
      std::fill(plane + begin * width_, plane + end * width_, 0.f);
    }
  }
}

void Augmenter::move_pixels(std::span<float> image, float black, const Chosen& chosen) {
  std::ranges::copy(image, original_.begin());
  size_t to = 0;
  for (int64_t c = 0; c < channels_; ++c) {
    for (int64_t y = 0; y < height_; ++y) {
      int64_t from_y = (chosen.vertical_flip ? height_ - 1 - y : y) + chosen.dy;
      for (int64_t x = 0; x < width_; ++x, ++to) {
        int64_t from_x = (chosen.flip ? width_ - 1 - x : x) + chosen.dx;
        bool inside = from_x >= 0 && from_x < width_ && from_y >= 0 && from_y < height_;
        image[to] = inside ? original_[static_cast<size_t>((c * height_ + from_y) * width_ + from_x)] : black;
      }
    }
  }
}

// Bilinear, as move_pixels would where the angle is 0.
void Augmenter::turn_pixels(std::span<float> image, float black, const Chosen& chosen) {
  std::ranges::copy(image, original_.begin());
  double sine = std::sin(chosen.angle), cosine = std::cos(chosen.angle);
  double middle_x = static_cast<double>(width_ - 1) / 2, middle_y = static_cast<double>(height_ - 1) / 2;
  auto at = [&](int64_t c, int64_t y, int64_t x) {
    bool inside = x >= 0 && x < width_ && y >= 0 && y < height_;
    return inside ? original_[static_cast<size_t>((c * height_ + y) * width_ + x)] : black;
  };
  for (int64_t y = 0; y < height_; ++y) {
    for (int64_t x = 0; x < width_; ++x) {
      double right = (chosen.flip ? -1 : 1) * (static_cast<double>(x) - middle_x);
      double down = (chosen.vertical_flip ? -1 : 1) * (static_cast<double>(y) - middle_y);
      double from_x = cosine * right - sine * down + middle_x + static_cast<double>(chosen.dx);
      double from_y = sine * right + cosine * down + middle_y + static_cast<double>(chosen.dy);
      auto left = static_cast<int64_t>(std::floor(from_x)), top = static_cast<int64_t>(std::floor(from_y));
      auto u = static_cast<float>(from_x - static_cast<double>(left));
      auto v = static_cast<float>(from_y - static_cast<double>(top));
      for (int64_t c = 0; c < channels_; ++c) {
        float upper = (1 - u) * at(c, top, left) + u * at(c, top, left + 1);
        float lower = (1 - u) * at(c, top + 1, left) + u * at(c, top + 1, left + 1);
        image[static_cast<size_t>((c * height_ + y) * width_ + x)] = (1 - v) * upper + v * lower;
      }
    }
  }
}

void Augmenter::cut_out(std::span<float> image, float black, const Chosen& chosen) const {
  int64_t left = std::max<int64_t>(0, chosen.cut_x - augmentation_.cutout / 2);
  int64_t top = std::max<int64_t>(0, chosen.cut_y - augmentation_.cutout / 2);
  int64_t right = std::min(width_, chosen.cut_x - augmentation_.cutout / 2 + augmentation_.cutout);
  int64_t bottom = std::min(height_, chosen.cut_y - augmentation_.cutout / 2 + augmentation_.cutout);
  for (int64_t c = 0; c < channels_; ++c) {
    for (int64_t y = top; y < bottom; ++y) {
      auto row = image.begin() + (c * height_ + y) * width_;
      std::fill(row + left, row + right, black);
    }
  }
}

}  // namespace slipway
