// BatchStream: an epoch of a data set in shuffled float32 batches.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/dataset.h"

namespace slipway {

struct BatchOptions {
  int64_t size = 32;
  bool shuffle = true;
  bool augment = false;    // as the data's augmentation and random_offset say
  bool drop_last = false;  // leave out a last batch of fewer than `size` examples
  uint64_t seed = 0;
};

// Windows with a random offset all move by one number in [0, stride) that an epoch draws, so that over the epochs a
// token is met at every place of a window; an epoch then has the windows that fit behind the largest offset.
//
// The order and offset of an epoch depend on nothing but (seed, epoch), and what augmentation does to an example on
// nothing but (seed, epoch, index), so that a resumed run sees what an uninterrupted one would. Not thread-safe.
class BatchStream {
 public:
  // Requires: check(data).ok(), options.size > 0. Shares the data's tensors.
  BatchStream(Dataset data, BatchOptions options);

  const Dataset& data() const { return data_; }
  // Examples and batches in an epoch.
  int64_t examples() const { return static_cast<int64_t>(order_.size()); }
  int64_t batches() const;

  // Goes to batch `batch` of epoch `epoch`, both counted from 0.
  void start(int64_t epoch, int64_t batch = 0);

  // Writes the next n examples into the first n rows of x and y; returns n, 0 after the last batch.
  // Requires: x is float32 of at least size * width elements, whatever its shape; y is undefined (labels are not
  // wanted) or int64, int32 or float32 of at least size * (elements of a label) elements.
  int64_t next(Tensor& x, Tensor& y);
  // Which examples the last next() wrote.
  std::span<const uint32_t> rows() const { return rows_; }

 private:
  Dataset data_;
  BatchOptions options_;
  int64_t offsets_;  // that windows may begin at: 1 when they stay
  int64_t offset_ = 0;
  std::vector<uint32_t> order_;
  size_t position_;
  std::span<const uint32_t> rows_;
  int64_t epoch_ = 0;
  std::optional<Augmenter> augmenter_;
};

}  // namespace slipway
