// Actions: what remedies may do to the world. An interface, so that tests can stand in for the store.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace slipway {

class Actions {
 public:
  virtual ~Actions() = default;
  // Makes the last good version production and rejects `version`; returns the version that is production now.
  // failed_precondition when `version` is not production (somebody was faster) or there is none to go back to.
  virtual Result<int64_t> roll_back(const std::string& model, int64_t version, const std::string& reason) = 0;
  // The recipe a version was trained with; "" when it is not known.
  virtual std::string recipe(const std::string& model, int64_t version) = 0;
};

}  // namespace slipway
