// Batcher: turns requests that wait at the same time into one run of the engine.
//
// Two ways, chosen by how long a run was measured to take:
//  - Short runs happen on the event loop that read the request, with no hop to another thread. The loop first reads
//  what
//    else is ready in the same turn; all of it rides in one batch. A lone request waits for nothing.
//  - Long runs (or a wished delay) go to worker threads, so that the loop stays free; while they are busy requests
//  gather
//    in the queue and the next run takes as many as fit.
// Batches are rounded up to a few sizes by repeating their last row, so that the engine compiles few plans. Only
// requests whose rows are proved to be independent share a run (serve/sharing.h); when a shared run fails, each runs
// alone, so that nobody is refused for what another one sent.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "runtime/row_proof.h"
#include "serve/metrics.h"
#include "serve/request.h"
#include "serve/worker_pool.h"
#include "tensor/tensor.h"

namespace slipway {

struct BatchingOptions {
  int64_t max_rows = 32;           // of one batch; a larger request runs alone. 1: no batching
  int64_t max_delay_us = 0;        // how long a batch may wait to fill
  int64_t max_queue_rows = 4096;   // waiting rows beyond which requests are refused
  int concurrency = 2;             // runs at a time on worker threads
  int64_t inline_below_us = 1000;  // runs shorter than this stay on the event loop
};

// A thread that serves many requests in turn. defer() is called on that thread only.
class EventLoop {
 public:
  static constexpr size_t kMost = 64;
  virtual ~EventLoop() = default;
  // Runs `f` on this thread once everything that is ready now has been looked at.
  virtual void defer(std::function<void()> f) = 0;
  // < kMost, different for each loop of a server.
  virtual size_t index() const = 0;
};

// One request in a batcher.
class BatchJob {
 public:
  virtual ~BatchJob() = default;
  // Called once, on whatever thread ran the batch (the submitting one when it ran at once). Must not throw.
  virtual void complete(Result<std::vector<Tensor>> outputs, const RunTimes& times) = 0;

  std::vector<Tensor> inputs;
  std::shared_ptr<const RowProof> proof;  // that its rows are independent; nullptr: it runs alone, as it is
  int64_t rows = 1;                       // dimension 0 of every input that holds rows by the proof; without one 1
  int64_t deadline_ns = 0;                // on the steady clock; 0: none
  std::shared_ptr<const void> keep;       // owns the batcher

 private:
  friend class Batcher;
  int64_t submitted_ns_ = 0;
};

// Shared by all versions of a server.
struct BatchMetrics {
  explicit BatchMetrics(ServerMetrics& metrics);
  std::shared_ptr<Gauge> queue_rows;
  std::shared_ptr<Counter> rejected;
  std::shared_ptr<Counter> expired;
  std::shared_ptr<Counter> reruns;
  std::shared_ptr<MetricHistogram> batch_rows;
};

// The batch sizes runs are rounded up to: 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, … up to and including `max_rows`.
std::vector<int64_t> batch_sizes(int64_t max_rows);

// How many jobs from the front of a queue ride together: at least one, no more rows than `max_rows` in company, each
// may_share() with the first. Pure.
size_t riders(std::span<const std::unique_ptr<BatchJob>> waiting, int64_t max_rows);

// Thread-safe.
class Batcher {
 public:
  using Run = std::function<Result<std::vector<Tensor>>(std::span<const Tensor>)>;

  // `batches`: whether jobs with a proof share runs.
  // Requires: `run` is thread-safe; `workers` and `clock` outlive this.
  Batcher(Run run, bool batches, BatchingOptions options, WorkerPool* workers, const Clock* clock,
          std::shared_ptr<const BatchMetrics> metrics);

  // Takes the job on or completes it with resource_exhausted. Without a `loop` a short run happens on the caller's
  // thread.
  void submit(std::unique_ptr<BatchJob> job, EventLoop* loop = nullptr);

  bool batches() const { return batches_; }
  // The running mean of what a run takes; a guess may be given before the first.
  int64_t mean_run_ns() const { return mean_run_ns_.load(std::memory_order_relaxed); }
  void set_mean_run_ns(int64_t ns) { mean_run_ns_.store(ns, std::memory_order_relaxed); }

 private:
  using Jobs = std::vector<std::unique_ptr<BatchJob>>;
  struct Lane {
    Jobs waiting;
    bool scheduled = false;
  };

  bool runs_inline() const;
  void submit_to_loop(std::unique_ptr<BatchJob> job, EventLoop& loop);
  void submit_to_workers(std::unique_ptr<BatchJob> job);
  void drain(Lane& lane);
  void start_workers(const std::shared_ptr<const void>& keep);
  void work_once();
  bool wait_to_fill(std::unique_lock<std::mutex>& lock);
  // Runs the jobs of one batch and completes them.
  void run_batch(std::span<std::unique_ptr<BatchJob>> jobs);
  void run_alone(BatchJob& job, int64_t start);
  void run_together(std::span<std::unique_ptr<BatchJob>> jobs, int64_t rows, int64_t padded, int64_t start);
  Result<std::vector<Tensor>> timed_run(std::span<const Tensor> inputs, int64_t& compute_ns);
  size_t drop_expired(std::span<std::unique_ptr<BatchJob>> jobs, int64_t now);

  const Run run_;
  const bool batches_;
  const BatchingOptions options_;
  const std::vector<int64_t> sizes_;
  WorkerPool* const workers_;
  const Clock* const clock_;
  const std::shared_ptr<const BatchMetrics> metrics_;

  std::atomic<int64_t> mean_run_ns_{0};
  std::atomic<int64_t> waiting_rows_{0};
  std::array<Lane, EventLoop::kMost> lanes_;  // each touched by its loop's thread only

  std::mutex mutex_;
  std::condition_variable filled_;
  Jobs queue_;
  int64_t queue_rows_ = 0;
  int running_ = 0;
};

}  // namespace slipway
