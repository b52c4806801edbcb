// Store: a folder of models in numbered versions, each complete, checksummed and immutable.
//
//   STORE/NAME/state.json               which version is production, the history, what was rejected (replaced
//   atomically) STORE/NAME/VERSION/manifest.json    signature, metrics, lineage, SHA-256 of every other file
//   STORE/NAME/VERSION/manifest.sha256  SHA-256 of the manifest, as sha256sum writes it
//   STORE/NAME/VERSION/model.onnx       and baseline.json, recipe.toml, … as published
//
// Publishing writes a hidden folder beside, syncs it, and renames it: kill -9 at any moment leaves a store that loads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "store/manifest.h"
#include "store/model_state.h"

namespace slipway {

// A version ready to publish: files by name ("model.onnx" is required) and what the manifest says of them.
struct Draft {
  Signature signature;
  Json metrics = Json::object();
  Lineage lineage;
  std::string note;
  std::map<std::string, std::string> files;  // name -> bytes
  int64_t created_us = 0;                    // since the epoch; 0: when it is published
};

// Thread-safe; several processes may use one store (writers of one model take turns by a lock file).
// Names of models and files are of [A-Za-z0-9._-], at most 128 of them, and do not begin with a dot.
class Store {
 public:
  // `create`: make the folder when it is absent; otherwise not_found.
  static Result<Store> open(std::filesystem::path root, bool create = false);

  const std::filesystem::path& root() const { return root_; }

  // Whether publish() would take the name.
  static Status check_model_name(std::string_view name);

  // Sorted. Hidden folders and half-written ones are not there.
  Result<std::vector<std::string>> models() const;
  Result<std::vector<int64_t>> versions(const std::string& name) const;

  // The next number is one more than the highest ever used. `promote`: make it production at once.
  Result<int64_t> publish(const std::string& name, const Draft& draft, bool promote = true);

  // Checks every byte: data_loss names the file whose checksum is wrong, which was expected and which was found, a file
  // that is missing, or one that was not published.
  Status verify(const std::string& name, int64_t version) const;
  // Checked against manifest.sha256.
  Result<Manifest> manifest(const std::string& name, int64_t version) const;
  // One file's bytes, checked against the checksum in the checked manifest.
  Result<std::string> read(const std::string& name, int64_t version, const std::string& file) const;
  std::filesystem::path path(const std::string& name, int64_t version) const;

  Result<ModelState> state(const std::string& name) const;
  // Makes a version production after verifying it. A rejected version needs `force`.
  Status promote(const std::string& name, int64_t version, bool force = false);
  // Back to the newest version of the history that verifies and was not rejected; the current one is rejected with
  // `reason`. Returns the version that is production now. failed_precondition when there is none to go back to.
  Result<int64_t> rollback(const std::string& name, const std::string& reason);
  // Deletes a version for good; its number is never given out again. failed_precondition for the one in production and
  // the one that a rollback would go to, unless `force`; then none is production until one is promoted.
  Status remove(const std::string& name, int64_t version, bool force = false);

 private:
  explicit Store(std::filesystem::path root) : root_(std::move(root)) {}

  Status check_model(const std::string& name) const;
  Status check_version(const std::string& name, int64_t version) const;
  Result<Manifest> checked_manifest(const std::string& name, int64_t version) const;
  Result<ModelState> read_state(const std::string& name) const;
  Status write_state(const std::string& name, const ModelState& state);
  Status write_version(const std::string& name, int64_t version, const Draft& draft);

  std::filesystem::path root_;
};

}  // namespace slipway
