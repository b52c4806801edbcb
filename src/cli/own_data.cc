// Own data: reads what a path holds as raw data of the model, or leaves it to whoever reads values.
#include "cli/own_data.h"

#include <algorithm>
#include <filesystem>

namespace slipway {

namespace {

namespace fs = std::filesystem;

bool is_array(const fs::path& path) {
  const fs::path name = path.extension() == ".gz" ? path.stem() : path;
  const std::string ending = name.extension().string();
  return ending == ".npy" || ending == ".npz" || ending == ".pb";
}

bool holds_arrays(const fs::path& folder) {
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    if (is_array(entries->path())) return true;
  }
  return false;
}

bool are_values(const std::vector<std::string>& words) {
  std::error_code ignored;
  if (words.size() != 1) return true;
  if (!fs::exists(words[0], ignored)) return words[0].find('=') != std::string::npos;
  return fs::is_directory(words[0], ignored) ? holds_arrays(words[0]) : is_array(words[0]);
}

}  // namespace

Result<std::optional<PreparedData>> own_data(const Graph& model, const std::vector<std::string>& words) {
  const std::optional<Preparation> preparation = TRY(preparation_of(model));
  if (!preparation || preparation->front.outputs.empty() || preparation->kind == kArraysKind || are_values(words)) {
    return std::optional<PreparedData>();
  }
  const RawModel predictor = TRY(RawModel::create(model));
  return std::optional(TRY(prepared_data(predictor, words[0])));
}

}  // namespace slipway
