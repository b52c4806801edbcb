// Batcher: admission, the two ways to run, and what happens when a shared run fails.
#include "serve/batcher.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>

#include <fmt/format.h>

#include "serve/sharing.h"

namespace slipway {

BatchMetrics::BatchMetrics(ServerMetrics& metrics)
    : queue_rows(metrics.gauge("slipway_queue_rows", "Rows waiting to be run.")),
      rejected(metrics.counter("slipway_requests_rejected_total", "Requests refused because the queue was full.")),
      expired(metrics.counter("slipway_requests_expired_total", "Requests whose deadline passed while they waited.")),
      reruns(metrics.counter("slipway_batch_reruns_total",
                             "Shared runs that failed, after which each of their requests ran alone.")),
      batch_rows(metrics.sizes("slipway_batch_rows", "Rows of a run of the engine.")) {}

std::vector<int64_t> batch_sizes(int64_t max_rows) {
  std::vector<int64_t> sizes;
  for (int64_t size = 1; size < max_rows; size *= 2) {
    sizes.push_back(size);
    if (size >= 2 && size + size / 2 < max_rows) sizes.push_back(size + size / 2);
  }
  sizes.push_back(std::max<int64_t>(max_rows, 1));
  return sizes;
}

size_t riders(std::span<const std::unique_ptr<BatchJob>> waiting, int64_t max_rows) {
  if (waiting.empty()) return 0;
  int64_t rows = waiting[0]->rows;
  size_t n = 1;
  while (n < waiting.size() && rows + waiting[n]->rows <= max_rows && may_share(*waiting[0], *waiting[n])) {
    rows += waiting[n++]->rows;
  }
  return n;
}

Batcher::Batcher(Run run, bool batches, BatchingOptions options, WorkerPool* workers, const Clock* clock,
                 std::shared_ptr<const BatchMetrics> metrics)
    : run_(std::move(run)),
      batches_(batches && options.max_rows > 1),
      options_(options),
      sizes_(batch_sizes(options.max_rows)),
      workers_(workers),
      clock_(clock),
      metrics_(std::move(metrics)) {}

bool Batcher::runs_inline() const {
  return options_.max_delay_us == 0 && mean_run_ns() < options_.inline_below_us * 1000;
}

void Batcher::submit(std::unique_ptr<BatchJob> job, EventLoop* loop) {
  job->submitted_ns_ = clock_->steady_ns();
  int64_t waiting = waiting_rows_.fetch_add(job->rows, std::memory_order_relaxed);
  if (waiting > 0 && waiting + job->rows > options_.max_queue_rows) {
    waiting_rows_.fetch_sub(job->rows, std::memory_order_relaxed);
    metrics_->rejected->add();
    job->complete(
        exhausted(fmt::format("Exceeds maximum queue size: {} rows wait for this model version and the request "
                              "brings {} more, but at most {} may wait (--queue); try again later",
                              waiting, job->rows, options_.max_queue_rows)),
        {});
    return;
  }
  if (!runs_inline()) return submit_to_workers(std::move(job));
  if (loop != nullptr && batches_) return submit_to_loop(std::move(job), *loop);
  waiting_rows_.fetch_sub(job->rows, std::memory_order_relaxed);
  run_batch({&job, 1});
}

void Batcher::submit_to_loop(std::unique_ptr<BatchJob> job, EventLoop& loop) {
  Lane& lane = lanes_[loop.index()];
  std::shared_ptr<const void> keep = job->keep;
  lane.waiting.push_back(std::move(job));
  if (lane.scheduled) return;
  lane.scheduled = true;
  loop.defer([this, &lane, keep = std::move(keep)] { drain(lane); });
}

void Batcher::drain(Lane& lane) {
  Jobs jobs;
  jobs.swap(lane.waiting);
  lane.scheduled = false;
  int64_t rows = 0;
  for (const auto& job : jobs) rows += job->rows;
  waiting_rows_.fetch_sub(rows, std::memory_order_relaxed);
  for (std::span<std::unique_ptr<BatchJob>> left = jobs; !left.empty();) {
    size_t n = riders(left, options_.max_rows);
    run_batch(left.first(n));
    left = left.subspan(n);
  }
  jobs.clear();
  if (lane.waiting.empty()) lane.waiting.swap(jobs);  // keeps the vector's memory
}

void Batcher::submit_to_workers(std::unique_ptr<BatchJob> job) {
  std::shared_ptr<const void> keep = job->keep;
  std::unique_lock lock(mutex_);
  queue_rows_ += job->rows;
  metrics_->queue_rows->add(job->rows);
  queue_.push_back(std::move(job));
  start_workers(keep);
  if (options_.max_delay_us > 0) filled_.notify_all();
}

void Batcher::start_workers(const std::shared_ptr<const void>& keep) {
  if (queue_.empty() || running_ >= options_.concurrency) return;
  ++running_;
  workers_->post([this, keep] { work_once(); });
}

// Waits until a batch is full or its oldest job has waited long enough; false when another worker took the jobs.
bool Batcher::wait_to_fill(std::unique_lock<std::mutex>& lock) {
  while (!queue_.empty() && queue_rows_ < options_.max_rows && options_.max_delay_us > 0) {
    int64_t left = queue_.front()->submitted_ns_ + options_.max_delay_us * 1000 - clock_->steady_ns();
    if (left <= 0) break;
    filled_.wait_for(lock, std::chrono::nanoseconds(left));
  }
  return !queue_.empty();
}

void Batcher::work_once() {
  Jobs jobs;
  std::shared_ptr<const void> keep;
  {
    std::unique_lock lock(mutex_);
    if (!wait_to_fill(lock)) {
      --running_;
      return;
    }
    keep = queue_.front()->keep;
    size_t n = batches_ ? riders(queue_, options_.max_rows) : 1;
    auto end = queue_.begin() + static_cast<std::ptrdiff_t>(n);
    jobs.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    int64_t rows = 0;
    for (const auto& job : jobs) rows += job->rows;
    queue_rows_ -= rows;
    metrics_->queue_rows->add(-rows);
    waiting_rows_.fetch_sub(rows, std::memory_order_relaxed);
  }
  run_batch(jobs);
  std::unique_lock lock(mutex_);
  --running_;
  start_workers(keep);
}

size_t Batcher::drop_expired(std::span<std::unique_ptr<BatchJob>> jobs, int64_t now) {
  size_t kept = 0;
  for (size_t i = 0; i < jobs.size(); ++i) {
    BatchJob& job = *jobs[i];
    if (job.deadline_ns == 0 || now < job.deadline_ns) {
      std::swap(jobs[kept++], jobs[i]);
      continue;
    }
    metrics_->expired->add();
    job.complete(Status(Code::deadline_exceeded, fmt::format("Request timeout expired: it waited {} µs to be run",
                                                             (now - job.submitted_ns_) / 1000)),
                 {.queue_ns = now - job.submitted_ns_});
  }
  return kept;
}

Result<std::vector<Tensor>> Batcher::timed_run(std::span<const Tensor> inputs, int64_t& compute_ns) {
  int64_t start = clock_->steady_ns();
  auto run = [&]() -> Result<std::vector<Tensor>> {
    try {
      return run_(inputs);
    } catch (const std::bad_alloc&) {
      return exhausted("not enough memory to run the model on this input; send fewer rows at a time");
    } catch (const std::exception& e) {
      return internal(fmt::format("the engine failed: {}", e.what()));
    }
  };
  Result<std::vector<Tensor>> outputs = run();
  compute_ns = clock_->steady_ns() - start;
  int64_t mean = mean_run_ns();
  set_mean_run_ns(mean == 0 ? compute_ns : mean + (compute_ns - mean) / 8);
  return outputs;
}

void Batcher::run_batch(std::span<std::unique_ptr<BatchJob>> jobs) {
  int64_t start = clock_->steady_ns();
  jobs = jobs.first(drop_expired(jobs, start));
  if (jobs.empty()) return;
  int64_t rows = 0;
  for (const auto& job : jobs) rows += job->rows;
  metrics_->batch_rows->observe(static_cast<uint64_t>(rows));
  const bool rounds = batches_ && rows > 0 && jobs[0]->proof != nullptr;
  auto size = rounds ? std::ranges::lower_bound(sizes_, rows) : sizes_.end();
  int64_t padded = size == sizes_.end() ? rows : *size;
  if (jobs.size() == 1 && padded == rows) return run_alone(*jobs[0], start);
  run_together(jobs, rows, padded, start);
}

void Batcher::run_alone(BatchJob& job, int64_t start) {
  RunTimes times{.queue_ns = start - job.submitted_ns_, .batch_rows = job.rows};
  Result<std::vector<Tensor>> outputs = timed_run(job.inputs, times.compute_ns);
  job.complete(std::move(outputs), times);
}

void Batcher::run_together(std::span<std::unique_ptr<BatchJob>> jobs, int64_t rows, int64_t padded, int64_t start) {
  const RowProof& proof = *jobs[0]->proof;
  RunTimes times{.batch_rows = rows};
  auto run = [&]() -> Result<std::vector<Tensor>> {
    try {
      return timed_run(joined_inputs(jobs, padded), times.compute_ns);
    } catch (const std::bad_alloc&) {
      return exhausted("not enough memory to join the rows of several requests");
    }
  };
  Result<std::vector<Tensor>> outputs = run();
  if (!outputs.ok() || !outputs_follow(proof, *outputs, padded)) {
    metrics_->reruns->add();
    for (auto& job : jobs) run_alone(*job, clock_->steady_ns());
    return;
  }
  int64_t at = 0;
  for (auto& job : jobs) {
    times.queue_ns = start - job->submitted_ns_;
    job->complete(cut_outputs(proof, *outputs, at, at + job->rows), times);
    at += job->rows;
  }
}

}  // namespace slipway
