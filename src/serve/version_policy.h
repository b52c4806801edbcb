// Which versions of a model to load, to unload and to serve: decided from what is published and what is held.
//
// Availability comes first, as in TensorFlow Serving's AvailabilityPreservingPolicy: the version that serves is never
// unloaded while it is published (one that was deleted is, whatever becomes of the requests), and a version that cannot
// be loaded changes nothing for those that are. The previous production version stays loaded, so that a rollback takes
// effect at once.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace slipway {

// TensorFlow Serving's ModelVersionStatus.State.
enum class VersionState { unknown = 0, start = 10, loading = 20, available = 30, unloading = 40, end = 50 };
// "AVAILABLE"
const char* state_name(VersionState state);

// What a source says of one model.
struct PublishedModel {
  std::vector<int64_t> versions;  // complete ones
  int64_t production = 0;         // 0: none
  std::vector<int64_t> history;   // past production versions, oldest first
  std::set<int64_t> rejected;     // rolled back; not to be served by default again
  std::set<int64_t> missing;      // of `versions`: deleted, and asked for all the same, so that somebody says so
  // By version, what tells its files from others that had its number before; those that are not here are not told
  // apart.
  std::map<int64_t, std::string> marks = {};

  // Whether there is anything of the version to be served.
  bool has(int64_t version) const;
};

// What the server has of one version.
struct HeldVersion {
  int64_t version = 0;
  VersionState state = VersionState::start;
  int failures = 0;         // loads that failed
  int64_t retry_at_ns = 0;  // when a failed load may be tried again
};

inline constexpr int kMaxLoadAttempts = 5;
// The pause after the n-th failure (n >= 1): 1 s, 2 s, 4 s, …
int64_t retry_pause_ns(int failures);

struct VersionPlan {
  int64_t serve = 0;            // the default version; 0: none can
  std::vector<int64_t> unload;  // held and not needed
  std::vector<int64_t> load;    // in order of urgency
  bool operator==(const VersionPlan&) const = default;
};

// Pure. `serving`: the default version until now, 0 when there is none.
VersionPlan plan_versions(const PublishedModel& published, std::span<const HeldVersion> held, int64_t serving,
                          int64_t now_ns);

}  // namespace slipway
