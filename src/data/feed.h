// Feed: the batches that training reads: a BatchStream, read ahead by a thread where preparing a batch is work.
#pragma once

#include <memory>

#include "data/batches.h"
#include "data/prefetch.h"

namespace slipway {

// The same batches either way. Gathering and scaling alone cost less than handing a batch over from another thread, so
// only augmented data is read ahead. Not thread-safe.
class Feed {
 public:
  // `labels`: the element type wanted of y.
  Feed(Dataset data, BatchOptions options, DType labels) {
    if (options.augment && data.augmentation.any()) {
      ahead_ = std::make_unique<PrefetchedBatches>(std::move(data), options, labels);
    } else {
      stream_ = std::make_unique<BatchStream>(std::move(data), options);
    }
  }

  const Dataset& data() const { return ahead_ ? ahead_->data() : stream_->data(); }
  int64_t batches() const { return ahead_ ? ahead_->batches() : stream_->batches(); }
  // As BatchStream's.
  void start(int64_t epoch, int64_t batch = 0) { ahead_ ? ahead_->start(epoch, batch) : stream_->start(epoch, batch); }
  int64_t next(Tensor& x, Tensor& y) { return ahead_ ? ahead_->next(x, y) : stream_->next(x, y); }
  std::span<const uint32_t> rows() const { return ahead_ ? ahead_->rows() : stream_->rows(); }

 private:
  std::unique_ptr<BatchStream> stream_;  // one of the two
  std::unique_ptr<PrefetchedBatches> ahead_;
};

}  // namespace slipway
