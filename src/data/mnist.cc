// MNIST folders.
#include "data/mnist.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "data/idx.h"

namespace slipway {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kClasses = 10;

// "train-images-idx3-ubyte" under any of the spellings in use.
std::optional<fs::path> find_file(const fs::path& folder, const std::string& part, int rank) {
  for (const char* separator : {"-", "."}) {
    for (const char* suffix : {"", ".gz"}) {
      fs::path path = folder / fmt::format("{}{}idx{}-ubyte{}", part, separator, rank, suffix);
      std::error_code ignored;
      if (fs::is_regular_file(path, ignored)) return path;
    }
  }
  return std::nullopt;
}

Result<fs::path> require_file(const fs::path& folder, const std::string& part, int rank) {
  std::optional<fs::path> path = find_file(folder, part, rank);
  if (path) return *path;
  return not_found(
      fmt::format("{}: expected a file {}-idx{}-ubyte or the same with .gz; MNIST is a folder with "
                  "train-images, train-labels, t10k-images and t10k-labels",
                  folder.string(), part, rank));
}

Result<Dataset> load_part(const fs::path& folder, const std::string& part, std::string name) {
  fs::path images = TRY(require_file(folder, part + "-images", 3));
  fs::path labels = TRY(require_file(folder, part + "-labels", 1));
  return load_idx_pair(images, labels, kClasses, std::move(name));
}

}  // namespace

bool has_mnist(const fs::path& folder) {
  return find_file(folder, "train-images", 3) && find_file(folder, "train-labels", 1) &&
         find_file(folder, "t10k-images", 3) && find_file(folder, "t10k-labels", 1);
}

Result<Dataset> load_idx_pair(const fs::path& images, const fs::path& labels, int64_t classes, std::string name) {
  Dataset data;
  data.name = std::move(name);
  data.inputs = TRY(load_idx(images));
  if (data.inputs.dtype() == DType::u8) {
    data.scaling.scale = {1.f / 255};
  } else {
    data.inputs = data.inputs.cast(DType::f32);
  }
  Tensor found = TRY(load_idx(labels));
  if (is_float(found.dtype()) || found.rank() != 1) {
    return invalid(fmt::format("{}: expected labels as integers [N], found {}; are images and labels exchanged?",
                               labels.string(), to_string(found.type())));
  }
  data.labels = found.cast(DType::i64);
  if (classes == 0) {
    for (int64_t label : data.labels.data<int64_t>()) classes = std::max(classes, label + 1);
  }
  for (int64_t i = 0; i < classes; ++i) data.classes.push_back(fmt::format("{}", i));
  RETURN_IF_ERROR(check(data));
  return data;
}

Result<DataPair> load_mnist(const fs::path& folder) {
  DataPair pair;
  pair.train = TRY(load_part(folder, "train", "MNIST train"));
  pair.test = TRY(load_part(folder, "t10k", "MNIST test"));
  if (pair.train.example_shape() != pair.test.example_shape()) {
    return invalid(fmt::format("{}: expected images of one size, found {} for training and {} for testing",
                               folder.string(), to_string(std::span<const int64_t>(pair.train.example_shape())),
                               to_string(std::span<const int64_t>(pair.test.example_shape()))));
  }
  pair.source = "MNIST in " + folder.string();
  return pair;
}

}  // namespace slipway
