// The only file whose compile line knows absolute paths, so that a compiler cache serves every checkout.
#include "support/places.h"

#include <cstdlib>

namespace slipway {

std::filesystem::path source_folder() { return SLIPWAY_SOURCE_DIR; }

std::string program_path() { return SLIPWAY_PROGRAM; }

std::filesystem::path data_folder() {
  const char* data = std::getenv("SLIPWAY_DATA");
  return data != nullptr ? std::filesystem::path(data) : source_folder() / "../shared/data";
}

std::filesystem::path models_folder() { return data_folder() / "../models"; }

}  // namespace slipway
