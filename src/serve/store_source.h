// A model store as the source and loader of a server.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "runtime/session.h"
#include "serve/model_manager.h"
#include "serve/server.h"
#include "store/store.h"

namespace slipway {

// Thread-safe.
class StoreSource final : public VersionSource {
 public:
  explicit StoreSource(Store store) : store_(std::move(store)) {}
  Result<std::vector<std::string>> models() override;
  Result<PublishedModel> published(const std::string& model) override;

  // Says of `model` that `to` is production and `from` rejected for as long as the store says that `from` is
  // production: a rollback that the store's disk refuses to note. Until release().
  void hold(const std::string& model, int64_t from, int64_t to);
  void release(const std::string& model);

 private:
  struct Held {
    int64_t from = 0, to = 0;
  };
  const Store store_;
  std::mutex mutex_;
  std::map<std::string, Held> held_;
};

// Verifies every byte of a version against its checksums, reads model.onnx and makes a session of it.
ModelLoader store_loader(Store store, SessionOptions options);

}  // namespace slipway
