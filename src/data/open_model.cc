// From a path to a model.
#include "data/open_model.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"
#include "formats/format.h"
#include "formats/onnx.h"
#include "store/store.h"

namespace slipway {

namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Names of the models where `folder` is a store.
std::vector<std::string> models_in(const fs::path& folder) {
  const Result<Store> store = Store::open(folder);
  Result<std::vector<std::string>> models =
      store.ok() ? store->models() : Result<std::vector<std::string>>(store.status());
  return models.ok() ? *std::move(models) : std::vector<std::string>();
}

Result<Graph> read_version(const Store& store, const std::string& name, int64_t version) {
  return read_onnx(TRY(store.read(name, version, "model.onnx")), store.path(name, version));
}

Result<Graph> read_folder(const fs::path& folder) {
  if (is_file(folder / "manifest.json")) {
    Store store = TRY(Store::open(folder.parent_path().parent_path()));
    const std::string version = folder.filename().string();
    return read_version(store, folder.parent_path().filename().string(), std::atoll(version.c_str()));
  }
  if (is_file(folder / "state.json")) {
    Store store = TRY(Store::open(folder.parent_path()));
    const std::string name = folder.filename().string();
    int64_t production = TRY(store.state(name)).production;
    if (production == 0) {
      return failed_precondition("no version of the model is in production; give a version's folder or promote one");
    }
    return read_version(store, name, production);
  }
  if (is_file(folder / "model.onnx")) return read_model(folder / "model.onnx");
  const std::vector<std::string> models = models_in(folder);
  if (models.empty()) {
    return invalid("Is a directory; a file is expected, or a model's or a version's folder in a store");
  }
  return not_found(fmt::format("is a store; say which model is meant: {}", fmt::join(models, ", ")));
}

// For a path that is not there, within a store: what is.
Status not_there(const fs::path& path, const Status& status) {
  const std::string wanted = path.filename().string();
  const std::vector<std::string> models = models_in(path.parent_path());
  if (!models.empty()) {
    return not_found(fmt::format("{}: the store {} has no model \"{}\"{}", path.string(), path.parent_path().string(),
                                 wanted, did_you_mean(wanted, models, "it has")));
  }
  if (!is_file(path.parent_path() / "state.json")) return status;
  const Result<Store> store = Store::open(path.parent_path().parent_path());
  const std::string name = path.parent_path().filename().string();
  const Result<std::vector<int64_t>> versions =
      store.ok() ? store->versions(name) : Result<std::vector<int64_t>>(store.status());
  if (!versions.ok()) return status;
  return not_found(fmt::format("{}: model \"{}\" has no version {}; it has {}", path.string(), name, wanted,
                               fmt::join(*versions, ", ")));
}

// Whether a message says where already. A short path may stand in a word of it by chance.
bool names(const std::string& message, const std::string& path) {
  return message.find(path + ":") != std::string::npos || message.find(path + "/") != std::string::npos;
}

}  // namespace

Result<Graph> open_model(const fs::path& path) {
  std::error_code ignored;
  fs::path whole = fs::absolute(path).lexically_normal();
  if (whole.filename().empty()) whole = whole.parent_path();  // a slash at the end
  Result<Graph> model = fs::is_directory(whole, ignored) ? read_folder(whole) : read_model(path);
  if (!model.ok() && !fs::exists(whole, ignored)) return not_there(path, model.status());
  return model.ok() || names(model.status().message(), path.string()) ? std::move(model)
                                                                      : Result<Graph>(model.status().at(path.string()));
}

}  // namespace slipway
