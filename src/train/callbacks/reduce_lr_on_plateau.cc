// A lower learning rate where nothing improves.
#include "train/callbacks/callback_card.h"
#include "train/callbacks/monitored.h"

namespace slipway::train {

namespace {

constexpr Field<ReduceOnPlateau> kFields[] = {
    {"monitor", &ReduceOnPlateau::monitor},           {"factor", &ReduceOnPlateau::factor, 0, 1},
    {"patience", &ReduceOnPlateau::patience, 1, 1e9}, {"min_delta", &ReduceOnPlateau::min_delta, 0, 1e9},
    {"cooldown", &ReduceOnPlateau::cooldown, 0, 1e9}, {"min_lr", &ReduceOnPlateau::min_lr, 0, 1e6},
};

std::vector<OptionText> options() { return option_texts(std::span<const Field<ReduceOnPlateau>>(kFields)); }

Status read(Section& callbacks, Recipe& recipe) {
  return read_monitored<ReduceOnPlateau>(callbacks, "reduce_lr_on_plateau", kFields, recipe,
                                         recipe.fit.callbacks.reduce_lr_on_plateau);
}

class PlateauCallback final : public Callback {
 public:
  PlateauCallback(const ReduceOnPlateau& options, bool greater, Trainer& trainer)
      : monitor_(options.monitor),
        plateau_(options, greater, trainer.options().training.optimizer.learning_rate),
        trainer_(trainer) {}
  Status on_epoch(const EpochResult& epoch, bool) override {
    trainer_.set_rate_factor(plateau_.see(epoch.epoch, TRY(metric_of(epoch, monitor_))));
    return {};
  }

 private:
  std::string monitor_;
  Plateau plateau_;
  Trainer& trainer_;
};

MadeCallback make(const CallbackOptions& o, Trainer& trainer, const Clock&) {
  if (!o.reduce_lr_on_plateau) return std::unique_ptr<Callback>();
  bool greater = TRY(greater_is_better(o.reduce_lr_on_plateau->monitor));
  return std::unique_ptr<Callback>(new PlateauCallback(*o.reduce_lr_on_plateau, greater, trainer));
}

}  // namespace

CALLBACK(reduce_lr_on_plateau) = {
    .name = "reduce_lr_on_plateau",
    .doc =
        "Multiplies the learning rate with `factor` when `monitor` has not improved by more than min_delta for "
        "`patience` epochs, then rests for `cooldown` epochs; min_lr bounds it from below.",
    .options = options,
    .read = read,
    .make = make,
};

}  // namespace slipway::train
