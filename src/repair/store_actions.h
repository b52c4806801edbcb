// StoreActions: Actions on the model store.
#pragma once

#include "repair/actions.h"
#include "store/store.h"

namespace slipway {

class StoreActions final : public Actions {
 public:
  // `store` outlives it.
  explicit StoreActions(Store& store) : store_(store) {}
  Result<int64_t> roll_back(const std::string& model, int64_t version, const std::string& reason) override;
  std::string recipe(const std::string& model, int64_t version) override;

 private:
  Store& store_;
};

}  // namespace slipway
