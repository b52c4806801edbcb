// Servable: assembly of a version and its per-endpoint series.
#include "serve/servable.h"

#include <fmt/format.h>

namespace slipway {

Servable::Servable(std::string name, int64_t version, LoadedModel model, ServerMetrics& metrics)
    : name_(std::move(name)),
      version_(version),
      session_(std::move(model.session)),
      rows_(std::move(model.rows)),
      inputs_(session_->inputs()),
      outputs_(session_->outputs()),
      classes_(std::move(model.classes)),
      front_(std::move(model.front)),
      meaning_(std::move(model.meaning)),
      metrics_(metrics, name_, std::to_string(version_)) {}

Result<std::shared_ptr<Servable>> Servable::create(std::string name, int64_t version, LoadedModel model,
                                                   const ServingContext& context) {
  std::shared_ptr<Servable> servable(new Servable(std::move(name), version, std::move(model), *context.metrics));
  Result<WarmUp> warm = warm_up(*servable->session_, servable->rows_.get(), context.batch.max_rows, *context.clock);
  if (!warm.ok()) {
    return warm.status().at(fmt::format("model {} version {} failed its warm-up run", servable->name_, version));
  }
  if (!warm->refusal.ok()) {
    servable->notes_.push_back(
        fmt::format("it refuses made-up inputs, so it was not warmed up: {}", warm->refusal.message()));
  }
  if (!warm->alone.empty()) servable->notes_.push_back(fmt::format("requests run one by one: {}", warm->alone));
  Session* engine = servable->session_.get();
  BatchingOptions batch = context.batch;
  batch.max_rows = warm->max_rows;
  servable->batcher_ =
      std::make_unique<Batcher>([engine](std::span<const Tensor> inputs) { return engine->run(inputs); }, warm->batches,
                                batch, context.workers, context.clock, context.batch_metrics);
  servable->batcher_->set_mean_run_ns(warm->one_row_ns);
  return servable;
}

Status Servable::check(std::span<const Tensor> inputs) const {
  RETURN_IF_ERROR(check_inputs(inputs_, inputs));
  return rows_ != nullptr ? rows_->check_rows(inputs) : Status();
}

std::shared_ptr<const RowProof> Servable::sharing(std::span<const Tensor> inputs) const {
  if (!batcher_->batches()) return nullptr;
  std::shared_ptr<const RowProof> proof = rows_->prove(inputs);
  return proof->proved && rows_->check_rows(inputs).ok() ? proof : nullptr;
}

}  // namespace slipway
