// Rollback and recipes by the store.
#include "repair/store_actions.h"

#include <fmt/format.h>

namespace slipway {

Result<int64_t> StoreActions::roll_back(const std::string& model, int64_t version, const std::string& reason) {
  const ModelState state = TRY(store_.state(model));
  if (state.production != version) {
    return failed_precondition(fmt::format("{}: version {} was to be rolled back, but version {} is production now",
                                           model, version, state.production));
  }
  Result<int64_t> to = store_.rollback(model, reason);
  const bool disk = !to.ok() && to.status().code() != Code::failed_precondition;
  if (!disk || source_ == nullptr) return to;
  Result<int64_t> in_memory = roll_back_in_memory(model, state, reason);
  return in_memory.ok() ? in_memory : to;
}

Result<int64_t> StoreActions::roll_back_in_memory(const std::string& model, const ModelState& state,
                                                  const std::string& reason) {
  for (int64_t candidate : rollback_candidates(state)) {
    if (!store_.verify(model, candidate).ok()) continue;
    source_->hold(model, state.production, candidate);
    held_[model] = {state.production, reason};
    return candidate;
  }
  return failed_precondition(fmt::format("{}: there is no good version to go back to", model));
}

Status StoreActions::restore(const std::string& model, int64_t version, int64_t instead) {
  if (auto held = held_.find(model); held != held_.end() && held->second.from == version) {
    held_.erase(held);
    source_->release(model);
    return {};
  }
  const ModelState state = TRY(store_.state(model));
  if (state.production != instead) {
    return failed_precondition(fmt::format("{}: version {} is production now", model, state.production));
  }
  return store_.promote(model, version, true);
}

Status StoreActions::settle() {
  Status refused;
  for (auto it = held_.begin(); it != held_.end();) {
    const auto& [model, held] = *it;
    Result<ModelState> state = store_.state(model);
    // Another version may have been published, or promoted, in the meantime.
    const bool still = state.ok() && state->production == held.from;
    Status written = !state.ok() ? state.status() : still ? store_.rollback(model, held.reason).status() : Status();
    if (!written.ok()) {
      refused = written;
      ++it;
      continue;
    }
    source_->release(model);
    it = held_.erase(it);
  }
  return refused;
}

std::string StoreActions::recipe(const std::string& model, int64_t version) {
  auto manifest = store_.manifest(model, version);
  return manifest.ok() ? manifest->lineage.recipe : "";
}

}  // namespace slipway
