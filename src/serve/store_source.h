// A model store as the source and loader of a server.
#pragma once

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

 private:
  const Store store_;
};

// Verifies every byte of a version against its checksums, reads model.onnx and makes a session of it.
ModelLoader store_loader(Store store, SessionOptions options);

}  // namespace slipway
