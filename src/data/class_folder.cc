// Listing and reading class folders.
#include "data/class_folder.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstring>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/cores.h"
#include "base/file.h"

namespace slipway {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kLargestFile = uint64_t{1} << 30;
constexpr unsigned kMostThreads = 16;

std::string ending_of(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending;
}

// Counts `more` files among those that are left out for the same reason.
void count(const SkippedFiles& more, std::vector<SkippedFiles>& skipped) {
  auto same = std::ranges::find(skipped, more.why, &SkippedFiles::why);
  if (same == skipped.end()) {
    skipped.push_back(more);
  } else {
    same->files += more.files;
    same->first = std::min(same->first, more.first);
  }
}

std::string in_words(const std::vector<SkippedFiles>& skipped) {
  std::vector<std::string> parts;
  for (const SkippedFiles& each : skipped) parts.push_back(fmt::format("{} {}", each.files, each.why));
  return fmt::format("{}", fmt::join(parts, ", "));
}

Result<std::vector<fs::path>> class_folders(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return not_found(fmt::format("{}: expected a folder with a folder per class, found none", path.string()));
  }
  std::vector<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    if (entry.is_directory(error) && !entry.path().filename().string().starts_with('.'))
      folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

std::vector<fs::path> files_in(const fs::path& folder, const std::vector<std::string>& endings,
                               std::vector<SkippedFiles>& skipped) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    std::error_code ignored;
    const fs::path& path = entries->path();
    if (!entries->is_regular_file(ignored) || path.filename().string().starts_with('.')) continue;
    const std::string ending = ending_of(path);
    if (std::ranges::find(endings, ending) != endings.end()) {
      files.push_back(path);
    } else {
      count({ending.empty() ? "without an ending" : "ending in " + ending, 1, path.string()}, skipped);
    }
  }
  std::ranges::sort(files);
  std::ranges::sort(skipped, {}, &SkippedFiles::why);
  return files;
}

// Moves the rows that are `kept` to the front and cuts off the rest.
void keep_rows(const std::vector<uint32_t>& kept, Tensor& tensor) {
  if (static_cast<int64_t>(kept.size()) == tensor.dim(0)) return;
  size_t width = tensor.bytes() / static_cast<size_t>(tensor.dim(0));
  auto* rows = static_cast<std::byte*>(tensor.mutable_raw());
  for (size_t i = 0; i < kept.size(); ++i) std::memmove(rows + i * width, rows + kept[i] * width, width);
  tensor = tensor.rows(0, static_cast<int64_t>(kept.size()));
}

}  // namespace

Result<ClassFolder> list_class_folder(const fs::path& path, const std::vector<std::string>& endings,
                                      const std::vector<std::string>& known) {
  ClassFolder folder{.path = path, .classes = known, .files = {}, .labels = {}, .skipped = {}};
  std::vector<fs::path> folders = TRY(class_folders(path));
  if (known.empty()) {
    for (const fs::path& each : folders) folder.classes.push_back(each.filename().string());
  }
  if (folder.classes.size() < 2) {
    return invalid(fmt::format("{}: expected a folder for each of 2 or more classes, found {}", path.string(),
                               folder.classes.size()));
  }
  for (const fs::path& each : folders) {
    auto found = std::ranges::find(folder.classes, each.filename().string());
    if (found == folder.classes.end()) {
      return invalid(fmt::format("{}: expected one of the training classes {}, found another folder", each.string(),
                                 fmt::join(folder.classes, ", ")));
    }
    std::vector<SkippedFiles> others;
    std::vector<fs::path> files = files_in(each, endings, others);
    if (files.empty()) {
      return invalid(fmt::format("{}: expected files ending in {}, found {}", each.string(), fmt::join(endings, ", "),
                                 others.empty() ? "none; remove the folder or fill it"
                                                : in_words(others) + "; convert them or remove the folder"));
    }
    for (const SkippedFiles& other : others) count(other, folder.skipped);
    folder.labels.insert(folder.labels.end(), files.size(), found - folder.classes.begin());
    folder.files.insert(folder.files.end(), files.begin(), files.end());
  }
  return folder;
}

