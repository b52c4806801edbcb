// Servable: one loaded model version, warmed up and ready to answer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/port.h"
#include "runtime/session.h"
#include "serve/batcher.h"
#include "serve/request_metrics.h"

namespace slipway {

// What every version of a server shares. Requires: outlives the servables.
struct ServingContext {
  Metrics* metrics;
  WorkerPool* workers;
  const Clock* clock;
  std::shared_ptr<const BatchMetrics> batch_metrics;
  BatchingOptions batch;
};

// Thread-safe.
class Servable {
 public:
  // Runs the model on synthetic inputs before anybody may ask it: an error when an input whose shape the model fully
  // states (but for dimension 0) cannot be run. Finds out by running whether rows are independent, so that requests may
  // share a batch, and compiles the batch sizes that will occur.
  static Result<std::shared_ptr<Servable>> create(std::string name, int64_t version, std::unique_ptr<Session> session,
                                                  const ServingContext& context, std::vector<std::string> classes = {});

  const std::string& name() const { return name_; }
  int64_t version() const { return version_; }
  const std::vector<Port>& inputs() const { return inputs_; }
  const std::vector<Port>& outputs() const { return outputs_; }
  // Labels of the first output's last dimension; may be empty.
  const std::vector<std::string>& classes() const { return classes_; }
  const Session& session() const { return *session_; }
  // Runs the model beside its service: nothing is batched, counted or observed.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) const { return session_->run(inputs); }
  Batcher& batcher() { return *batcher_; }
  RequestMetricsSet& metrics() { return metrics_; }

 private:
  Servable(std::string name, int64_t version, std::unique_ptr<Session> session, Metrics& metrics,
           std::vector<std::string> classes);

  const std::string name_;
  const int64_t version_;
  const std::unique_ptr<Session> session_;
  const std::vector<Port> inputs_;
  const std::vector<Port> outputs_;
  const std::vector<std::string> classes_;
  RequestMetricsSet metrics_;
  std::unique_ptr<Batcher> batcher_;
};

// What a warm-up found.
struct WarmUp {
  bool batches = false;    // rows of dimension 0 are independent examples
  int64_t one_row_ns = 0;  // the fastest run of one row
  int64_t max_rows = 1;    // batches larger than this would not pay, or take too much memory
};

// See Servable::create. Compiles batch sizes up to `max_rows`, as long as a row costs less in a larger batch, the
// plan's memory stays below 256 MiB and less than `budget_ns` went by.
Result<WarmUp> warm_up(Session& session, int64_t max_rows, const Clock& clock, int64_t budget_ns = 2'000'000'000);

}  // namespace slipway
