// VersionChange: what a server tells those who watch it about the versions of a model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slipway {

// Another version of a model answers, or one was loaded or unloaded.
struct VersionChange {
  std::string model;
  int64_t serving = 0;          // the version that answers requests without a version from now on; 0: none
  std::vector<int64_t> loaded;  // all versions that can be asked, ascending
  bool operator==(const VersionChange&) const = default;
};

}  // namespace slipway
