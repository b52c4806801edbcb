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
    Code code = outputs.status().code();
    Tensor input = inputs.empty() ? Tensor() : inputs[0];
    std::vector<Tensor> more(inputs.begin() + (inputs.empty() ? 0 : 1), inputs.end());
    Tensor output = outputs.ok() && !outputs->empty() ? (*outputs)[0] : Tensor();
    if (outputs.ok()) {
      done_(InferenceResponse{.outputs = select(std::move(*outputs)), .times = times});
    } else {
      done_(outputs.status());
    }
    inference_.record(origin_, *servable_, code, examples_, times, std::move(input), std::move(output),
                      std::move(more));
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
  const CallOrigin origin_;
  const Done done_;
  int64_t examples_ = 1;
};

Inference::Inference(ModelManager& models, Metrics& metrics, const Clock& clock, ObservationSink sink)
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
    record(origin, *servable, status.code(), 0, {}, {}, {}, {});
    return;
  }
  // Names of models that do not exist are the client's to choose: no series for each.
  unknown_.at(origin.endpoint_id, origin.endpoint).record(status.code(), 0, total, {});
  if (!sink_) return;
  Observation seen{.model = model, .endpoint = origin.endpoint, .time_us = clock_.now_us(), .code = status.code()};
  seen.total_ns = total;
  if (!sink_(std::move(seen))) dropped_->add();
}

void Inference::record(const CallOrigin& origin, Servable& servable, Code code, int64_t rows, const RunTimes& times,
                       Tensor input, Tensor output, std::vector<Tensor> more_inputs) {
  int64_t total = clock_.steady_ns() - origin.start_ns;
  servable.metrics().at(origin.endpoint_id, origin.endpoint).record(code, rows, total, times);
  if (!sink_) return;
  bool dropped = !sink_(Observation{.model = servable.name(),
                                    .version = servable.version(),
                                    .endpoint = origin.endpoint,
                                    .time_us = clock_.now_us(),
                                    .code = code,
                                    .rows = rows,
                                    .queue_ns = times.queue_ns,
                                    .compute_ns = times.compute_ns,
                                    .total_ns = total,
                                    .input = std::move(input),
                                    .output = std::move(output),
                                    .more_inputs = std::move(more_inputs)});
  if (dropped) dropped_->add();
}

}  // namespace slipway
