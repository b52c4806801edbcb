// Back to the last good version.
#include <fmt/format.h>

#include "repair/remedy.h"

namespace slipway {

namespace {

// Only the version that serves can be rolled back, and only when another one served before it.
bool applies(const Cause&, const VersionFacts& facts) { return facts.serving && facts.previous_version != 0; }

std::string proposal(const Cause& cause, Actions&) {
  return fmt::format("roll {} back from version {}: slipway store rollback STORE {}", cause.model, cause.version,
                     cause.model);
}

// Stays in the store beside the rejected version.
std::string reason_of(const Cause& cause) {
  return cause.evidence.empty() ? cause.summary : fmt::format("{}: {}", cause.summary, cause.evidence.front());
}

Result<Json> act(const Cause& cause, Actions& actions) {
  const int64_t to = TRY(actions.roll_back(cause.model, cause.version, reason_of(cause)));
  return Json::object({{"from", cause.version}, {"to", to}});
}

}  // namespace

REMEDY(rollback) = {
    .name = "rollback",
    .doc = "Makes the last good version production again and rejects the sick one.",
    .treats = CauseKind::bad_version,
    .policy = {.automatic = true, .proof = true, .min_confidence = 0.8, .confirmations = 2},
    .applies = applies,
    .proposal = proposal,
    .act = act,
};

}  // namespace slipway
