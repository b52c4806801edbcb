// The list of kinds, written by the build from the files in kinds/, and loading by kind.
#include "data/source.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/card_list.h"
#include "base/nearest.h"
#include "data/kinds/cards.inc"
#include "data/kinds/data_kind_card.h"
#include "data/understanding.h"

namespace slipway {

namespace fs = std::filesystem;

DECLARE_CARDS(DataKindCard, data_kind_)

const Cards<DataKindCard>& all_data_kinds() {
  static const Cards<DataKindCard> cards("data of kind", CARD_LIST(DataKindCard, data_kind_));
  return cards;
}

std::vector<std::string> data_kinds() { return all_data_kinds().names(); }

namespace {

template <size_t N>
bool holds(const std::array<const char*, N>& words, std::string_view word) {
  return std::ranges::any_of(words, [&](const char* each) { return each != nullptr && word == each; });
}

// Every ending, those of kinds with the most of them first: ".csv, .tsv, .npy".
template <size_t N>
std::string listed(std::array<const char*, N> DataKindCard::*endings, std::string_view last) {
  std::vector<std::vector<std::string>> groups;
  for (const DataKindCard* card : all_data_kinds()) {
    std::vector<std::string>& group = groups.emplace_back();
    for (const char* ending : card->*endings) {
      if (ending != nullptr) group.emplace_back(ending);
    }
  }
  std::ranges::stable_sort(groups, std::ranges::greater(), &std::vector<std::string>::size);
  std::vector<std::string> all;
  for (const std::vector<std::string>& group : groups) all.insert(all.end(), group.begin(), group.end());
  if (!last.empty()) all.emplace_back(last);
  const std::string end = all.back();
  all.pop_back();
  return fmt::format("{} or {}", fmt::join(all, ", "), end);
}

const DataKindCard* kind_otherwise(const fs::path& path) {
  auto found = std::ranges::find_if(
      all_data_kinds(), [&](const DataKindCard* card) { return card->otherwise != nullptr && card->otherwise(path); });
  return found == all_data_kinds().end() ? nullptr : *found;
}

// The kind of a folder: by the files in its subfolders, if it has some.
Result<std::string> kind_of_folder(const fs::path& path) {
  std::map<std::string, int64_t> endings;
  std::error_code error;
  fs::recursive_directory_iterator entries(path, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    std::string ending = entries->path().extension().string();
    for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (entries.depth() == 0 || entries->path().filename().string().starts_with('.')) continue;
    for (const DataKindCard* card : all_data_kinds()) {
      if (holds(card->class_files, ending)) return std::string(card->name);
    }
    if (entries->is_regular_file(error)) ++endings[ending.empty() ? "no ending" : ending];
  }
  if (const DataKindCard* card = kind_otherwise(path)) return std::string(card->name);
  if (endings.empty()) return std::string("mnist");
  std::vector<std::string> found;
  for (const auto& [ending, count] : endings) found.push_back(fmt::format("{} of {}", count, ending));
  return invalid(
      fmt::format("{}: expected a folder per class with {} files in it; found {}; convert them, or name the kind of "
                  "the data",
                  path.string(), listed(&DataKindCard::class_files, ""), fmt::join(found, ", ")));
}

bool has_file_of(const DataKindCard& card, const fs::path& folder) {
  std::error_code ignored;
  return std::ranges::any_of(card.files_in_folder, [&](const char* name) {
    return name != nullptr && fs::is_regular_file(folder / name, ignored);
  });
}

}  // namespace

Result<std::string> kind_of_data(const fs::path& path) {
  for (const DataKindCard* card : all_data_kinds()) {
    if (has_file_of(*card, path)) return std::string(card->name);
  }
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return kind_of_folder(path);
  const fs::path name = path.extension() == ".gz" ? path.stem() : path.filename();
  for (const DataKindCard* card : all_data_kinds()) {
    if (holds(card->endings, name.extension().string())) return std::string(card->name);
  }
  if (const DataKindCard* card = kind_otherwise(path)) return std::string(card->name);
  return invalid(fmt::format("{}: expected a folder, {}; name the kind of the data", path.string(),
                             listed(&DataKindCard::endings, "IDX file")));
}

Result<DataPair> load_dataset(const DataSource& source) {
  const DataKindCard* kind = all_data_kinds().find(source.kind);
  if (kind == nullptr) {
    return invalid(fmt::format("data of kind \"{}\": expected one of {}{}", source.kind, fmt::join(data_kinds(), ", "),
                               did_you_mean(source.kind, data_kinds())));
  }
  DataPair pair = TRY(kind->load(source));
  if (!source.inputs.empty() && pair.train.parts.empty()) {
    pair.train = TRY(with_inputs(pair.train, source.inputs));
    pair.test = TRY(with_inputs(pair.test, source.inputs));
  }
  const double decibel = pair.train.augmentation.decibel;
  pair.train.augmentation = source.augmentation;
  pair.train.augmentation.decibel = decibel;
  RETURN_IF_ERROR(check(pair.train.augmentation, pair.train.example_shape(), pair.train.name));
  if (pair.understood["kind"].is_null()) complete_understanding(source.kind, pair);
  return pair;
}

}  // namespace slipway
