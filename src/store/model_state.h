// ModelState: which version of a model is production, and how promotion and rollback change that. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace slipway {

// What is live of one model.
struct ModelState {
  int64_t production = 0;                   // 0: none
  std::vector<int64_t> history;             // past production versions, last one last, without the current one
  std::map<int64_t, std::string> rejected;  // version -> why it was rolled back
  int64_t highest = 0;                      // the highest number ever given out; never given out again
  int64_t since_us = 0;                     // when production became production, since the epoch; 0: not known
  std::set<int64_t> trusted;                // made production though they had been rejected: people have decided
};

// `version` is production, the one before it is the end of the history. A rejection of it is forgotten, and makes it
// trusted.
ModelState promoted(ModelState state, int64_t version);

// The version that production replaced and may go back to; 0: none.
int64_t predecessor(const ModelState& state);

// Where a rollback may go, best first: the history from its end, without what was rejected.
std::vector<int64_t> rollback_candidates(const ModelState& state);

// The first of rollback_candidates(); 0: none.
int64_t rollback_target(const ModelState& state);

// `version` is gone: nothing but `highest` remembers it. None is production where it was.
ModelState without(ModelState state, int64_t version);

// `to` is production, the current one is rejected with `reason`. Requires: state.production != 0.
ModelState rolled_back(ModelState state, int64_t to, std::string reason);

Json to_json(const ModelState& state);
// Errors name the member, what was expected and what was found.
Result<ModelState> model_state_from_json(const Json& json);

}  // namespace slipway
