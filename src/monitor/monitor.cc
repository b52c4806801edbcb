// Monitor: what happens between an answer and an alarm.
#include "monitor/monitor.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"
#include "monitor/detectors/all.h"

namespace slipway {

namespace {

constexpr size_t kClearedKept = 100;
constexpr std::string_view kInputDrift = "input_drift";
constexpr int64_t kHourUs = int64_t{3600} * 1'000'000;

// `window` without what belongs to a baseline.
Window without_features(const Window& window) {
  Window plain;
  plain.merge(window, false);
  return plain;
}

// Those that another alarm may explain, or the rest.
std::vector<Finding> some_of(const std::vector<Finding>& findings, bool explained) {
  std::vector<Finding> some;
  for (const Finding& f : findings) {
    if (f.explained_by.empty() != explained) some.push_back(f);
  }
  return some;
}

}  // namespace

Monitor::Monitor(MonitorOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), book_(options_.alarms), k_(options_.threshold.k) {}

Result<std::unique_ptr<Monitor>> Monitor::create(MonitorOptions options, const Clock& clock) {
  RETURN_IF_ERROR(check_parameters(options.parameters));
  std::unique_ptr<Monitor> monitor(new Monitor(std::move(options), clock));
  RETURN_IF_ERROR(monitor->restore());
  return monitor;
}

Status Monitor::restore() {
  written_us_ = forgot_us_ = clock_.now_us();
  if (options_.journal.empty()) return {};
  journal_ = TRY(Journal::open(options_.journal));
  book_ = AlarmBook(options_.alarms, TRY(journal_->next_alarm_id()));
  for (Alarm& alarm : TRY(journal_->active_alarms())) {
    restored_.insert(alarm.id);
    book_.restore(std::move(alarm));
  }
  for (VersionTotal& total : TRY(journal_->totals())) {
    version_state(total.model, total.version).recorder.restore_total(std::move(total.total));
  }
  for (VersionJudgement& kept : TRY(journal_->judgements())) {
    // One that was cut short is made again.
    if (Result<Judgement> judgement = Judgement::from_json(kept.judgement); judgement.ok() && judgement->final) {
      version_state(kept.model, kept.version).judgement = std::make_shared<const Judgement>(*std::move(judgement));
    }
  }
  for (auto& [model, state] : models_) {
    state.serving = 0;
    forget_old(state);
  }
  return {};
}

void Monitor::add_sink(AlarmSink sink) {
  std::lock_guard lock(mutex_);
  sinks_.push_back(std::move(sink));
}

void Monitor::set_baseline(const std::string& model, int64_t version, std::shared_ptr<const Baseline> baseline) {
  std::lock_guard lock(mutex_);
  ModelState& state = models_[model];
  if (auto it = state.versions.find(version); it != state.versions.end()) it->second.recorder.set_baseline(baseline);
  state.baselines[version] = std::move(baseline);
  while (state.baselines.size() > options_.versions_with_totals) state.baselines.erase(state.baselines.begin());
}

void Monitor::set_threshold(const ThresholdModel& threshold) {
  std::lock_guard lock(mutex_);
  k_ = threshold.k;
}

Monitor::VersionState& Monitor::version_state(const std::string& model, int64_t version) {
  ModelState& state = models_[model];
  if (auto it = state.versions.find(version); it != state.versions.end()) return it->second;
  auto baseline = state.baselines.find(version);
  VersionState fresh{Recorder(options_.windows, baseline == state.baselines.end() ? nullptr : baseline->second)};
  return state.versions.emplace(version, std::move(fresh)).first->second;
}

void Monitor::begin_serving(const std::string& model, ModelState& state, int64_t version, int64_t now_us) {
  if (state.serving == version) return;
  const int64_t before = state.serving;
  VersionState& v = version_state(model, version);
  if (before != 0 && !state.rolled_back.contains(before)) {
    v.previous = before;
    const Recorder& old = version_state(model, before).recorder;
    const Window last = old.recent(now_us);
    v.previous_window = without_features(last);
    v.previous_points = old.all_points();
    v.previous_rows = old.kept_rows();
    v.previous_inputs = judge_inputs(last, old.baseline().get());
    v.previous_inputs_here = {};
    v.previous_alarms = symptoms_of(model, before);
  }
  v.recorder.restart();
  v.inputs = {};
  v.trusted = std::exchange(state.to_trust, 0) == version;
  v.since_us = now_us;
  v.rows_before = v.recorder.total().rows;
  state.rolled_back.erase(version);
  state.serving = version;
  forget_old(state);
}

void Monitor::serving(const std::string& model, int64_t version, int64_t since_us, int64_t previous) {
  std::lock_guard lock(mutex_);
  ModelState& state = models_[model];
  state.told = true;
  serve(model, state, version, since_us, previous);
}

void Monitor::serve(const std::string& model, ModelState& state, int64_t version, int64_t since_us, int64_t previous) {
  // Its answers may have been seen before anybody said that it serves.
  if (state.serving != version) begin_serving(model, state, version, clock_.now_us());
  VersionState& v = version_state(model, version);
  if (since_us != 0) v.since_us = since_us;
  if (previous != kAsSeen) v.previous = previous;
  if (v.judgement && v.judgement->previous != v.previous) v.judgement = nullptr;
  v.judgement_is_new = v.judgement != nullptr;
  for (const Alarm& alarm : book_.active()) {
    if (alarm.model != model || alarm.version == version || restored_.erase(alarm.id) == 0) continue;
    note(book_.close(model, alarm.version, "the version was no longer in production", clock_.now_us()));
  }
}

void Monitor::trust(const std::string& model, int64_t version) {
  std::lock_guard lock(mutex_);
  trust(model, models_[model], version);
}

void Monitor::trust(const std::string& model, ModelState& state, int64_t version) {
  version_state(model, version).trusted = true;
  if (state.serving != version) state.to_trust = version;
}

void Monitor::judged(const std::string& model, int64_t version, Judgement judgement) {
  std::lock_guard lock(mutex_);
  VersionState& v = version_state(model, version);
  const bool news = v.judgement == nullptr || v.judgement->verdict != judgement.verdict || judgement.final;
  v.judgement = std::make_shared<const Judgement>(std::move(judgement));
  v.judgement_is_new = true;
  if (journal_ && news) unsaved_judgements_[{model, version}] = v.judgement;
}

std::shared_ptr<const Judgement> Monitor::judgement(const std::string& model, int64_t version) const {
  std::lock_guard lock(mutex_);
  auto state = models_.find(model);
  if (state == models_.end()) return nullptr;
  auto v = state->second.versions.find(version);
  return v == state->second.versions.end() ? nullptr : v->second.judgement;
}

void Monitor::rolled_back(const std::string& model, int64_t from, int64_t to) {
  std::lock_guard lock(mutex_);
  ModelState& state = models_[model];
  state.rolled_back.insert(from);
  if (!state.told) begin_serving(model, state, to, clock_.now_us());
}

void Monitor::put_back(const std::string& model, int64_t from, int64_t to) {
  std::lock_guard lock(mutex_);
  ModelState& state = models_[model];
  if (!state.told) serve(model, state, from, 0, to);
  trust(model, state, from);
}

void Monitor::resolve(const std::string& model, int64_t version, const std::string& because) {
  std::lock_guard lock(mutex_);
  note(book_.close(model, version, because, clock_.now_us()));
}

// Windows stay for the versions seen last, totals for some more.
void Monitor::forget_old(ModelState& state) {
  std::vector<std::pair<int64_t, int64_t>> order;  // last seen, version
  for (const auto& [version, v] : state.versions) {
    if (version != state.serving) order.emplace_back(std::max(v.recorder.last_seen_us(), v.since_us), version);
  }
  std::sort(order.rbegin(), order.rend());
  for (size_t i = 0; i < order.size(); ++i) {
    if (i + 1 >= options_.versions_with_totals) {
      state.versions.erase(order[i].second);
    } else if (i + 1 >= options_.versions_with_windows) {
      state.versions.at(order[i].second).recorder.release();
    }
  }
}

void Monitor::observe(std::vector<Observation>&& batch) {
  std::lock_guard lock(mutex_);
  for (const Observation& o : batch) {
    if (o.version == 0) {
      ++unattributed_;
      continue;
    }
    ModelState& state = models_[o.model];
    const bool newest = !state.versions.contains(o.version) && o.version > state.serving;
    if (!state.told && (newest || state.serving == 0)) begin_serving(o.model, state, o.version, clock_.now_us());
    version_state(o.model, o.version).recorder.observe(o);
  }
}

std::vector<View> Monitor::due_views(int64_t now_us) {
  std::vector<View> views;
  for (auto& [model, state] : models_) {
    for (auto& [version, v] : state.versions) {
      v.recorder.seal(now_us);
      const bool answered = v.recorder.last_seen_us() != 0 && v.recorder.last_seen_us() != v.evaluated_us;
      const bool silent = v.recorder.last_seen_us() != 0 && state.serving == version;  // where nothing was answered
      if (!answered && !silent && !v.judgement_is_new) continue;
      v.judgement_is_new = false;
      v.evaluated_us = v.recorder.last_seen_us();
      if (const Baseline* baseline = v.recorder.baseline().get(); baseline != nullptr && !v.previous_rows.empty()) {
        v.previous_inputs_here = judge_inputs(Recorder::count_rows(v.previous_rows, *baseline), baseline);
        v.previous_rows = {};
      }
      views.push_back(view_of(model, state, version, v, now_us));
      if (answered) views.back().recent = v.recorder.recent(now_us);
    }
  }
  return views;
}

// All but the newest answers.
View Monitor::view_of(const std::string& model, const ModelState& state, int64_t version, const VersionState& v,
                      int64_t now_us) const {
  return {.model = model,
          .version = version,
          .previous_version = v.previous,
          .serving = state.serving == version,
          .now_us = now_us,
          .last_seen_us = v.recorder.last_seen_us(),
          .baseline = v.recorder.baseline().get(),
          .points = {v.recorder.points().begin(), v.recorder.points().end()},
          .previous_points = v.previous_points,
          .open = book_.suspicions(model, version),
          .k = k_,
          .judgement = v.judgement};
}

void Monitor::mark_troubled() {
  for (auto& [model, state] : models_) {
    for (auto& [version, v] : state.versions) {
      const auto suspicions = book_.suspicions(model, version);
      v.recorder.set_troubled(std::any_of(suspicions.begin(), suspicions.end(), [](const auto& suspicion) {
        const Detector* detector = find_detector(suspicion.first.detector);
        return detector != nullptr && detector->recalls;
      }));
    }
  }
}

void Monitor::note(std::vector<AlarmEvent> events) {
  for (AlarmEvent& event : events) {
    if (journal_) unsaved_.insert_or_assign(event.alarm.id, event);
    if (event.kind == AlarmEvent::Kind::refreshed || event.alarm.part_of != 0) continue;
    if (event.kind == AlarmEvent::Kind::cleared) cleared_.push_back(event.alarm);
    if (cleared_.size() > kClearedKept) cleared_.erase(cleared_.begin());
    unpublished_.push_back(std::move(event));
  }
}

Monitor::InputJudgement Monitor::judge_inputs(const Window& window, const Baseline* baseline) const {
  View view{.recent = window, .baseline = baseline};
  const std::vector<Finding> findings = find_detector(kInputDrift)->detect(view, options_.parameters);
  return findings.empty() ? InputJudgement() : InputJudgement{true, findings.front().statistic};
}

void Monitor::keep_judgement(const View& view, const std::vector<Finding>& findings) {
  auto model = models_.find(view.model);
  if (findings.empty() || model == models_.end()) return;
  auto version = model->second.versions.find(view.version);
  if (version == model->second.versions.end()) return;
  version->second.inputs = {true, findings.front().statistic};
}

void Monitor::clear_stale(int64_t now_us) {
  for (const Alarm& alarm : book_.active()) {
    const ModelState& state = models_[alarm.model];
    auto it = state.versions.find(alarm.version);
    const int64_t seen = it == state.versions.end() ? 0 : it->second.recorder.last_seen_us();
    const int64_t limit = state.serving == alarm.version ? options_.stale_serving_us : options_.stale_us;
    if (now_us - std::max(seen, alarm.last_us) < limit) continue;
    note(book_.close(alarm, "no answers to judge any more", now_us));
  }
}

Status Monitor::tick() {
  const int64_t now = clock_.now_us();
  std::vector<View> views;
  std::vector<std::shared_ptr<const Baseline>> alive;  // the views point into them
  {
    std::lock_guard lock(mutex_);
    views = due_views(now);
    for (auto& [model, state] : models_) {
      for (auto& [version, baseline] : state.baselines) alive.push_back(baseline);
    }
  }
  struct Judgement {
    const View* view;
    const Detector* detector;
    std::vector<Finding> findings;
  };
  std::vector<Judgement> judgements;
  for (const View& view : views) {
    const bool silent = view.recent.requests == 0;
    for (const Detector* d : all_detectors()) {
      if (silent && !d->hears_silence) continue;
      judgements.push_back({&view, d, d->detect(view, options_.parameters)});
    }
  }
  std::vector<AlarmEvent> events;
  std::vector<AlarmSink> sinks;
  Status status;
  {
    std::lock_guard lock(mutex_);
    for (const bool explained : {false, true}) {  // what explains first
      for (const Judgement& j : judgements) {
        if (!explained && j.detector->name == kInputDrift) keep_judgement(*j.view, j.findings);
        note(book_.apply(j.detector->name, j.view->model, j.view->version, some_of(j.findings, explained), now));
      }
    }
    clear_stale(now);
    mark_troubled();
    events = std::exchange(unpublished_, {});
    sinks = sinks_;
    const bool due = now - written_us_ >= options_.journal_every_us;
    status = save_judgements();
    if (status.ok()) status = save_alarms(due || !events.empty());
    if (due && status.ok()) status = write_windows(now);
  }
  for (const AlarmEvent& event : events) {
    for (const AlarmSink& sink : sinks) sink(event);
  }
  return status;
}

Status Monitor::flush() {
  std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(save_judgements());
  RETURN_IF_ERROR(save_alarms(true));
  for (auto& [model, state] : models_) {
    for (auto& [version, v] : state.versions) v.recorder.seal_open();
  }
  return write_windows(clock_.now_us());
}

Status Monitor::save_alarms(bool all) {
  if (!journal_ || !all || unsaved_.empty()) return {};
  std::vector<AlarmEvent> events;
  for (auto& [id, event] : unsaved_) events.push_back(event);
  RETURN_IF_ERROR(journal_->save_alarms(events));
  unsaved_.clear();
  for (const AlarmEvent& e : events) {
    if (e.kind == AlarmEvent::Kind::refreshed) continue;
    RETURN_IF_ERROR(
        journal_->append({.time_us = e.kind == AlarmEvent::Kind::raised ? e.alarm.start_us : e.alarm.cleared_us,
                          .actor = "monitor",
                          .model = e.alarm.model,
                          .version = e.alarm.version,
                          .action = fmt::format("alarm {}", kind_name(e.kind)),
                          .detail = e.alarm.to_json()}));
  }
  return {};
}

Status Monitor::save_judgements() {
  while (!unsaved_judgements_.empty()) {
    const auto& [key, judgement] = *unsaved_judgements_.begin();
    RETURN_IF_ERROR(journal_->save_judgement(key.first, key.second, judgement->to_json()));
    unsaved_judgements_.erase(unsaved_judgements_.begin());
  }
  return {};
}

Status Monitor::write_windows(int64_t now_us) {
  written_us_ = now_us;
  if (!journal_) return {};
  for (auto& [model, state] : models_) {
    for (auto& [version, v] : state.versions) {
      Window window = v.recorder.take_pending();
      if (window.requests == 0) continue;
      RETURN_IF_ERROR(journal_->save_window(model, version, window, v.recorder.total()));
    }
  }
  if (now_us - forgot_us_ < kHourUs) return {};
  forgot_us_ = now_us;
  return journal_->forget(now_us - options_.keep_us);
}

std::vector<Alarm> Monitor::active_alarms() const {
  std::lock_guard lock(mutex_);
  return book_.active();
}

std::vector<Symptom> Monitor::symptoms_of(const std::string& model, int64_t version) const {
  std::vector<Symptom> symptoms;
  for (const Alarm& a : book_.active()) {
    if (a.model == model && a.version == version) symptoms.push_back({a.detector, a.subject});
  }
  return symptoms;
}

bool Monitor::drifted(const std::string& model, int64_t version) const {
  for (const Alarm& a : book_.active()) {
    if (a.model == model && a.version == version && a.detector == kInputDrift) return true;
  }
  return false;
}

VersionFacts Monitor::facts_of(const std::string& model, const ModelState& state, int64_t version,
                               const VersionState& v, int64_t now_us) const {
  const Window recent = without_features(v.recorder.recent(now_us));
  const Window older = without_features(v.recorder.older(now_us));
  const bool against_previous = v.previous_window.requests > 0;
  const Window& before = against_previous ? v.previous_window : older;
  // By the times between answers: a single one has no rate.
  auto rate = [](const Window& w) {
    return w.requests < 2 ? 0 : static_cast<double>(w.requests - 1) / std::max(1e-3, (w.end_us - w.start_us) * 1e-6);
  };
  return {.model = model,
          .version = version,
          .serving = state.serving == version,
          .rolled_back = state.rolled_back.contains(version),
          .since_us = v.since_us,
          .last_seen_us = v.recorder.last_seen_us(),
          .previous_version = v.previous,
          .has_baseline = v.recorder.baseline() != nullptr,
          .rows_since = v.recorder.total().rows - v.rows_before,
          .rate = rate(recent),
          .rate_before = rate(before),
          .now = stage_times(recent),
          .before = stage_times(before),
          .inputs_judged = v.inputs.known,
          .inputs_psi = v.inputs.psi,
          .inputs_drifted = drifted(model, version),
          .previous_inputs_judged = v.previous_inputs.known,
          .previous_inputs_psi = v.previous_inputs.psi,
          .previous_inputs_compared = v.previous_inputs_here.known,
          .previous_inputs_psi_here = v.previous_inputs_here.psi,
          .previous_alarms = v.previous_alarms,
          .verdict = v.judgement ? std::string(verdict_name(v.judgement->verdict)) : "",
          .judged = v.judgement ? v.judgement->summary : "",
          .trusted = v.trusted,
          .answers_known_by = v.recorder.baseline() ? v.recorder.baseline()->answers_from : ""};
}

std::vector<VersionFacts> Monitor::facts() const {
  std::lock_guard lock(mutex_);
  const int64_t now = clock_.now_us();
  std::vector<VersionFacts> all;
  for (const auto& [model, state] : models_) {
    for (const auto& [version, v] : state.versions) all.push_back(facts_of(model, state, version, v, now));
  }
  return all;
}

Json Monitor::alarms_json() const {
  std::lock_guard lock(mutex_);
  Json active = Json::array();
  const std::vector<Alarm> alarms = book_.active();
  for (const Alarm& a : alarms) {
    if (a.part_of != 0) continue;
    Json json = a.to_json();
    Json parts = Json::array();
    for (const Alarm& part : alarms) {
      if (part.part_of == a.id) parts.push(part.to_json());
    }
    if (!parts.items().empty()) json.set("parts", std::move(parts));
    active.push(std::move(json));
  }
  Json cleared = Json::array();
  for (auto it = cleared_.rbegin(); it != cleared_.rend(); ++it) cleared.push(it->to_json());
  return Json::object({{"active", std::move(active)}, {"cleared", std::move(cleared)}});
}

std::string log_line(const AlarmEvent& event) {
  const Alarm& a = event.alarm;
  return fmt::format("alarm {} id={} model={} version={} detector={} subject={} severity={}: {}", kind_name(event.kind),
                     a.id, a.model, a.version, a.detector, json_quote(a.subject), severity_name(a.severity),
                     printable(event.kind == AlarmEvent::Kind::cleared ? a.cleared_because : a.message));
}

}  // namespace slipway
