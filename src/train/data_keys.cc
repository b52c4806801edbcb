// Keys by kind.
#include "train/data_keys.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slipway::train {

namespace {

struct KeysOfKind {
  const char* kind;
  std::string_view keys;  // between blanks
};

constexpr KeysOfKind kKeys[] = {
    {"audio",
     " features coefficients sample_rate seconds fft window hop mels low high mel_scale broken augment test_fraction "
     "test_path "},
    {"csv",
     " target separator drop sample_weight task standardize no_standardize categorical missing not_missing fill "
     "missing_indicator categories columns delimiter header encoding decimal split split_by inputs test_fraction "
     "test_path "},
    {"digits", " examples test_examples augment normalize "},
    {"idx", " labels test_labels augment normalize test_fraction test_path "},
    {"images", " size color broken augment normalize test_fraction test_path "},
    {"interactions", " user item target test_fraction test_path "},
    {"mnist", " augment normalize "},
    {"npy", " labels test_labels augment normalize test_fraction test_path "},
    {"npz", " inputs augment test_fraction test_path "},
    {"series",
     " target drop columns missing not_missing delimiter header encoding decimal time window horizon step season "
     "test_fraction "},
    {"text", " tokenizer vocabulary sequence_length stride random_offset test_fraction test_path "},
    {"texts",
     " tokenizer vocabulary sequence_length text target missing not_missing delimiter header encoding test_fraction "
     "test_path "},
};
constexpr std::string_view kOfEveryKind = " kind path validation_split ";

bool has(std::string_view keys, const std::string& key) {
  return keys.find(fmt::format(" {} ", key)) != std::string_view::npos;
}

}  // namespace

Status check_data_keys(std::string_view kind, const std::vector<DataKey>& keys, std::string_view where) {
  auto mine = std::ranges::find(kKeys, kind, &KeysOfKind::kind);
  if (mine == std::end(kKeys)) return {};
  for (const DataKey& key : keys) {
    if (has(kOfEveryKind, key.name) || has(mine->keys, key.name)) continue;
    std::vector<std::string> kinds;
    for (const KeysOfKind& other : kKeys) {
      if (has(other.keys, key.name)) kinds.emplace_back(other.kind);
    }
    return invalid(fmt::format("{}:{}: data.{}: data of kind \"{}\" has no such key; it belongs to {}", where, key.line,
                               key.name, kind, fmt::join(kinds, ", ")));
  }
  return {};
}

}  // namespace slipway::train
