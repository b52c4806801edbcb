// Store on a file system: hidden folder, sync, rename; a lock file per model; checksums on every read.
#include "store/store.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/sha256.h"

namespace slipway {

namespace fs = std::filesystem;

namespace {

constexpr const char* kManifest = "manifest.json";
constexpr const char* kManifestHash = "manifest.sha256";
constexpr const char* kModel = "model.onnx";
constexpr const char* kState = "state.json";
constexpr const char* kLock = ".lock";
constexpr const char* kPublishing = ".publishing";
constexpr const char* kDeleted = ".deleted-";
constexpr size_t kLongestName = 128;
constexpr uint64_t kLargestManifest = uint64_t{64} << 20;

Status check_name(std::string_view what, std::string_view name) {
  auto allowed = [](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (!name.empty() && name.size() <= kLongestName && name[0] != '.' && std::ranges::all_of(name, allowed)) return {};
  return invalid(fmt::format("{} {}: expected 1 to {} of the characters A-Z a-z 0-9 . _ - without a leading dot", what,
                             json_quote(name.substr(0, kLongestName)), kLongestName));
}

// The number that `text` spells without sign or leading zero; 0 when it spells none.
int64_t version_number(std::string_view text) {
  int64_t version = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version <= 0 || text[0] == '0') return 0;
  return version;
}

// The names in a folder, sorted.
Result<std::vector<std::string>> list(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) names.push_back(it->path().filename().string());
  if (error) return unavailable(fmt::format("listing {}: {}", folder.string(), error.message()));
  std::ranges::sort(names);
  return names;
}

bool is_complete(const fs::path& version) {
  std::error_code ignored;
  return fs::is_regular_file(version / kManifest, ignored) && fs::is_regular_file(version / kManifestHash, ignored);
}

Status check_draft(const Draft& draft) {
  for (const auto& [file, bytes] : draft.files) {
    RETURN_IF_ERROR(check_name("file", file));
    if (file == kManifest || file == kManifestHash) {
      return invalid(fmt::format("file \"{}\": the store writes it itself; give it another name", file));
    }
  }
  if (!draft.files.contains(kModel)) {
    return invalid(fmt::format("a version needs a file \"{}\"; found {} other files", kModel, draft.files.size()));
  }
  return {};
}

Status check_hash(const fs::path& path, std::string_view expected, std::string_view bytes) {
  std::string found = sha256_hex(bytes);
  if (found == expected) return {};
  return data_loss(
      fmt::format("{}: expected SHA-256 {}, found {}; the file was changed after it was published: publish "
                  "the model again or roll back to another version",
                  path.string(), expected, found));
}

// A file that a complete version has: its absence is damage.
Result<std::string> read_part(const fs::path& path, uint64_t limit = uint64_t{1} << 36) {
  Result<std::string> bytes = read_file(path, limit);
  if (bytes.ok() || bytes.status().code() != Code::not_found) return bytes;
  return data_loss(
      fmt::format("{}: the file is missing; the version is half-written or was changed after it was "
                  "published: publish the model again or roll back to another version",
                  path.string()));
}

Result<Manifest> parse_manifest(std::string_view text) {
  Manifest manifest = TRY(manifest_from_json(TRY(Json::parse(text))));
  for (const auto& [file, hash] : manifest.files) RETURN_IF_ERROR(check_name("file", file));
  return manifest;
}

}  // namespace

Result<Store> Store::open(fs::path root, bool create) {
  std::error_code ignored;
  if (fs::exists(root, ignored) && !fs::is_directory(root, ignored)) {
    return invalid(fmt::format("store {}: expected a folder, found a file", root.string()));
  }
  if (!fs::is_directory(root, ignored)) {
    if (!create) {
      return not_found(fmt::format("store {}: there is no such folder; publish a model into it first", root.string()));
    }
    RETURN_IF_ERROR(make_directories(root));
  }
  return Store(std::move(root));
}

Status Store::check_model_name(std::string_view name) { return check_name("model", name); }

fs::path Store::path(const std::string& name, int64_t version) const { return root_ / name / std::to_string(version); }

Result<std::vector<std::string>> Store::models() const {
  std::vector<std::string> names = TRY(list(root_));
  std::vector<std::string> models;
  for (const std::string& name : names) {
    std::error_code ignored;
    if (!check_name("model", name).ok() || !fs::is_directory(root_ / name, ignored)) continue;
    Result<std::vector<int64_t>> found = versions(name);
    if (found.ok() && !found->empty()) models.push_back(name);
  }
  return models;
}

Result<std::vector<int64_t>> Store::versions(const std::string& name) const {
  RETURN_IF_ERROR(check_model(name));
  std::vector<std::string> names = TRY(list(root_ / name));
  std::vector<int64_t> versions;
  for (const std::string& folder : names) {
    if (int64_t version = version_number(folder); version > 0 && is_complete(path(name, version))) {
      versions.push_back(version);
    }
  }
  std::ranges::sort(versions);
  return versions;
}

