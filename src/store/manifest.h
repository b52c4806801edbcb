// Manifest: what a published version says of itself, and its spelling as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "graph/port.h"

namespace slipway {

// Of the tensors that a model takes and gives; how raw data becomes them stands in the model's file.
struct Signature {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<std::string> classes;  // labels of the output's last dimension; may be empty
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
  int64_t created_us = 0;  // since the epoch
  std::string note;
  Signature signature;
  Json metrics = Json::object();  // {"accuracy": 0.978, …}
  Lineage lineage;
  std::map<std::string, std::string> files;  // file name -> SHA-256, hex
};

// A port is {"name", "dtype", "shape"}: a size, a "symbol" or null per dimension; shape null when the rank is unknown.
Json to_json(const Signature& signature);
Json to_json(const Manifest& manifest);

// Errors name the member, what was expected there and what was found.
Result<Signature> signature_from_json(const Json& json);
Result<Manifest> manifest_from_json(const Json& json);

}  // namespace slipway
