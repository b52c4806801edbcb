// Which numbers an epoch has.
#include "train/callbacks/monitored.h"

#include <algorithm>

#include <fmt/format.h>

#include "train/callbacks.h"
#include "train/losses.h"

namespace slipway::train {

namespace {

// Whether an epoch of the run has a number called `monitor`.
bool measures(const Recipe& recipe, std::string_view monitor) {
  const bool validation = monitor.starts_with("val_");
  if (validation) monitor.remove_prefix(4);
  if (monitor == "loss" || (monitor == "accuracy" && classifies(recipe.trainer.training.loss))) return true;
  return validation && std::ranges::find(recipe.trainer.metrics, monitor) != recipe.trainer.metrics.end();
}

}  // namespace

void check_monitor(Section& section, const std::string& monitor, const Recipe& recipe) {
  if (Status known = greater_is_better(monitor).status(); !known.ok()) section.fail("monitor", known.message());
  if (monitor.starts_with("val_") && recipe.validation_split == 0) {
    section.fail("monitor", "needs data.validation_split above 0");
  }
  if (measures(recipe, monitor)) return;
  section.fail("monitor", fmt::format("\"{}\" is not measured by this run; {}", monitor,
                                      monitor.starts_with("val_")
                                          ? "name it in train.metrics"
                                          : "while training only the loss and, of classifiers, the accuracy are"));
}

}  // namespace slipway::train
