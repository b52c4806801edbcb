// Run folders as JSON, JSON lines and SVG.
#include "train/run_folder.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "base/file.h"
#include "train/curves.h"

namespace slipway::train {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRecord = "run.json";
constexpr const char* kLog = "log.jsonl";
constexpr const char* kRecipe = "recipe.toml";
constexpr const char* kLock = ".lock";
constexpr int64_t kMostOfOneName = 100'000;

std::string folder_name(std::string name) {
  for (char& c : name) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = (u < 0x80 && std::isalnum(u) != 0) || c == '.' || c == '_' || c == '-' || u >= 0x80;
    if (!plain) c = '-';
  }
  if (name.starts_with('.')) name[0] = '-';
  return name.empty() ? "run" : name.substr(0, 100);
}

Status cannot_write(const fs::path& path) {
  return unavailable(fmt::format("writing {} failed; is there space, and is the folder still there?", path.string()));
}

// Lines that are no JSON (the end of one that was cut off by a kill) are passed over.
std::vector<Json> lines_of(const fs::path& path) {
  std::vector<Json> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (Result<Json> json = Json::parse(line); json.ok()) lines.push_back(*std::move(json));
  }
  return lines;
}

std::vector<Json> epochs_of(const fs::path& folder) {
  std::vector<Json> lines = lines_of(folder / kLog);
  std::erase_if(lines, [](const Json& line) { return !line["epoch"].is_integer(); });
  return lines;
}

}  // namespace

Json to_json(const RunRecord& r) {
  Json json = Json::object({{"name", r.name},
                            {"status", r.status},
                            {"started_us", r.started_us},
                            {"seconds", r.seconds},
                            {"epochs", r.epochs},
                            {"planned_epochs", r.planned_epochs},
                            {"kept_epoch", r.kept_epoch},
                            {"monitor", r.monitor},
                            {"parameters", r.parameters},
                            {"data", r.data},
                            {"run", r.statement},
                            {"metrics", r.metrics}});
  if (!r.error.empty()) json.set("error", r.error);
  return json;
}

RunRecord run_record_from_json(const Json& json) {
  RunRecord r;
  r.name = json["name"].as_string();
  r.status = json["status"].as_string();
  r.started_us = json["started_us"].as_int();
  r.seconds = json["seconds"].as_double();
  r.epochs = json["epochs"].as_int();
  r.planned_epochs = json["planned_epochs"].as_int();
  r.kept_epoch = json["kept_epoch"].as_int();
  r.monitor = json["monitor"].as_string();
  r.parameters = json["parameters"].as_int();
  r.data = json["data"].as_string();
  r.statement = json["run"];
  if (json["metrics"].is_object()) r.metrics = json["metrics"];
  r.error = json["error"].as_string();
  return r;
}

Result<RunFolder> RunFolder::make(const fs::path& runs, const std::string& name) {
  RETURN_IF_ERROR(make_directories(runs));
  for (int64_t n = 1; n < kMostOfOneName; ++n) {
    const fs::path path = runs / (n == 1 ? folder_name(name) : fmt::format("{}-{}", folder_name(name), n));
    std::error_code error;
    const bool made = fs::create_directory(path, error);
    if (std::error_code ignored; error && !fs::exists(path, ignored)) {
      return Status(Code::permission_denied, fmt::format("making the folder {}: {}", path.string(), error.message()));
    }
    if (made) return open(path);
  }
  return exhausted(
      fmt::format("{}: there are {} runs called \"{}\"; remove some", runs.string(), kMostOfOneName, name));
}

Result<RunFolder> RunFolder::open(const fs::path& path) {
  std::optional<FileLock> lock = TRY(FileLock::try_acquire(path / kLock));
  if (!lock) {
    return failed_precondition(fmt::format("{}: another process is training this run; wait for it", path.string()));
  }
  return RunFolder(path, *std::move(lock));
}

Status RunFolder::write_record(const RunRecord& record) const {
  return write_file_atomic(path_ / kRecord, to_json(record).dump(2) + "\n");
}

Status RunFolder::write_log(const std::vector<Json>& lines) const {
  std::string text;
  for (const Json& line : lines) text += line.dump() + "\n";
  return write_file_atomic(path_ / kLog, text);
}

Status RunFolder::add_to_log(const Json& line) const {
  std::ofstream file(path_ / kLog, std::ios::app);
  file << line.dump() << "\n";
  file.close();
  return file.good() ? Status() : cannot_write(path_ / kLog);
}

Status RunFolder::write_curves(int64_t kept_epoch) const {
  return write_file_atomic(path_ / "curves.svg",
                           curves_svg({{path_.filename().string(), epochs_of(path_), kept_epoch}}));
}

void RunFolder::remove() const {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::remove(path_.parent_path(), ignored);  // the folder of runs, where this was the only one
}

bool is_run_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path / kRecipe, ignored) && fs::is_regular_file(path / kRecord, ignored);
}

Result<KeptRun> read_run(const fs::path& path) {
  KeptRun run{path, {}, {}, {}};
  const std::string text = TRY(read_file(path / kRecord, 16 << 20));
  Result<Json> json = Json::parse(text);
  if (!json.ok()) return json.status().at((path / kRecord).string());
  run.record = run_record_from_json(*json);
  run.record.name = path.filename().string();
  if (run.record.status == "running") {
    Result<std::optional<FileLock>> lock = FileLock::try_acquire(path / kLock);
    if (lock.ok() && lock->has_value()) run.record.status = "stopped";
  }
  run.recipe = TRY(read_file(path / kRecipe, 16 << 20));
  run.epochs = epochs_of(path);
  return run;
}

Result<std::vector<KeptRun>> read_runs(const fs::path& runs) {
  std::error_code error;
  fs::directory_iterator it(runs, error);
  if (error) {
    return not_found(
        fmt::format("{}: {}; slipway train keeps its runs in the folder runs where it is called, or where "
                    "--runs says",
                    runs.string(), error.message()));
  }
  std::vector<KeptRun> found;
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (!is_run_folder(it->path())) continue;
    Result<KeptRun> run = read_run(it->path());
    if (run.ok()) found.push_back(*std::move(run));
  }
  std::ranges::sort(found, [](const KeptRun& a, const KeptRun& b) {
    return std::pair(a.record.started_us, a.record.name) < std::pair(b.record.started_us, b.record.name);
  });
  return found;
}

}  // namespace slipway::train