Status Store::check_model(const std::string& name) const {
  RETURN_IF_ERROR(check_name("model", name));
  std::error_code ignored;
  if (fs::is_directory(root_ / name, ignored)) return {};
  std::vector<std::string> there = TRY(models());
  return not_found(fmt::format("store {}: there is no model \"{}\"; it has {}", root_.string(), name,
                               there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", "))));
}

Status Store::check_version(const std::string& name, int64_t version) const {
  RETURN_IF_ERROR(check_model(name));
  std::error_code ignored;
  if (version > 0 && fs::is_directory(path(name, version), ignored)) return {};
  std::vector<int64_t> there = TRY(versions(name));
  return not_found(fmt::format("store {}: model \"{}\" has no version {}; it has {}", root_.string(), name, version,
                               there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", "))));
}

Result<Manifest> Store::checked_manifest(const std::string& name, int64_t version) const {
  fs::path folder = path(name, version);
  std::string line = TRY(read_part(folder / kManifestHash, kLargestManifest));
  std::string text = TRY(read_part(folder / kManifest, kLargestManifest));
  RETURN_IF_ERROR(check_hash(folder / kManifest, line.substr(0, line.find(' ')), text));
  Result<Manifest> manifest = parse_manifest(text);
  if (!manifest.ok()) return data_loss((folder / kManifest).string() + ": " + manifest.status().message());
  if (manifest->name != name || manifest->version != version) {
    return data_loss(
        fmt::format("{}: expected model \"{}\" version {}, found \"{}\" version {}; a version cannot be "
                    "renamed or copied: publish it again",
                    (folder / kManifest).string(), name, version, manifest->name, manifest->version));
  }
  return manifest;
}

Result<Manifest> Store::manifest(const std::string& name, int64_t version) const {
  RETURN_IF_ERROR(check_version(name, version));
  return checked_manifest(name, version);
}

Result<std::string> Store::read(const std::string& name, int64_t version, const std::string& file) const {
  Manifest manifest = TRY(this->manifest(name, version));
  auto entry = manifest.files.find(file);
  if (entry == manifest.files.end()) {
    std::vector<std::string> there;
    for (const auto& [other, hash] : manifest.files) there.push_back(other);
    return not_found(fmt::format("{}: there is no file {}; it has {}", path(name, version).string(), json_quote(file),
                                 fmt::join(there, ", ")));
  }
  std::string bytes = TRY(read_part(path(name, version) / file));
  RETURN_IF_ERROR(check_hash(path(name, version) / file, entry->second, bytes));
  return bytes;
}

Status Store::verify(const std::string& name, int64_t version) const {
  Manifest manifest = TRY(this->manifest(name, version));
  fs::path folder = path(name, version);
  for (const auto& [file, hash] : manifest.files) {
    std::string bytes = TRY(read_part(folder / file));
    RETURN_IF_ERROR(check_hash(folder / file, hash, bytes));
  }
  std::vector<std::string> there = TRY(list(folder));
  for (const std::string& file : there) {
    if (file == kManifest || file == kManifestHash || manifest.files.contains(file)) continue;
    return data_loss(
        fmt::format("{}: the file was not published with the version; remove it", (folder / file).string()));
  }
  return {};
}

Result<ModelState> Store::read_state(const std::string& name) const {
  fs::path file = root_ / name / kState;
  Result<std::string> text = read_file(file, kLargestManifest);
  if (!text.ok() && text.status().code() == Code::not_found) return ModelState();
  if (!text.ok()) return text.status();
  auto parse = [&]() -> Result<ModelState> { return model_state_from_json(TRY(Json::parse(*text))); };
  Result<ModelState> state = parse();
  if (state.ok()) return state;
  return data_loss(
      fmt::format("{}: {}; remove the file and promote a version again", file.string(), state.status().message()));
}

Result<ModelState> Store::state(const std::string& name) const {
  RETURN_IF_ERROR(check_model(name));
  return read_state(name);
}

Status Store::write_state(const std::string& name, const ModelState& state) {
  return write_file_atomic(root_ / name / kState, to_json(state).dump(2) + "\n");
}

// Requires: the model's lock, so that whatever lies in the hidden folder is of a process that died.
Status Store::write_version(const std::string& name, int64_t version, const Draft& draft) {
  fs::path hidden = root_ / name / kPublishing;
  RETURN_IF_ERROR(make_directories(hidden));
  Manifest manifest{.name = name,
                    .version = version,
                    .created_us = draft.created_us != 0 ? draft.created_us : SystemClock().now_us(),
                    .note = draft.note,
                    .signature = draft.signature,
                    .metrics = draft.metrics,
                    .lineage = draft.lineage};
  for (const auto& [file, bytes] : draft.files) {
    RETURN_IF_ERROR(write_file_atomic(hidden / file, bytes));
    manifest.files[file] = sha256_hex(bytes);
  }
  std::string text = to_json(manifest).dump(2) + "\n";
  RETURN_IF_ERROR(write_file_atomic(hidden / kManifest, text));
  RETURN_IF_ERROR(write_file_atomic(hidden / kManifestHash, fmt::format("{}  {}\n", sha256_hex(text), kManifest)));
  std::error_code error;
  fs::rename(hidden, path(name, version), error);
  if (error) return internal(fmt::format("renaming to {}: {}", path(name, version).string(), error.message()));
  return sync_directory(root_ / name);
}

