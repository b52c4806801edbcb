// A table of the epochs.
#include <fmt/format.h>

#include "base/file.h"
#include "train/callbacks/callback_card.h"

namespace slipway::train {

namespace {

class CsvLog final : public Callback {
 public:
  explicit CsvLog(std::filesystem::path path) : path_(std::move(path)) {}
  Status on_epoch(const EpochResult& epoch, bool replayed) override {
    std::string names, values;
    for (const auto& [name, value] : numbers_of(epoch)) {
      names += (names.empty() ? "" : ",") + name;
      values += fmt::format("{}{}", values.empty() ? "" : ",", value);
    }
    if (text_.empty()) text_ = names + "\n";
    text_ += values + "\n";
    if (replayed) return {};
    if (path_.has_parent_path()) RETURN_IF_ERROR(make_directories(path_.parent_path()));
    return write_file_atomic(path_, text_);
  }

 private:
  std::filesystem::path path_;
  std::string text_;
};

MadeCallback make(const CallbackOptions& o, Trainer&, const Clock&) {
  return std::unique_ptr<Callback>(o.csv_log.empty() ? nullptr : new CsvLog(o.csv_log));
}

}  // namespace

CALLBACK(csv_log) = {
    .name = "csv_log",
    .doc = "Writes the numbers of every epoch to this file, a table.",
    .path = &CallbackOptions::csv_log,
    .make = make,
};

}  // namespace slipway::train
