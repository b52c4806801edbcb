// Servable: assembly of a version and its per-endpoint series.
#include "serve/servable.h"

#include <fmt/format.h>

namespace slipway {

Servable::Servable(std::string name, int64_t version, std::unique_ptr<Session> session, Metrics& metrics,
                   std::vector<std::string> classes)
    : name_(std::move(name)),
      version_(version),
      session_(std::move(session)),
      inputs_(session_->inputs()),
      outputs_(session_->outputs()),
      classes_(std::move(classes)),
      metrics_(metrics, name_, std::to_string(version_)) {}

Result<std::shared_ptr<Servable>> Servable::create(std::string name, int64_t version, std::unique_ptr<Session> session,
                                                   const ServingContext& context, std::vector<std::string> classes) {
  std::shared_ptr<Servable> servable(
      new Servable(std::move(name), version, std::move(session), *context.metrics, std::move(classes)));
  Result<WarmUp> warm = warm_up(*servable->session_, context.batch.max_rows, *context.clock);
  if (!warm.ok()) {
    return warm.status().at(fmt::format("model {} version {} failed its warm-up run", servable->name_, version));
  }
  Session* engine = servable->session_.get();
  BatchingOptions batch = context.batch;
  batch.max_rows = warm->max_rows;
  servable->batcher_ =
      std::make_unique<Batcher>([engine](std::span<const Tensor> inputs) { return engine->run(inputs); }, warm->batches,
                                batch, context.workers, context.clock, context.batch_metrics);
  servable->batcher_->set_mean_run_ns(warm->one_row_ns);
  return servable;
}

}  // namespace slipway
