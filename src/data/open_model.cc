// From a path to a model.
#include "data/open_model.h"

#include <cstdlib>

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
  return not_found("expected a model file, or a model's or a version's folder in a store, found neither");
}

}  // namespace

Result<Graph> open_model(const fs::path& path) {
  std::error_code ignored;
  fs::path whole = fs::absolute(path).lexically_normal();
  if (whole.filename().empty()) whole = whole.parent_path();  // a slash at the end
  Result<Graph> model = fs::is_directory(whole, ignored) ? read_folder(whole) : read_model(path);
  bool named = model.ok() || model.status().message().starts_with(path.string());
  return named ? std::move(model) : Result<Graph>(model.status().at(path.string()));
}

}  // namespace slipway
