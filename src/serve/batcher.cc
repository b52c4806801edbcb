// Batcher: admission, the two ways to run, joining inputs and cutting outputs.
#include "serve/batcher.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>

#include <fmt/format.h>

namespace slipway {

namespace {

bool same_beyond_rows(const BatchJob& a, const BatchJob& b) {
  if (a.inputs.size() != b.inputs.size()) return false;
  for (size_t i = 0; i < a.inputs.size(); ++i) {
    const Tensor& x = a.inputs[i];
    const Tensor& y = b.inputs[i];
    if (x.dtype() != y.dtype() || x.rank() != y.rank()) return false;
    if (!std::equal(x.shape().begin() + 1, x.shape().end(), y.shape().begin() + 1)) return false;
  }
  return true;
}

// Input `i` of all jobs below each other, then zeros up to `rows`.
Tensor join(std::span<std::unique_ptr<BatchJob>> jobs, size_t i, int64_t rows) {
  Shape shape = jobs[0]->inputs[i].shape();
  shape[0] = rows;
  Tensor joined(jobs[0]->inputs[i].dtype(), std::move(shape));
  int64_t at = 0;
  for (const auto& job : jobs) {
    const Tensor& part = job->inputs[i];
    if (part.dtype() == DType::string) {
      std::ranges::copy(part.data<std::string>(), joined.mutable_data<std::string>().begin() + at);
      at += part.count();
    } else {
      if (part.bytes() > 0) std::memcpy(static_cast<std::byte*>(joined.mutable_raw()) + at, part.raw(), part.bytes());
      at += static_cast<int64_t>(part.bytes());
    }
  }
  return joined;
}

// What one job gets of a batch's outputs.
std::vector<Tensor> cut(const std::vector<Tensor>& outputs, int64_t begin, int64_t end) {
  std::vector<Tensor> part;
  part.reserve(outputs.size());
  for (const Tensor& output : outputs) part.push_back(output.rows(begin, end));
  return part;
}

bool have_rows(const std::vector<Tensor>& outputs, int64_t rows) {
  return std::ranges::all_of(outputs, [&](const Tensor& t) { return t.rank() > 0 && t.dim(0) == rows; });
}

}  // namespace

BatchMetrics::BatchMetrics(Metrics& metrics)
    : queue_rows(metrics.gauge("slipway_queue_rows", "Rows waiting to be run.")),
      rejected(metrics.counter("slipway_requests_rejected_total", "Requests refused because the queue was full.")),
      expired(metrics.counter("slipway_requests_expired_total", "Requests whose deadline passed while they waited.")),
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
  while (n < waiting.size() && rows + waiting[n]->rows <= max_rows && same_beyond_rows(*waiting[0], *waiting[n])) {
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
  auto size = batches_ && rows > 0 ? std::ranges::lower_bound(sizes_, rows) : sizes_.end();
  int64_t padded = size == sizes_.end() ? rows : *size;
  bool as_is = jobs.size() == 1 && padded == rows;
  std::vector<Tensor> joined;
  for (size_t i = 0; !as_is && i < jobs[0]->inputs.size(); ++i) joined.push_back(join(jobs, i, padded));
  RunTimes times{.batch_rows = rows};
  Result<std::vector<Tensor>> outputs = timed_run(as_is ? jobs[0]->inputs : joined, times.compute_ns);
  if (as_is) {
    times.queue_ns = start - jobs[0]->submitted_ns_;
    jobs[0]->complete(std::move(outputs), times);
    return;
  }
  bool whole = outputs.ok() && have_rows(*outputs, padded);
  int64_t at = 0;
  for (auto& job : jobs) {
    times.queue_ns = start - job->submitted_ns_;
    int64_t end = at + job->rows;
    if (whole) {
      job->complete(cut(*outputs, at, end), times);
    } else {
      job->complete(outputs.ok()
                        ? Result<std::vector<Tensor>>(internal("the model's outputs do not follow its batch size"))
                        : Result<std::vector<Tensor>>(outputs.status()),
                    times);
    }
    at = end;
  }
}

}  // namespace slipway
