// Healer: diagnoses what the monitor sees, and repairs what the policy allows, one step at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "monitor/monitor.h"
#include "repair/actions.h"
#include "repair/diagnose.h"
#include "repair/policy.h"
#include "repair/remedy.h"
#include "repair/repair.h"

namespace slipway {

// Called on the thread that calls step(), after the step is in the audit log.
using RepairSink = std::function<void(const Repair&)>;

// Thread-safe. Every step of every repair is in the monitor's journal, when it has one, before the next is made;
// repairs that were open when the program stopped go on. A journal that cannot be written hinders nothing: the steps
// wait in memory and are written once it can be.
class Healer {
 public:
  // All three outlive it.
  static Result<std::unique_ptr<Healer>> create(Monitor& monitor, Actions& actions, Policy policy,
                                                DiagnoseOptions options = {});

  void add_sink(RepairSink sink);

  // Diagnoses, moves open repairs on, opens new ones. Call after Monitor::tick(). An error is the journal's.
  Status step(int64_t now_us);

  // A person decides to apply a proposed repair; the next step() does. not_found, or failed_precondition when it is not
  // waiting.
  Status approve(int64_t repair, const std::string& who, int64_t now_us);
  // A person decides against a proposed repair; the remedy is neither made nor proposed again for this version. Errors
  // as of approve().
  Status refuse(int64_t repair, const std::string& who, int64_t now_us);

  Diagnosis diagnosis() const;
  // Open ones and the last 100 ended, by id.
  std::vector<Repair> repairs() const;
  // {"diagnosis": {...}, "repairs": [...], "audit": [the last 50 entries]}: what `slipway doctor` reads.
  Json to_json() const;

 private:
  Healer(Monitor& monitor, Actions& actions, Policy policy, DiagnoseOptions options)
      : monitor_(monitor), actions_(actions), policy_(std::move(policy)), options_(options) {}
  Status restore();
  // Moves a proposed repair to `state`, as somebody decided. Requires: mutex_ is held.
  Status decide_by_hand(int64_t repair, Repair::State state, const std::string& who, int64_t now_us);
  void move_on(Repair& repair, int64_t now_us);
  void apply(Repair& repair, int64_t now_us);
  void undo(const Repair& repair, std::string& note);
  void consider(const Cause& cause, int64_t now_us);
  void open(const Remedy& remedy, const Cause& cause, const Decision& decision, int64_t now_us);
  void act(Repair& repair, const Cause& cause, const Decision& decision, int64_t now_us);
  void enter(Repair& repair, Repair::State state, std::string note, int64_t now_us, Json detail = Json::object());
  void record(const Repair& repair, const std::string& actor, int64_t now_us, Json detail);
  Status save();
  Repair* proposed(const Remedy& remedy, const Cause& cause);
  std::vector<Symptom> symptoms_of(const Cause& cause) const;
  int64_t confirm(const Cause& cause, int64_t now_us);
  RemedyHistory history_of(const Remedy& remedy, const Cause& cause, int64_t now_us);
  const VersionFacts* serving(const std::string& model) const;
  const VersionFacts* facts_of(const std::string& model, int64_t version) const;

  struct Confirmation {
    int64_t times = 0;
    int64_t last_seen_us = 0;  // of the version, at the latest one
    int64_t time_us = 0;       // of the latest one
    int64_t step = 0;
  };

  Monitor& monitor_;
  Actions& actions_;
  const Policy policy_;
  const DiagnoseOptions options_;
  mutable std::mutex mutex_;
  Diagnosis diagnosis_;
  std::vector<Repair> repairs_;
  int64_t next_id_ = 1;
  int64_t steps_ = 0;
  std::map<std::tuple<CauseKind, std::string, int64_t>, Confirmation> confirmations_;
  std::vector<RepairSink> sinks_;
  std::vector<Repair> told_;  // states entered in this step, for the sinks
  // A step that the journal does not have yet.
  struct Unsaved {
    int64_t repair = 0;
    bool open = false;
    Json state;
    AuditEntry entry;
  };
  std::deque<Unsaved> unsaved_;  // the oldest first
};

// "repair 4 rollback model=digits version=2 verifying: <note>"
std::string log_line(const Repair& repair);

}  // namespace slipway
