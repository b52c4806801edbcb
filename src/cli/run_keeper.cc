// Keeping a run: a record, a log, a picture. What goes wrong with them is no reason to end a training.
#include "cli/run_keeper.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/file.h"

namespace slipway {

std::string shell_quoted(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
    return std::isalnum(c) != 0 || c >= 0x80 ||
           std::string_view("-_./:=,+@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Result<std::unique_ptr<RunKeeper>> RunKeeper::begin(const RunKeeperOptions& options, train::RunRecord record,
                                                    const Json& understood) {
  std::unique_ptr<RunKeeper> keeper(new RunKeeper(options, std::move(record)));
  const bool elsewhere = options.passing && options.folder.empty() && !options.checkpoints.empty();
  const Status made = elsewhere ? Status() : keeper->open();
  if (!made.ok()) {
    if (!options.passing) return made;
    keeper->folder_.reset();
    fmt::print(stderr, "Note: {}; without a folder for the run an interruption loses it (--runs names another)\n",
               made.message());
  }
  keeper->log_.push_back(Json::object({{"data", understood}}));
  return keeper;
}

Status RunKeeper::open() {
  is_new_ = options_.folder.empty();
  if (is_new_) {
    folder_.emplace(TRY(train::RunFolder::make(options_.runs, options_.name)));
  } else {
    folder_.emplace(TRY(train::RunFolder::open(options_.folder)));
    const train::KeptRun before = TRY(train::read_run(options_.folder));
    record_.started_us = before.record.started_us;
    record_.seconds = before.record.seconds;
  }
  record_.name = folder_->path().filename().string();
  RETURN_IF_ERROR(write_file_atomic(folder_->recipe(), options_.recipe));
  return folder_->write_record(record_);
}

void RunKeeper::note(const train::EpochResult& epoch) {
  if (!folder_) return;
  if (!logging_) {
    logging_ = folder_->write_log(log_).ok();
    // What the checkpoint says, not what an earlier process hoped for.
    record_.seconds = 0;
    for (const Json& line : log_) record_.seconds += line["seconds"].as_double();
  }
  if (logging_) static_cast<void>(folder_->add_to_log(to_json(epoch)));
  record_.epochs = epoch.epoch;
  record_.seconds += epoch.seconds;
  constexpr int64_t kRedrawNs = 10'000'000'000;
  if (clock_.steady_ns() - drawn_ns_ < kRedrawNs) return;
  draw();
  static_cast<void>(folder_->write_record(record_));
}

void RunKeeper::draw() {
  static_cast<void>(folder_->write_curves(record_.kept_epoch));
  drawn_ns_ = clock_.steady_ns();
}

void RunKeeper::listen(train::FitListener& listener) {
  listener.resumed = [this](const train::EpochResult& epoch) {
    began_ = true;
    log_.push_back(to_json(epoch));
    record_.epochs = epoch.epoch;
  };
  listener.epoch = [this, tell = std::move(listener.epoch)](const train::EpochResult& epoch) {
    began_ = true;
    if (tell) tell(epoch);
    note(epoch);
  };
}

void RunKeeper::end(const std::string& status) {
  record_.status = status;
  if (!folder_) return;
  if (!logging_) static_cast<void>(folder_->write_log(log_));
  draw();
  static_cast<void>(folder_->write_record(record_));
}

void RunKeeper::finish(const train::FitResult& fit, const Json& metrics, const Json& result) {
  record_.kept_epoch = fit.kept_epoch;
  record_.monitor = fit.monitor;
  record_.metrics = metrics;
  end("finished");
  if (!folder_) return;
  static_cast<void>(folder_->add_to_log(result));
  if (options_.passing && is_new_) {
    folder_->remove();
    folder_.reset();
  }
}

void RunKeeper::interrupt(const train::FitResult& fit) {
  record_.monitor = fit.monitor;
  end("interrupted");
}

bool RunKeeper::can_go_on() const {
  std::error_code ignored;
  return !checkpoints().empty() && std::filesystem::exists(checkpoints() / "last.safetensors", ignored);
}

Status RunKeeper::fail(const Status& status, bool going_on_helps) {
  if (!began_) {
    if (folder_ && is_new_) folder_->remove();
    return status;
  }
  record_.error = status.message();
  end("failed");
  if (can_go_on() && !going_on_helps) {
    return {status.code(),
            fmt::format("{}\nThe run up to there is kept in {}", status.message(), checkpoints().string())};
  }
  if (can_go_on()) {
    return {status.code(), fmt::format("{}\nThe run so far, with its weights, is kept in {}; to go on:\n  {}",
                                       status.message(), checkpoints().string(), go_on_command())};
  }
  return status;
}

std::string RunKeeper::go_on_command() const {
  std::vector<std::string> words = options_.words;
  if (folder_) words = {folder_->path().string()};
  words.emplace_back("--resume");
  words.insert(words.end(), options_.destinations.begin(), options_.destinations.end());
  std::string command = "slipway train";
  for (const std::string& word : words) command += " " + shell_quoted(word);
  return command;
}

}  // namespace slipway
