// StoreActions: Actions on the model store. Where the store's disk refuses to be written, what serves is changed all
// the same, in memory, and written once it can be.
#pragma once

#include <map>

#include "repair/actions.h"
#include "serve/store_source.h"
#include "store/store.h"

namespace slipway {

class StoreActions final : public Actions {
 public:
  // Both outlive it. `source`: what the server asks which version to serve; nullptr: nothing can be changed in memory.
  explicit StoreActions(Store& store, StoreSource* source = nullptr) : store_(store), source_(source) {}
  Result<int64_t> roll_back(const std::string& model, int64_t version, const std::string& reason) override;
  Status restore(const std::string& model, int64_t version, int64_t instead) override;
  Status settle() override;
  std::string recipe(const std::string& model, int64_t version) override;

 private:
  struct Held {
    int64_t from = 0;
    std::string reason;
  };
  Result<int64_t> roll_back_in_memory(const std::string& model, const ModelState& state, const std::string& reason);

  Store& store_;
  StoreSource* source_;
  std::map<std::string, Held> held_;  // rollbacks that the store does not know of yet
};

}  // namespace slipway
