// DataKindCard: the card of one kind of data that a recipe can name; src/data/kinds/<name>.cc holds how it is known and
// loaded.
#pragma once

#include <array>
#include <filesystem>

#include "base/cards.h"
#include "data/source.h"

namespace slipway {

struct DataKindCard {
  const char* name;
  const char* doc;                        // one sentence: what `path` is
  const char* example = "";               // what an example is
  const char* label = "";                 // and its label
  std::array<const char*, 24> keys = {};  // what [data] of a recipe takes beside the keys of every kind
  // How a path is known to be of this kind, asked in this order.
  std::array<const char*, 2> files_in_folder = {};            // a folder that holds one of these files
  std::array<const char*, 4> endings = {};                    // of a file, in front of .gz
  std::array<const char*, 4> class_files = {};                // endings of files in a folder's folders, in lower case
  bool (*otherwise)(const std::filesystem::path&) = nullptr;  // a path that nothing of that says anything of
  // As load_dataset(), whose checks follow.
  Result<DataPair> (*load)(const DataSource& source);
};

// Every kind. Frozen, thread-safe.
const Cards<DataKindCard>& all_data_kinds();

}  // namespace slipway

// Opens the card of src/data/kinds/<id>.cc: DATA_KIND(csv) = {.name = "csv", …};
#define DATA_KIND(id)                                  \
  extern const ::slipway::DataKindCard data_kind_##id; \
  const ::slipway::DataKindCard data_kind_##id
