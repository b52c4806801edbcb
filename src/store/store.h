// Store: a folder of models in numbered versions, each complete, checksummed and immutable.
//
//   STORE/NAME/state.json            which version is production, the history, what was rejected (replaced atomically)
//   STORE/NAME/VERSION/manifest.json signature, metrics, lineage, SHA-256 of every other file
//   STORE/NAME/VERSION/model.onnx    and baseline.json, recipe.toml, … as published
//
// Publishing writes a hidden folder beside, syncs it, and renames it: kill -9 at any moment leaves a store that loads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "graph/port.h"

namespace slipway {

// How raw data becomes the model's input: y = (x * scale) + offset, per the training recipe.
struct Preprocessing {
  std::string kind;  // "", "image", "tabular"
  double scale = 1;
  double offset = 0;
};

struct Signature {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<std::string> classes;  // labels of the output's last dimension; may be empty
  Preprocessing preprocessing;
};

struct Lineage {
  std::string data_hash;  // SHA-256 of the training data, hex
  std::string recipe;     // text of the recipe
  int64_t parent = 0;     // the version this one was made from; 0: none
  std::string commit;     // of the recipe's repository; may be empty
  std::string made_by;    // "slipway train 0.1.0", …
};

struct Manifest {
  std::string name;
  int64_t version = 0;
  int64_t created_us = 0;
  std::string note;
  Signature signature;
  Json metrics = Json::object();  // {"accuracy": 0.978, …}
  Lineage lineage;
  std::map<std::string, std::string> files;  // file name -> SHA-256, hex
};

Json to_json(const Signature& signature);
Result<Signature> signature_from_json(const Json& json);
Json to_json(const Manifest& manifest);
Result<Manifest> manifest_from_json(const Json& json);

// What is live of one model.
struct ModelState {
  int64_t production = 0;                   // 0: none
  std::vector<int64_t> history;             // past production versions, oldest first, without the current one
  std::map<int64_t, std::string> rejected;  // version -> why it was rolled back
};

// A version ready to publish: files by name ("model.onnx" is required) and what the manifest says of them.
struct Draft {
  Signature signature;
  Json metrics = Json::object();
  Lineage lineage;
  std::string note;
  std::map<std::string, std::string> files;  // name -> bytes
};

// Thread-safe; several processes may use one store (writers of one model take turns by a lock file).
class Store {
 public:
  // `create`: make the folder when it is absent; otherwise not_found.
  static Result<Store> open(std::filesystem::path root, bool create = false);

  const std::filesystem::path& root() const { return root_; }

  // Sorted. Hidden folders and half-written ones are not there.
  Result<std::vector<std::string>> models() const;
  Result<std::vector<int64_t>> versions(const std::string& name) const;

  // The next number is one more than the highest ever used. `promote`: make it production at once.
  Result<int64_t> publish(const std::string& name, const Draft& draft, bool promote = true);

  // data_loss names the file whose checksum is wrong, which was expected and which was found.
  Status verify(const std::string& name, int64_t version) const;
  Result<Manifest> manifest(const std::string& name, int64_t version) const;
  // One file's bytes, checked against its checksum.
  Result<std::string> read(const std::string& name, int64_t version, const std::string& file) const;
  std::filesystem::path path(const std::string& name, int64_t version) const;

  Result<ModelState> state(const std::string& name) const;
  // Makes a version production after verifying it. A rejected version needs `force`.
  Status promote(const std::string& name, int64_t version, bool force = false);
  // Back to the newest version of the history that verifies and was not rejected; the current one is rejected with
  // `reason`. Returns the version that is production now. failed_precondition when there is none to go back to.
  Result<int64_t> rollback(const std::string& name, const std::string& reason);

 private:
  explicit Store(std::filesystem::path root) : root_(std::move(root)) {}
  std::filesystem::path root_;
};

}  // namespace slipway
