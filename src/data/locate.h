// Finding digits to learn from: what was asked for, else what is near, else the network, else the generator.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/download.h"

namespace slipway {

// Where to look. Tests replace every part; system_places() is what the program uses.
struct Places {
  std::filesystem::path asked;        // --data; empty: not given
  std::filesystem::path environment;  // $SLIPWAY_DATA; empty: not set
  std::filesystem::path neighbour = "../shared/data";
  std::optional<RemoteFolder> remote;  // nullopt: no download
  std::filesystem::path cache;         // downloads are kept in cache/mnist
};

Places system_places(std::filesystem::path asked = {});

// Where digits were found.
struct Location {
  std::filesystem::path folder;     // with MNIST's files; empty: nowhere, generate them
  std::vector<std::string> passed;  // the places before it and why each was passed, for the report
};

// The first of: asked, environment, neighbour (each the folder itself or its subfolder mnist), the download.
// Error only when `asked` is given and has no MNIST: who names a folder does not want another.
Result<Location> locate_mnist(const Places& places);

// MNIST from where it was found, else generated digits; `source` says which, and why not the places before it.
Result<DataPair> load_digits(const Places& places);

}  // namespace slipway
