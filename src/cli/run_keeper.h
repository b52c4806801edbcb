// RunKeeper: keeps a training run in a folder of its own while it goes on, and says how to go on with it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "train/fit.h"
#include "train/run_folder.h"

namespace slipway {

struct RunKeeperOptions {
  std::filesystem::path runs;    // folder of runs, for a new one
  std::filesystem::path folder;  // of the run to go on with; empty: a new one
  // The model goes elsewhere: the folder is there for interruptions and failures, and vanishes when all went well. A
  // folder that cannot be made is then no error.
  bool passing = false;
  std::filesystem::path checkpoints;  // where the user said; empty: in the run's folder
  std::string name;                   // of the recipe
  std::string recipe;                 // its text, as run
  // What going on needs on the command line: the recipe and the options that change it, where there is no folder, and
  // those that say where the model goes ("-o", "model.onnx").
  std::vector<std::string> words;
  std::vector<std::string> destinations;
};

class RunKeeper {
 public:
  // Nothing is made where the model and the checkpoints go elsewhere.
  static Result<std::unique_ptr<RunKeeper>> begin(const RunKeeperOptions& options, train::RunRecord record,
                                                  const Json& understood);

  // Empty: there is none.
  std::filesystem::path folder() const { return folder_ ? folder_->path() : std::filesystem::path(); }
  // Where the model belongs that goes nowhere else.
  std::filesystem::path model_file() const { return folder_->model(); }
  bool stays() const { return folder_ && !options_.passing; }

  // Has epochs logged and drawn, beside what `listener` does with them already.
  void listen(train::FitListener& listener);

  // The ends. `result`: the line that ends the log.
  void finish(const train::FitResult& fit, const Json& metrics, const Json& result);
  void interrupt(const train::FitResult& fit);
  // `status` with where what there is so far lies, and, where going on mends it, how to. A new folder without an epoch
  // vanishes.
  Status fail(const Status& status, bool going_on_helps);

  // "slipway train runs/adult --resume -o model.onnx". Requires: can_go_on().
  std::string go_on_command() const;
  // Whether there is a checkpoint to go on from.
  bool can_go_on() const;
  // Where the checkpoints are.
  std::filesystem::path checkpoints() const { return options_.checkpoints.empty() ? folder() : options_.checkpoints; }

 private:
  RunKeeper(RunKeeperOptions options, train::RunRecord record)
      : options_(std::move(options)), record_(std::move(record)) {}
  Status open();
  void note(const train::EpochResult& epoch);
  void end(const std::string& status);
  void draw();

  RunKeeperOptions options_;
  train::RunRecord record_;
  std::optional<train::RunFolder> folder_;
  bool is_new_ = true;
  bool began_ = false;     // an epoch was done, or taken over from a checkpoint
  std::vector<Json> log_;  // what stands in the log before the first epoch of this process
  bool logging_ = false;   // the log holds that
  SystemClock clock_;
  int64_t drawn_ns_ = 0;
};

// `word` as a shell reads it.
std::string shell_quoted(const std::string& word);

}  // namespace slipway
