// Retention: which versions of a model a store need not keep. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "store/model_state.h"

namespace slipway {

struct RetentionRule {
  int64_t keep = 0;                      // the newest so many stay; 0: no such rule
  std::optional<int64_t> older_than_us;  // what is younger stays; nullopt: no such rule
};

struct DatedVersion {
  int64_t version = 0;
  int64_t created_us = 0;  // since the epoch
};

// Those that no rule keeps, ascending. The version in production and the one that a rollback would go to always stay;
// and everything, where there is no rule. `versions`: ascending.
std::vector<int64_t> expendable(std::span<const DatedVersion> versions, const ModelState& state,
                                const RetentionRule& rule, int64_t now_us);

}  // namespace slipway
