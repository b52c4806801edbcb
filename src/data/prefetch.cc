// Two slots between a reading thread and the caller.
#include "data/prefetch.h"

#include <cstring>

namespace slipway {

namespace {

void copy_rows(const Tensor& from, int64_t rows, int64_t capacity, Tensor& to) {
  if (!from.defined()) return;
  CHECK(to.dtype() == from.dtype(), "y of another type than asked for");
  size_t bytes = from.bytes() / static_cast<size_t>(capacity) * static_cast<size_t>(rows);
  CHECK(to.bytes() >= bytes, "a tensor too small for the batch");
  std::memcpy(to.mutable_raw(), from.raw(), bytes);
}

}  // namespace

PrefetchedBatches::PrefetchedBatches(Dataset data, BatchOptions options, DType labels)
    : stream_(std::move(data), options) {
  for (Slot& slot : slots_) {
    slot.x = Tensor(DType::f32, {options.size, stream_.data().width()});
    if (labels != DType::undefined) slot.y = Tensor(labels, {options.size, stream_.data().label_width()});
  }
  thread_ = std::thread([this] { read_ahead(); });
}

PrefetchedBatches::~PrefetchedBatches() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PrefetchedBatches::start(int64_t epoch, int64_t batch) {
  std::unique_lock lock(mutex_);
  at_end_ = true;
  changed_.wait(lock, [this] { return !reading_; });
  stream_.start(epoch, batch);
  filled_ = taken_ = 0;
  at_end_ = false;
  changed_.notify_all();
}

int64_t PrefetchedBatches::next(Tensor& x, Tensor& y) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return filled_ > taken_ || at_end_; });
  if (filled_ == taken_) return 0;
  Slot& slot = slots_[taken_ % slots_.size()];
  lock.unlock();
  copy_rows(slot.x, slot.rows, slot.x.dim(0), x);
  if (slot.y.defined()) copy_rows(slot.y, slot.rows, slot.y.dim(0), y);
  int64_t rows = slot.rows;
  rows_.swap(slot.order);
  lock.lock();
  ++taken_;
  changed_.notify_all();
  return rows;
}

void PrefetchedBatches::read_ahead() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || (!at_end_ && filled_ - taken_ < slots_.size()); });
    if (stopping_) return;
    Slot& slot = slots_[filled_ % slots_.size()];
    reading_ = true;
    lock.unlock();
    slot.rows = stream_.next(slot.x, slot.y);
    slot.order.assign(stream_.rows().begin(), stream_.rows().end());
    lock.lock();
    reading_ = false;
    if (slot.rows == 0) {
      at_end_ = true;
    } else {
      ++filled_;
    }
    changed_.notify_all();
  }
}

}  // namespace slipway
