// The rules of retention.
#include "store/retention.h"

namespace slipway {

std::vector<int64_t> expendable(std::span<const DatedVersion> versions, const ModelState& state,
                                const RetentionRule& rule, int64_t now_us) {
  std::vector<int64_t> chosen;
  if (rule.keep <= 0 && !rule.older_than_us) return chosen;
  for (size_t i = 0; i < versions.size(); ++i) {
    const DatedVersion& version = versions[i];
    const bool newest = rule.keep > 0 && versions.size() - i <= static_cast<size_t>(rule.keep);
    const bool young = rule.older_than_us && now_us - version.created_us < *rule.older_than_us;
    const bool live = version.version == state.production || version.version == rollback_target(state);
    if (!newest && !young && !live) chosen.push_back(version.version);
  }
  return chosen;
}

}  // namespace slipway
