// Fine-tuning under masks.
#include "train/fine_tune.h"

namespace slipway::train {

Result<Graph> fine_tune(const Graph& model, const std::map<std::string, Tensor>& masks, const Dataset& data,
                        TrainerOptions options) {
  options.training.masks = masks;
  auto trainer = TRY(Trainer::create(model, data, std::nullopt, options));
  for (int64_t epoch = 0; epoch < options.epochs; ++epoch) RETURN_IF_ERROR(trainer->run_epoch().status());
  return trainer->model();
}

}  // namespace slipway::train
