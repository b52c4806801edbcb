// Run folder: what a training run leaves behind, whatever becomes of it.
//
//   RUNS/NAME/run.json            when it began, how it ended, what it measured (RunRecord)
//   RUNS/NAME/recipe.toml         the recipe as it was run, with absolute paths
//   RUNS/NAME/log.jsonl           how the data was understood, an epoch a line, the result
//   RUNS/NAME/curves.svg          the epochs' numbers as a picture
//   RUNS/NAME/last.safetensors    the checkpoint to go on from, and best.safetensors, the best epoch's
//   RUNS/NAME/model.onnx          the model
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/file_lock.h"
#include "base/json.h"
#include "base/status.h"

namespace slipway::train {

struct RunRecord {
  std::string name;  // the folder's
  // running, finished, interrupted (by a signal) or failed; of a run read back also stopped: running once, by a process
  // that is gone.
  std::string status = "running";
  int64_t started_us = 0;  // since the epoch
  double seconds = 0;      // of training and validation
  int64_t epochs = 0;      // done
  int64_t planned_epochs = 0;
  int64_t kept_epoch = 0;  // whose weights the model has; 0: none yet
  std::string monitor;     // by what epochs are compared
  int64_t parameters = 0;
  std::string data;               // where it is from
  Json statement;                 // seed, threads, program (train::statement)
  Json metrics = Json::object();  // "val_loss" and the like of the kept epoch, "test_accuracy" and the like
  std::string error;              // of a failed one
};
Json to_json(const RunRecord& record);
RunRecord run_record_from_json(const Json& json);

// The folder of a run that this process is in charge of: a lock keeps others from going on with it meanwhile.
class RunFolder {
 public:
  // A new folder in `runs`, which is made where it is absent: `name` (characters that a folder's name should not have
  // become dashes), or, where that is taken, name-2, name-3, …
  static Result<RunFolder> make(const std::filesystem::path& runs, const std::string& name);
  // One that is there; failed_precondition while another process writes it.
  static Result<RunFolder> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path recipe() const { return path_ / "recipe.toml"; }
  std::filesystem::path model() const { return path_ / "model.onnx"; }

  Status write_record(const RunRecord& record) const;
  // Replaces the log by `lines`, or adds one.
  Status write_log(const std::vector<Json>& lines) const;
  Status add_to_log(const Json& line) const;
  // Draws the log's epochs.
  Status write_curves(int64_t kept_epoch) const;
  // Removes everything.
  void remove() const;

 private:
  RunFolder(std::filesystem::path path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  FileLock lock_;
};

// Whether `path` is a run's folder: it has a recipe and a record.
bool is_run_folder(const std::filesystem::path& path);

// A run as its folder tells of it.
struct KeptRun {
  std::filesystem::path path;
  RunRecord record;
  std::string recipe;
  std::vector<Json> epochs;
};
Result<KeptRun> read_run(const std::filesystem::path& path);
// All runs of a folder, by the time they began; not_found where the folder is absent. What is no run is passed over.
Result<std::vector<KeptRun>> read_runs(const std::filesystem::path& runs);

}  // namespace slipway::train
