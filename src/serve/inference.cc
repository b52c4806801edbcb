// Inference: jobs for the batcher, and the record of each answer.
#include "serve/inference.h"

#include <algorithm>
#include <utility>

namespace slipway {

// Answers one request. Publishing happens behind the answer, off the client's clock.
class Inference::Job final : public BatchJob {
 public:
  Job(Inference& inference, InferenceRequest request, const CallOrigin& origin, Done done)
      : inference_(inference),
        servable_(std::move(request.servable)),
        wanted_(std::move(request.outputs)),
        raw_(std::move(request.raw)),
        origin_(origin),
        done_(std::move(done)) {
    inputs = std::move(request.inputs);
    deadline_ns = request.deadline_ns;
    keep = servable_;
    bool has_rows = !inputs.empty() && inputs[0].rank() > 0;
    examples_ = has_rows ? inputs[0].dim(0) : 1;
    proof = servable_->sharing(inputs);
    if (proof == nullptr) return;
    auto first = std::ranges::find(proof->input_rows, true) - proof->input_rows.begin();
    rows = examples_ = inputs[static_cast<size_t>(first)].dim(0);
  }

  void complete(Result<std::vector<Tensor>> outputs, const RunTimes& times) override {
    Observation seen{.code = outputs.status().code(), .rows = examples_, .raw = std::move(raw_)};
    if (!inputs.empty()) seen.input = inputs[0];
    seen.more_inputs.assign(inputs.begin() + (inputs.empty() ? 0 : 1), inputs.end());
    if (outputs.ok() && !outputs->empty()) seen.output = (*outputs)[0];
    if (outputs.ok()) {
      done_(InferenceResponse{.outputs = select(std::move(*outputs)), .times = times});
    } else {
      done_(outputs.status());
    }
    inference_.record(origin_, *servable_, times, std::move(seen));
  }

 private:
  std::vector<Tensor> select(std::vector<Tensor> outputs) const {
    if (wanted_.empty()) return outputs;
    std::vector<Tensor> chosen;
    for (size_t i : wanted_) chosen.push_back(outputs[i]);
    return chosen;
  }

  Inference& inference_;
  const std::shared_ptr<Servable> servable_;
  const std::vector<size_t> wanted_;
  std::shared_ptr<const NamedRows> raw_;
  const CallOrigin origin_;
  const Done done_;
  int64_t examples_ = 1;
};

Inference::Inference(ModelManager& models, ServerMetrics& metrics, const Clock& clock, ObservationSink sink)
    : models_(models),
      clock_(clock),
      sink_(std::move(sink)),
      dropped_(metrics.counter("slipway_observations_dropped_total", "Answers that the monitor was too busy to see.")),
      unknown_(metrics, "", "") {}

void Inference::run(InferenceRequest request, const CallOrigin& origin, Done done) {
  std::shared_ptr<Servable> servable = request.servable;
  if (Status fit = servable->check(request.inputs); !fit.ok()) {
    done(fit);
    failed(origin, servable.get(), servable->name(), fit);
    return;
  }
  EventLoop* loop = origin.loop;
  servable->batcher().submit(std::make_unique<Job>(*this, std::move(request), origin, std::move(done)), loop);
}

void Inference::failed(const CallOrigin& origin, Servable* servable, const std::string& model, const Status& status) {
  int64_t total = clock_.steady_ns() - origin.start_ns;
  if (servable != nullptr) {
    record(origin, *servable, {}, Observation{.code = status.code()});
    return;
  }
  // Names of models that do not exist are the client's to choose: no series for each.
  unknown_.at(origin.endpoint_id, origin.endpoint).record(status.code(), 0, total, {});
  if (!sink_) return;
  Observation seen{.model = model, .endpoint = origin.endpoint, .time_us = clock_.now_us(), .code = status.code()};
  seen.total_ns = total;
  if (!sink_(std::move(seen))) dropped_->add();
}

void Inference::record(const CallOrigin& origin, Servable& servable, const RunTimes& times, Observation seen) {
  seen.total_ns = clock_.steady_ns() - origin.start_ns;
  servable.metrics().at(origin.endpoint_id, origin.endpoint).record(seen.code, seen.rows, seen.total_ns, times);
  if (!sink_) return;
  seen.model = servable.name();
  seen.version = servable.version();
  seen.endpoint = origin.endpoint;
  seen.time_us = clock_.now_us();
  seen.queue_ns = times.queue_ns;
  seen.compute_ns = times.compute_ns;
  seen.preparation = servable.front() != nullptr ? servable.front()->identity() : 0;
  if (!sink_(std::move(seen))) dropped_->add();
}

}  // namespace slipway