Status read_class_folder(const ClassFolder& folder, BrokenFiles broken, const ReadExample& read, Dataset& data,
                         std::vector<SkippedFiles>& skipped) {
  auto n = static_cast<int64_t>(folder.files.size());
  CHECK(data.inputs.rank() > 0 && data.inputs.dim(0) == n, "inputs hold an example per file");
  std::vector<Status> failures(folder.files.size());
  std::atomic<int64_t> next = 0;
  std::atomic<bool> give_up = false;
  auto work = [&] {
    for (int64_t i; !give_up && (i = next++) < n;) {
      const std::string where = folder.files[static_cast<size_t>(i)].string();
      Result<std::string> bytes = read_file(where, kLargestFile);
      Status status = bytes.ok() ? read(*bytes, where, i) : bytes.status();
      if (status.ok()) continue;
      failures[static_cast<size_t>(i)] = status;
      if (broken == BrokenFiles::refuse) give_up = true;
    }
  };
  unsigned threads = std::min(static_cast<unsigned>(usable_cores()), kMostThreads);
  std::vector<std::jthread> pool;
  for (unsigned t = 1; t < threads && t < folder.files.size(); ++t) pool.emplace_back(work);
  work();
  pool.clear();

  std::vector<uint32_t> kept;
  std::string first;
  for (size_t i = 0; i < failures.size(); ++i) {
    if (failures[i].ok()) {
      kept.push_back(static_cast<uint32_t>(i));
    } else if (broken == BrokenFiles::refuse) {
      return Status(failures[i].code(), failures[i].message() + "; or set broken = \"skip\"");
    } else {
      if (first.empty()) first = failures[i].message();
      count({"broken", 1, failures[i].message()}, skipped);
    }
  }
  if (kept.empty()) return invalid(fmt::format("{}: every file is broken; the first: {}", folder.path.string(), first));
  data.labels = Tensor::of<int64_t>({n}, folder.labels);
  data.classes = folder.classes;
  keep_rows(kept, data.inputs);
  keep_rows(kept, data.labels);
  return {};
}

Result<DataPair> load_folders(const fs::path& path, const fs::path& test_path, double test_fraction, uint64_t seed,
                              std::string_view what, const LoadFolder& load) {
  std::error_code ignored;
  bool inside =
      test_path.empty() && fs::is_directory(path / "train", ignored) && fs::is_directory(path / "test", ignored);
  fs::path test = inside ? path / "test" : test_path;
  LoadedFolder train = TRY(load(inside ? path / "train" : path, {}));
  DataPair pair;
  std::vector<SkippedFiles> skipped = train.skipped;
  if (test.empty()) {
    Split parts = TRY(hold_out(train.data, test_fraction, seed));
    pair.train = std::move(parts.rest);
    pair.test = std::move(parts.held_out);
    pair.test.name += " (held out)";
  } else {
    LoadedFolder loaded = TRY(load(test, train.data.classes));
    for (const SkippedFiles& each : loaded.skipped) count(each, skipped);
    loaded.data.scaling = train.data.scaling;
    loaded.data.preparation = train.data.preparation;
    pair.train = std::move(train.data);
    pair.test = std::move(loaded.data);
  }
  pair.source = fmt::format("{} in {}", what, path.string());
  Json list = Json::array();
  for (const SkippedFiles& each : skipped) {
    list.push(Json::object({{"why", each.why}, {"files", each.files}, {"first", each.first}}));
  }
  pair.understood = Json::object({{"skipped", list}});
  pair.understood.set("split", !test.empty() ? "test files are in " + test.string()
                               : test_fraction > 0
                                   ? fmt::format("of every class its share is held out, drawn by seed {}", seed)
                                   : std::string("nothing is held out"));
  return pair;
}

}  // namespace slipway
