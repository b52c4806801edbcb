// MNIST and its kin (Fashion-MNIST, KMNIST): a folder of four IDX files under the names MNIST gave them.
#pragma once

#include <filesystem>

#include "data/dataset.h"

namespace slipway {

// Whether the folder holds all four files, each gzipped or not, named like train-images-idx3-ubyte or
// train-images.idx3-ubyte.
bool has_mnist(const std::filesystem::path& folder);

// Images as uint8 [N, 28, 28] with a scaling of 1/255, classes "0" to "9". Errors name the file that is missing or odd.
Result<DataPair> load_mnist(const std::filesystem::path& folder);

// Images uint8 or float32 [N, ...] and labels [N] from two IDX files; as many classes as `classes`, or as the labels
// use when that is 0.
Result<Dataset> load_idx_pair(const std::filesystem::path& images, const std::filesystem::path& labels, int64_t classes,
                              std::string name);

}  // namespace slipway
