// Training anew on inputs like those that come now. Never by itself: somebody has to label them.
#include <fmt/format.h>

#include "repair/remedy.h"

namespace slipway {

namespace {

bool applies(const Cause& cause, const VersionFacts& facts) { return facts.has_baseline && !cause.features.empty(); }

std::string proposal(const Cause& cause, Actions& actions) {
  std::string text = fmt::format("{}. Either mend what clients send, or train {} again with such inputs in the data",
                                 cause.summary, cause.model);
  const bool known = !actions.recipe(cause.model, cause.version).empty();
  return text + (known ? fmt::format(": slipway train STORE/{}/{}/recipe.toml", cause.model, cause.version) : "");
}

Result<Json> act(const Cause& cause, Actions& actions) {
  return Json::object({{"proposal", proposal(cause, actions)}, {"features", Json::array_of(cause.features)}});
}

}  // namespace

REMEDY(propose_retrain) = {
    .name = "propose_retrain",
    .doc = "Asks for training on data like the inputs that come now, naming the features that shifted.",
    .treats = CauseKind::shifted_input,
    .policy = {.automatic = false, .min_confidence = 0.6, .confirmations = 2},
    .applies = applies,
    .proposal = proposal,
    .act = act,
};

}  // namespace slipway
