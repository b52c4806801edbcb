// A store's state as the manager wants it, and a version's bytes as a session.
#include "serve/store_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "formats/onnx.h"
#include "ops/ml.h"

namespace slipway {

Result<std::vector<std::string>> StoreSource::models() { return store_.models(); }

namespace {

// When the manifest was written, and its size: publishing writes it once.
std::string mark_of(const std::filesystem::path& version) {
  struct stat info {};
  if (::stat((version / "manifest.json").c_str(), &info) != 0) return {};
  return fmt::format("{}.{:09} {}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size);
}

// Requests and replies hold tensors.
Status refuse_no_tensors(const Session& session) {
  for (const auto& [kind, ports] : {std::pair("input", session.inputs()), std::pair("output", session.outputs())}) {
    for (const Port& port : ports) {
      if (is_tensor(port.dtype) && port.dtype != DType::undefined) continue;
      return unsupported(fmt::format("{} \"{}\" is of type {}; a served model takes and gives tensors", kind, port.name,
                                     dtype_name(port.dtype)));
    }
  }
  return {};
}

}  // namespace

Result<PublishedModel> StoreSource::published(const std::string& model) {
  ModelState state = TRY(store_.state(model));
  PublishedModel published{.versions = TRY(store_.versions(model)),
                           .production = state.production,
                           .history = state.history,
                           .rejected = {},
                           .missing = {},
                           .marks = {}};
  for (int64_t version : published.versions) {
    if (std::string mark = mark_of(store_.path(model, version)); !mark.empty()) published.marks[version] = mark;
  }
  // One that lost its manifest is still asked for, so that somebody says why it is not served.
  bool damaged =
      state.production != 0 && std::ranges::find(published.versions, state.production) == published.versions.end();
  if (damaged) published.versions.push_back(state.production);
  std::error_code ignored;
  if (damaged && !std::filesystem::exists(store_.path(model, state.production), ignored)) {
    published.missing.insert(state.production);
  }
  std::ranges::sort(published.versions);
  for (const auto& [version, reason] : state.rejected) published.rejected.insert(version);
  std::lock_guard lock(mutex_);
  if (auto held = held_.find(model); held != held_.end() && held->second.from == published.production) {
    published.rejected.insert(held->second.from);
    std::erase(published.history, held->second.to);
    published.history.push_back(held->second.from);
    published.production = held->second.to;
  }
  return published;
}

void StoreSource::hold(const std::string& model, int64_t from, int64_t to) {
  std::lock_guard lock(mutex_);
  held_[model] = {from, to};
}

void StoreSource::release(const std::string& model) {
  std::lock_guard lock(mutex_);
  held_.erase(model);
}

ModelLoader store_loader(Store store, SessionOptions options) {
  return [store = std::move(store), options](const std::string& model, int64_t version) -> Result<LoadedModel> {
    RETURN_IF_ERROR(store.verify(model, version));
    Manifest manifest = TRY(store.manifest(model, version));
    std::string bytes = TRY(store.read(model, version, "model.onnx"));
    Graph graph = TRY(read_onnx(bytes, store.path(model, version)));
    bytes = {};
    LoadedModel loaded{.session = nullptr, .classes = std::move(manifest.signature.classes)};
    loaded.rows = std::make_shared<const RowAnalysis>(graph);
    if (loaded.classes.empty()) loaded.classes = ops::zip_map_labels(graph);
    const std::optional<Preparation> carried = TRY(preparation_of(graph));
    Preparation preparation = carried ? *carried : Preparation();
    if (preparation.classes.empty()) preparation.classes = loaded.classes;
    if (preparation.kind != kArraysKind) loaded.front = TRY(Front::create(graph, options));
    loaded.meaning = answer_meaning(graph, preparation);
    loaded.session = TRY(Session::create(std::move(graph), options));
    RETURN_IF_ERROR(refuse_no_tensors(*loaded.session));
    return loaded;
  };
}

}  // namespace slipway
