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
  // Undoes a rollback that did not help: `version` is production again and no longer rejected, unless another than
  // `instead` is production by now (failed_precondition).
  virtual Status restore(const std::string& model, int64_t version, int64_t instead) = 0;
  // Tries again to write down what was done while the disk refused. Called often; cheap when there is nothing.
  virtual Status settle() { return {}; }
  // The recipe a version was trained with; "" when it is not known.
  virtual std::string recipe(const std::string& model, int64_t version) = 0;
};

}  // namespace slipway
