// Inference: from a request in tensors to an answer in tensors, with what is counted and observed of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/observation.h"
#include "serve/model_manager.h"
#include "serve/request.h"

namespace slipway {

// Gets one observation per answered request; false: dropped. Must be cheap and thread-safe.
using ObservationSink = std::function<bool(Observation)>;

// The protocol's side of a request.
struct CallOrigin {
  size_t endpoint_id = 0;     // small, different for each endpoint
  const char* endpoint = "";  // "tfs_predict"
  int64_t start_ns = 0;       // steady clock, when the request had been read
  EventLoop* loop = nullptr;  // the thread that asks, when it is one
};

// Thread-safe.
class Inference {
 public:
  // Gets the answer, on whatever thread made it.
  using Done = std::function<void(Result<InferenceResponse>)>;

  // Requires: the references outlive this.
  Inference(ModelManager& models, ServerMetrics& metrics, const Clock& clock, ObservationSink sink);

  ModelManager& models() { return models_; }
  const Clock& clock() const { return clock_; }

  // Checks the inputs against the model and answers through `done`, exactly once.
  void run(InferenceRequest request, const CallOrigin& origin, Done done);
  // Counts and observes a request that failed before it could be run. `servable` may be nullptr.
  void failed(const CallOrigin& origin, Servable* servable, const std::string& model, const Status& status);

 private:
  class Job;
  // Completes what is known of an answer, counts it and hands it to the sink.
  void record(const CallOrigin& origin, Servable& servable, const RunTimes& times, Observation seen);

  ModelManager& models_;
  const Clock& clock_;
  const ObservationSink sink_;
  const std::shared_ptr<Counter> dropped_;
  RequestMetricsSet unknown_;  // requests for models that do not exist
};

}  // namespace slipway
