// From a path to a language model: model files, folders of a store.
#include <fmt/format.h>

#include "base/file.h"
#include "data/dataset.h"
#include "formats/format.h"
#include "formats/onnx.h"
#include "generate/language_model.h"
#include "store/store.h"

namespace slipway {

namespace {

namespace fs = std::filesystem;

struct Files {
  Graph graph;
  std::string preparation;  // JSON; empty: none
};

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

std::string metadata_of(const Graph& graph) {
  auto found = graph.metadata.find(kPreprocessingKey);
  return found == graph.metadata.end() ? "" : found->second;
}

Result<Files> read_file_and_neighbour(const fs::path& path) {
  Files files{TRY(read_model(path)), ""};
  files.preparation = metadata_of(files.graph);
  fs::path beside = path.parent_path() / kPreprocessingFile;
  if (files.preparation.empty() && is_file(beside)) files.preparation = TRY(read_file(beside));
  return files;
}

Result<Files> read_version(const Store& store, const std::string& name, int64_t version) {
  Files files{TRY(read_onnx(TRY(store.read(name, version, "model.onnx")))), ""};
  files.preparation = metadata_of(files.graph);
  Manifest manifest = TRY(store.manifest(name, version));
  if (manifest.files.contains(kPreprocessingFile)) {
    files.preparation = TRY(store.read(name, version, kPreprocessingFile));
  }
  return files;
}

// STORE/NAME/VERSION, STORE/NAME, or any folder with a model.onnx.
Result<Files> read_folder(const fs::path& folder) {
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
  if (is_file(folder / "model.onnx")) return read_file_and_neighbour(folder / "model.onnx");
  return not_found("expected a model file, or a model's or a version's folder in a store, found neither");
}

Result<LanguageModel> read(const fs::path& path, int threads) {
  std::error_code ignored;
  fs::path whole = fs::absolute(path).lexically_normal();
  if (whole.filename().empty()) whole = whole.parent_path();  // a slash at the end
  Files files = TRY(fs::is_directory(whole, ignored) ? read_folder(whole) : read_file_and_neighbour(path));
  Json preparation = files.preparation.empty() ? Json() : TRY(Json::parse(files.preparation));
  return LanguageModel::create(std::move(files.graph), preparation, threads);
}

}  // namespace

Result<LanguageModel> read_language_model(const fs::path& path, int threads) {
  Result<LanguageModel> model = read(path, threads);
  bool named = model.ok() || model.status().message().starts_with(path.string());
  return named ? std::move(model) : Result<LanguageModel>(model.status().at(path.string()));
}

}  // namespace slipway