namespace {

// Removes what processes that died left behind. Requires: the model's lock.
Status sweep(const fs::path& model) {
  std::vector<std::string> names = TRY(list(model));
  for (const std::string& name : names) {
    const bool rest =
        name == kPublishing || name.starts_with(kDeleted) || name.starts_with(std::string(kState) + ".tmp-");
    if (!rest) continue;
    std::error_code error;
    fs::remove_all(model / name, error);
    if (error) return internal(fmt::format("removing {}: {}", (model / name).string(), error.message()));
  }
  return {};
}

// A state that begins now.
ModelState now(ModelState state) {
  state.since_us = SystemClock().now_us();
  return state;
}

// The highest number of any folder, complete or not.
Result<int64_t> highest_folder(const fs::path& model) {
  std::vector<std::string> names = TRY(list(model));
  int64_t highest = 0;
  for (const std::string& name : names) highest = std::max(highest, version_number(name));
  return highest;
}

}  // namespace

Result<int64_t> Store::publish(const std::string& name, const Draft& draft, bool promote) {
  RETURN_IF_ERROR(check_name("model", name));
  RETURN_IF_ERROR(check_draft(draft));
  fs::path model = root_ / name;
  RETURN_IF_ERROR(make_directories(model));
  RETURN_IF_ERROR(sync_directory(root_));
  FileLock lock = TRY(FileLock::acquire(model / kLock));
  RETURN_IF_ERROR(sweep(model));
  ModelState state = TRY(read_state(name));
  state.highest = std::max(state.highest, TRY(highest_folder(model))) + 1;
  RETURN_IF_ERROR(write_state(name, state));
  if (Status written = write_version(name, state.highest, draft); !written.ok()) {
    Status swept = sweep(model);
    return written;
  }
  if (promote) RETURN_IF_ERROR(write_state(name, now(promoted(state, state.highest))));
  return state.highest;
}

Status Store::promote(const std::string& name, int64_t version, bool force) {
  RETURN_IF_ERROR(check_version(name, version));
  FileLock lock = TRY(FileLock::acquire(root_ / name / kLock));
  RETURN_IF_ERROR(sweep(root_ / name));
  ModelState state = TRY(read_state(name));
  if (auto rejection = state.rejected.find(version); rejection != state.rejected.end() && !force) {
    return failed_precondition(
        fmt::format("model \"{}\": version {} was rejected ({}); promote it with --force if that "
                    "is mended",
                    name, version, rejection->second));
  }
  RETURN_IF_ERROR(verify(name, version));
  const bool already = state.production == version;
  ModelState next = promoted(std::move(state), version);
  return write_state(name, already ? std::move(next) : now(std::move(next)));
}

// A rename takes the whole version away at once; what a kill leaves then is swept up later.
Status Store::remove(const std::string& name, int64_t version, bool force) {
  RETURN_IF_ERROR(check_version(name, version));
  FileLock lock = TRY(FileLock::acquire(root_ / name / kLock));
  RETURN_IF_ERROR(sweep(root_ / name));
  const ModelState state = TRY(read_state(name));
  const std::string_view why = version == state.production         ? "is in production"
                               : version == rollback_target(state) ? "is where a rollback would go"
                                                                   : "";
  if (!why.empty() && !force) {
    return failed_precondition(fmt::format(
        "model \"{}\": version {} {}; promote another one first, or delete it with --force", name, version, why));
  }
  RETURN_IF_ERROR(write_state(name, without(state, version)));
  std::error_code error;
  fs::rename(path(name, version), root_ / name / fmt::format("{}{}", kDeleted, version), error);
  if (error) return internal(fmt::format("deleting {}: {}", path(name, version).string(), error.message()));
  RETURN_IF_ERROR(sync_directory(root_ / name));
  return sweep(root_ / name);
}

Result<int64_t> Store::rollback(const std::string& name, const std::string& reason) {
  RETURN_IF_ERROR(check_model(name));
  FileLock lock = TRY(FileLock::acquire(root_ / name / kLock));
  RETURN_IF_ERROR(sweep(root_ / name));
  ModelState state = TRY(read_state(name));
  if (state.production == 0) {
    return failed_precondition(fmt::format("model \"{}\": no version is production; promote one first", name));
  }
  std::string tried;
  for (int64_t candidate : rollback_candidates(state)) {
    Status sound = verify(name, candidate);
    if (sound.ok()) {
      RETURN_IF_ERROR(write_state(name, now(rolled_back(std::move(state), candidate, reason))));
      return candidate;
    }
    tried += fmt::format("; version {} does not verify ({})", candidate, sound.message());
  }
  return failed_precondition(
      fmt::format("model \"{}\": there is no good version to go back to from version {}{}; publish a good one", name,
                  state.production, tried));
}

}  // namespace slipway
