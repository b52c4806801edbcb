// PrefetchedBatches: a BatchStream read ahead by a thread. Pays where preparing a batch costs more than copying it.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "data/batches.h"

namespace slipway {

// The same batches in the same order as the stream itself. start() and next() belong to one thread.
class PrefetchedBatches {
 public:
  // `labels`: the element type wanted of y; undefined when labels are not wanted.
  PrefetchedBatches(Dataset data, BatchOptions options, DType labels = DType::i64);
  ~PrefetchedBatches();
  PrefetchedBatches(const PrefetchedBatches&) = delete;
  PrefetchedBatches& operator=(const PrefetchedBatches&) = delete;

  const Dataset& data() const { return stream_.data(); }
  int64_t batches() const { return stream_.batches(); }
  // As BatchStream's; batches read ahead of another epoch are forgotten.
  void start(int64_t epoch, int64_t batch = 0);
  // As BatchStream's. Requires: y has the type given to the constructor.
  int64_t next(Tensor& x, Tensor& y);
  // As BatchStream's.
  std::span<const uint32_t> rows() const { return rows_; }

 private:
  struct Slot {
    Tensor x, y;
    int64_t rows = 0;
    std::vector<uint32_t> order;
  };
  void read_ahead();

  BatchStream stream_;  // touched by the thread only, and by start() while the thread rests
  std::array<Slot, 2> slots_;
  std::vector<uint32_t> rows_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t filled_ = 0;   // slots filled since start()
  uint64_t taken_ = 0;    // slots emptied since start()
  bool reading_ = false;  // the thread is inside stream_.next()
  bool at_end_ = true;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace slipway
