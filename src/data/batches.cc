// Batches: shuffling, gathering, conversion of labels.
#include "data/batches.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "data/gather.h"

namespace slipway {

namespace {

// Above any number of epochs.
constexpr uint64_t kShuffleStream = uint64_t{0x73687566} << 32;  // "shuf"
constexpr uint64_t kOffsetStream = uint64_t{0x6F666673} << 32;   // "offs"

int64_t offsets_of(const Dataset& data, bool augment) {
  if (!augment || !data.random_offset || data.window == 0) return 1;
  return std::min(data.stride, data.inputs.dim(0) - data.window + 1);
}

size_t examples_of(const Dataset& data, int64_t offsets) {
  if (data.window == 0) return static_cast<size_t>(data.size());
  return static_cast<size_t>((data.inputs.dim(0) - data.window - (offsets - 1)) / data.stride + 1);
}

template <typename From, typename To>
void gather_labels_as(const Dataset& data, size_t offset, std::span<const uint32_t> rows, To* to) {
  std::span<const From> from = data.labels.data<From>().subspan(offset);
  auto width = static_cast<size_t>(data.label_width());
  auto pitch = static_cast<size_t>(data.label_pitch());
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < width; ++j) to[i * width + j] = static_cast<To>(from[rows[i] * pitch + j]);
  }
}

template <typename To>
void gather_labels(const Dataset& data, size_t offset, std::span<const uint32_t> rows, Tensor& y) {
  std::span<To> to = y.mutable_data<To>();
  CHECK(to.size() >= rows.size() * static_cast<size_t>(data.label_width()), "y is too small for the batch");
  if (data.labels.dtype() == DType::i64) {
    gather_labels_as<int64_t>(data, offset, rows, to.data());
  } else {
    gather_labels_as<float>(data, offset, rows, to.data());
  }
}

}  // namespace

BatchStream::BatchStream(Dataset data, BatchOptions options)
    : data_(std::move(data)),
      options_(options),
      offsets_(offsets_of(data_, options.augment)),
      order_(examples_of(data_, offsets_)),
      position_(order_.size()) {
  CHECK(options_.size > 0, "a batch holds at least one example");
  if (options_.augment && data_.augmentation.any()) augmenter_.emplace(data_.augmentation, data_.example_shape());
}

int64_t BatchStream::batches() const {
  int64_t n = examples();
  return options_.drop_last ? n / options_.size : (n + options_.size - 1) / options_.size;
}

void BatchStream::start(int64_t epoch, int64_t batch) {
  epoch_ = epoch;
  if (offsets_ > 1) {
    Random random(options_.seed, kOffsetStream + static_cast<uint64_t>(epoch));
    offset_ = static_cast<int64_t>(random.below(static_cast<uint64_t>(offsets_)));
  }
  if (options_.shuffle) {
    Random random(options_.seed, kShuffleStream + static_cast<uint64_t>(epoch));
    order_ = permutation(static_cast<uint32_t>(order_.size()), random);
  } else {
    std::iota(order_.begin(), order_.end(), 0u);
  }
  position_ = std::min(order_.size(), static_cast<size_t>(batch * options_.size));
}

int64_t BatchStream::next(Tensor& x, Tensor& y) {
  auto size = static_cast<size_t>(options_.size);
  size_t n = std::min(size, order_.size() - position_);
  if (n == 0 || (n < size && options_.drop_last)) return 0;
  rows_ = std::span<const uint32_t>(order_).subspan(position_, n);
  position_ += n;
  std::span<float> to = x.mutable_data<float>();
  CHECK(to.size() >= n * static_cast<size_t>(data_.width()), "x is too small for the batch");
  const Tensor inputs = offset_ == 0 ? data_.inputs : data_.inputs.rows(offset_, data_.inputs.dim(0));
  gather_scaled(inputs, data_.width(), data_.pitch(), rows_, data_.scaling, to.data());
  if (augmenter_) {
    auto width = static_cast<size_t>(data_.width());
    float scale = data_.scaling.scale[0], black = data_.scaling.offset[0];
    float white = black + (data_.inputs.dtype() == DType::u8 ? 255 : 1) * scale;
    for (size_t i = 0; i < n; ++i) {
      augmenter_->apply(to.subspan(i * width, width), {black, white}, {options_.seed, epoch_, rows_[i]});
    }
  }
  auto offset = static_cast<size_t>(offset_);
  switch (y.dtype()) {
    case DType::undefined: break;
    case DType::i64: gather_labels<int64_t>(data_, offset, rows_, y); break;
    case DType::i32: gather_labels<int32_t>(data_, offset, rows_, y); break;
    default: gather_labels<float>(data_, offset, rows_, y);
  }
  return static_cast<int64_t>(n);
}

}  // namespace slipway
