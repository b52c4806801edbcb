// Images in a folder per class.
#pragma once

#include <cstdint>
#include <filesystem>

#include "data/class_folder.h"
#include "data/dataset.h"

namespace slipway {

struct ImageOptions {
  int64_t height = 32;
  int64_t width = 32;
  bool gray = false;  // one channel instead of red, green, blue
  BrokenFiles broken = BrokenFiles::refuse;
};

// inputs: uint8 [N, 1 or 3, height, width] with a scaling of 1/255, from .jpg, .jpeg and .png files; labels: the class
// folder, sorted by name; preparation: data/raw_fronts.h. Memory: the result and one
// decoded image per thread.
Result<DataPair> load_images(const std::filesystem::path& path, const std::filesystem::path& test_path,
                             double test_fraction, uint64_t seed, const ImageOptions& options);

}  // namespace slipway
