// Journal: the monitor's memory on disk: alarms, windows, totals, repairs and the audit log, in one SQLite file.
//
// Write-ahead logging with full synchronization: what a call has returned ok for survives kill -9 and a power cut.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "monitor/alarm.h"
#include "monitor/window.h"

namespace slipway {

// One line of the audit log: who did what to which version.
struct AuditEntry {
  int64_t sequence = 0;  // given by the journal
  int64_t time_us = 0;
  std::string actor;  // "monitor", "healer", "ana@example.com"
  std::string model;
  int64_t version = 0;
  std::string action;  // "alarm raised", "rollback acting", …
  Json detail = Json::object();
  Json to_json() const;
};

struct VersionTotal {
  std::string model;
  int64_t version = 0;
  Window total;
};

struct VersionJudgement {
  std::string model;
  int64_t version = 0;
  Json judgement;
};

// Thread-safe. Errors are data_loss (the file is no journal, or damaged) or unavailable (the disk refuses), with the
// path.
class Journal {
 public:
  // Creates the file when it is absent.
  static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // All of them or none.
  Status save_alarms(const std::vector<AlarmEvent>& events);
  Result<std::vector<Alarm>> active_alarms() const;
  // The newest first, cleared ones too.
  Result<std::vector<Alarm>> alarms(int64_t limit) const;
  Result<int64_t> next_alarm_id() const;

  // The summary of a stretch of answers, and the total that makes counters go on after a restart.
  Status save_window(const std::string& model, int64_t version, const Window& window, const Window& total);
  // Summaries with end >= since_us, oldest first.
  Result<Json> windows(const std::string& model, int64_t version, int64_t since_us) const;
  Result<std::vector<VersionTotal>> totals() const;

  Status append(const AuditEntry& entry);
  // The newest first.
  Result<std::vector<AuditEntry>> audit(int64_t limit) const;

  // Repairs by id, as the repair room spells them.
  Status save_repair(int64_t id, bool open, const Json& repair);
  Result<std::vector<Json>> open_repairs() const;
  Result<int64_t> next_repair_id() const;

  // How a version does beside the one it replaced, as monitor/judgement.h spells it.
  Status save_judgement(const std::string& model, int64_t version, const Json& judgement);
  Result<std::vector<VersionJudgement>> judgements() const;

  // Removes windows and cleared alarms that ended before `before_us`. The audit log stays.
  Status forget(int64_t before_us);

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway
