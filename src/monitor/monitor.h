// Monitor: observes every answer, judges them with all detectors, and keeps alarms.
//
// observe() is called by the event bus's listener thread, tick() once a second by whoever drives the server, the rest
// by anyone. Counters are exact. Per-feature statistics are of a sample when a window holds more than
// WindowOptions::sampled_rows rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "monitor/alarm.h"
#include "monitor/facts.h"
#include "monitor/journal.h"
#include "monitor/judgement.h"
#include "monitor/recorder.h"
#include "monitor/threshold.h"
#include "runtime/observation.h"

namespace slipway {

struct MonitorOptions {
  WindowOptions windows;
  AlarmOptions alarms;
  Parameters parameters;  // overrides by "detector.parameter"
  ThresholdModel threshold;
  std::filesystem::path journal;  // empty: nothing is kept over a restart
  int64_t journal_every_us = 10'000'000;
  int64_t keep_us = int64_t{30} * 24 * 3600 * 1'000'000;  // of windows and cleared alarms
  // Alarms of a version without answers for this long are cleared: silence of the version that serves is no sign that
  // its trouble is over.
  int64_t stale_us = 120'000'000;
  int64_t stale_serving_us = 3'600'000'000;
  size_t versions_with_windows = 3;  // per model, the latest seen; of others only totals are kept
  size_t versions_with_totals = 16;  // per model; older ones are in the journal only
};

// Called on the thread that calls tick(), after raised and cleared alarms are on disk.
using AlarmSink = std::function<void(const AlarmEvent&)>;

// Thread-safe.
class Monitor {
 public:
  // `clock` outlives the monitor. Opens the journal and restores active alarms and totals.
  static Result<std::unique_ptr<Monitor>> create(MonitorOptions options, const Clock& clock);

  void add_sink(AlarmSink sink);
  // What a version's windows are compared with; nullptr: nothing.
  void set_baseline(const std::string& model, int64_t version, std::shared_ptr<const Baseline> baseline);
  void set_threshold(const ThresholdModel& threshold);
  // A version became the one that answers requests without a version: now (`since_us` 0), after `previous` (0: after
  // none; kAsSeen: after the one that did so far). A server that starts says since when that has been so and which
  // version was before: alarms of other versions that were active when it stopped are cleared then. Of a model of which
  // this was never said, the highest version that answers is taken for the one that serves.
  static constexpr int64_t kAsSeen = -1;
  void serving(const std::string& model, int64_t version, int64_t since_us = 0, int64_t previous = kAsSeen);
  // A person made the version production though it had been rejected: it is judged, and blamed by nobody but people.
  void trust(const std::string& model, int64_t version);
  // How a version does beside the one it replaced; kept over a restart. Such judgements are made by Trials.
  void judged(const std::string& model, int64_t version, Judgement judgement);
  // nullptr: none yet.
  std::shared_ptr<const Judgement> judgement(const std::string& model, int64_t version) const;
  const Parameters& parameters() const { return options_.parameters; }
  // A repair took `from` back, for `to`: it is no version to compare with or to return to. Its alarms stay until
  // resolve(): the symptom has to be seen gone first. When `to` begins to serve is said by serving(); of a model of
  // which that was never called, it does so now.
  void rolled_back(const std::string& model, int64_t from, int64_t to);
  // A repair undid that: `from` is to serve again instead of `to`, and is trusted when it does.
  void put_back(const std::string& model, int64_t from, int64_t to);
  // Clears the alarms of a version that was repaired or replaced.
  void resolve(const std::string& model, int64_t version, const std::string& because);

  // Observations without a version (unknown model, unreadable request) are only counted.
  void observe(std::vector<Observation>&& batch);

  // Evaluates every detector on every version with new answers; writes the journal. An error is the journal's; judging
  // went on without it.
  Status tick();
  // Writes to the journal what it does not have yet, however recent: the last thing before the end.
  Status flush();

  std::vector<Alarm> active_alarms() const;
  std::vector<VersionFacts> facts() const;
  // {"active": [...], "cleared": [the last 100]}; an alarm that explains others has them as "parts".
  Json alarms_json() const;
  // Models, versions, their totals and recent windows.
  Json snapshot() const;
  // Prometheus text.
  std::string metrics() const;

  // nullptr without a journal.
  Journal* journal() const { return journal_.get(); }

 private:
  // What input_drift said of some inputs.
  struct InputJudgement {
    bool known = false;
    double psi = 0;
  };
  struct VersionState {
    Recorder recorder;
    int64_t since_us = 0;     // began to serve
    int64_t rows_before = 0;  // rows answered before that
    int64_t previous = 0;
    int64_t evaluated_us = -1;             // last_seen of the latest evaluation
    InputJudgement inputs;                 // its own, by its own baseline, since it began to serve
    Window previous_window;                // the previous version's last answers when this one began, without features
    std::vector<Point> previous_points;    // and what was usual for it
    std::vector<float> previous_rows;      // some of their inputs, until they are judged
    InputJudgement previous_inputs;        // of them by the previous version's baseline
    InputJudgement previous_inputs_here;   // and by this one's
    std::vector<Symptom> previous_alarms;  // active for the previous version when this one began
    std::shared_ptr<const Judgement> judgement;  // beside the previous version
    bool judgement_is_new = false;               // not yet seen by the detectors
    bool trusted = false;
  };
  struct ModelState {
    std::map<int64_t, VersionState> versions;
    std::map<int64_t, std::shared_ptr<const Baseline>> baselines;
    int64_t serving = 0;
    bool told = false;     // by serving(), which version serves
    int64_t to_trust = 0;  // when it begins to serve; 0: none
    std::set<int64_t> rolled_back;
  };

  Monitor(MonitorOptions options, const Clock& clock);
  Status restore();
  VersionState& version_state(const std::string& model, int64_t version);
  void begin_serving(const std::string& model, ModelState& state, int64_t version, int64_t now_us);
  // What serving() says. Requires: mutex_ is held.
  void serve(const std::string& model, ModelState& state, int64_t version, int64_t since_us, int64_t previous);
  void trust(const std::string& model, ModelState& state, int64_t version);
  void forget_old(ModelState& state);
  std::vector<View> due_views(int64_t now_us);
  View view_of(const std::string& model, const ModelState& state, int64_t version, const VersionState& v,
               int64_t now_us) const;
  // Tells recorders whether what they record is an example of what is usual.
  void mark_troubled();
  void keep_judgement(const View& view, const std::vector<Finding>& findings);
  InputJudgement judge_inputs(const Window& window, const Baseline* baseline) const;
  void clear_stale(int64_t now_us);
  void note(std::vector<AlarmEvent> events);
  Status write_windows(int64_t now_us);
  Status save_alarms(bool all);
  Status save_judgements();
  bool drifted(const std::string& model, int64_t version) const;
  std::vector<Symptom> symptoms_of(const std::string& model, int64_t version) const;
  VersionFacts facts_of(const std::string& model, const ModelState& state, int64_t version, const VersionState& v,
                        int64_t now_us) const;

  const MonitorOptions options_;
  const Clock& clock_;
  std::unique_ptr<Journal> journal_;
  mutable std::mutex mutex_;  // guards everything below
  std::map<std::string, ModelState> models_;
  AlarmBook book_;
  std::vector<Alarm> cleared_;  // the latest, oldest first
  std::vector<AlarmSink> sinks_;
  double k_ = 2;
  int64_t unattributed_ = 0;
  int64_t written_us_ = 0;
  int64_t forgot_us_ = 0;
  std::vector<AlarmEvent> unpublished_;    // raised and cleared since the last tick, for the sinks
  std::map<int64_t, AlarmEvent> unsaved_;  // the latest of each alarm that is not on disk yet
  std::map<std::pair<std::string, int64_t>, std::shared_ptr<const Judgement>> unsaved_judgements_;
  std::set<int64_t> restored_;  // alarms that were active when the program stopped
};

// "ALARM raised model=digits version=3 detector=output_drift subject=classes severity=critical: <message>"
std::string log_line(const AlarmEvent& event);

}  // namespace slipway
