// Healer: decide purely, act here.
#include "repair/healer.h"

#include <algorithm>

#include <fmt/format.h>

#include "repair/remedies/all.h"

namespace slipway {

namespace {

constexpr size_t kEndedKept = 100;
constexpr size_t kUnsavedKept = 1000;
constexpr int64_t kQuietUs = 1'500'000;
constexpr int64_t kHourUs = int64_t{3600} * 1'000'000;

}  // namespace

Result<std::unique_ptr<Healer>> Healer::create(Monitor& monitor, Actions& actions, Policy policy,
                                               DiagnoseOptions options) {
  std::unique_ptr<Healer> healer(new Healer(monitor, actions, std::move(policy), options));
  RETURN_IF_ERROR(healer->restore());
  return healer;
}

Status Healer::restore() {
  Journal* journal = monitor_.journal();
  if (journal == nullptr) return {};
  next_id_ = TRY(journal->next_repair_id());
  for (const Json& json : TRY(journal->open_repairs())) repairs_.push_back(TRY(Repair::from_json(json)));
  return {};
}

void Healer::add_sink(RepairSink sink) {
  std::lock_guard lock(mutex_);
  sinks_.push_back(std::move(sink));
}

const VersionFacts* Healer::serving(const std::string& model) const {
  for (const VersionFacts& v : diagnosis_.versions) {
    if (v.model == model && v.serving) return &v;
  }
  return nullptr;
}

const VersionFacts* Healer::facts_of(const std::string& model, int64_t version) const {
  for (const VersionFacts& v : diagnosis_.versions) {
    if (v.model == model && v.version == version) return &v;
  }
  return nullptr;
}

void Healer::record(const Repair& repair, const std::string& actor, int64_t now_us, Json detail) {
  told_.push_back(repair);
  if (monitor_.journal() == nullptr) return;
  AuditEntry entry{.time_us = now_us,
                   .actor = actor,
                   .model = repair.model(),
                   .version = repair.version(),
                   .action = fmt::format("{} {}", repair.remedy, state_name(repair.state)),
                   .detail = std::move(detail.set("repair", repair.id).set("note", repair.note))};
  // What was refused stays so over a restart.
  const bool remembered = repair.open() || repair.state == Repair::State::refused;
  unsaved_.push_back({repair.id, remembered, repair.to_json(), std::move(entry)});
  if (unsaved_.size() > kUnsavedKept) unsaved_.pop_front();
  static_cast<void>(save());  // tried again, and told, at the end of step()
}

Status Healer::save() {
  Journal* journal = monitor_.journal();
  while (!unsaved_.empty()) {
    const Unsaved& step = unsaved_.front();
    RETURN_IF_ERROR(journal->save_repair(step.repair, step.open, step.state));
    RETURN_IF_ERROR(journal->append(step.entry));
    unsaved_.pop_front();
  }
  return {};
}

void Healer::enter(Repair& repair, Repair::State state, std::string note, int64_t now_us, Json detail) {
  repair.state = state;
  repair.note = std::move(note);
  if (!repair.open()) repair.ended_us = now_us;
  if (state == Repair::State::closed && repair.version_after != 0) {
    monitor_.resolve(repair.model(), repair.version(), fmt::format("{}: {}", repair.remedy, repair.note));
  }
  record(repair, "healer", now_us, std::move(detail));
}

// Applies the remedy of a repair that is acting.
void Healer::apply(Repair& repair, int64_t now_us) {
  const Remedy* remedy = find_remedy(repair.remedy);
  if (remedy == nullptr) {
    return enter(repair, Repair::State::failed, fmt::format("there is no remedy \"{}\"", repair.remedy), now_us);
  }
  Result<Json> done = remedy->act(repair.cause, actions_);
  if (!done.ok()) return enter(repair, Repair::State::failed, done.status().message(), now_us);
  repair.acted_us = now_us;
  repair.version_after = (*done)["to"].as_int();
  repair.rows_then = 0;
  const std::string& asked = (*done)["proposal"].as_string();  // of people
  std::string note = (asked.empty() ? "the remedy was applied" : asked) + "; waiting for answers without the symptom";
  if (repair.version_after != 0) {
    monitor_.rolled_back(repair.model(), repair.version(), repair.version_after);
    note = fmt::format("version {} serves again; waiting for its fresh answers", repair.version_after);
  } else if (const VersionFacts* facts = facts_of(repair.model(), repair.version())) {
    repair.rows_then = facts->rows_since;
  }
  enter(repair, Repair::State::verifying, std::move(note), now_us, std::move(*done));
}

// The version that was put back has the symptom, too: the one that was taken away is not to blame for it.
void Healer::undo(const Repair& repair, std::string& note) {
  Status undone = actions_.restore(repair.model(), repair.version(), repair.version_after);
  if (!undone.ok()) {
    note += fmt::format("; version {} could not be made production again: {}", repair.version(), undone.message());
    return;
  }
  note += fmt::format("; version {} is production again, and no longer rejected", repair.version());
  monitor_.put_back(repair.model(), repair.version(), repair.version_after);
}

void Healer::move_on(Repair& repair, int64_t now_us) {
  if (repair.state == Repair::State::acting) {
    // Begun by a person, or cut short by a crash: then another version may serve already.
    const VersionFacts* now = serving(repair.model());
    if (now == nullptr) return;
    if (now->version == repair.version()) return apply(repair, now_us);
    repair.acted_us = now_us;
    repair.version_after = now->version;
    repair.rows_then = now->rows_since;
    monitor_.rolled_back(repair.model(), repair.version(), repair.version_after);
    return enter(repair, Repair::State::verifying, fmt::format("version {} serves already", now->version), now_us);
  }
  const Remedy* remedy = find_remedy(repair.remedy);
  const RemedyPolicy& policy = remedy == nullptr ? RemedyPolicy() : policy_.of(repair.remedy);
  auto next = progress(repair, policy, diagnosis_.alarms, diagnosis_.versions, now_us);
  if (!next) return;
  if (next->state == Repair::State::failed && repair.version_after != 0) undo(repair, next->note);
  enter(repair, next->state, std::move(next->note), now_us);
}

// Counts diagnoses in a row that found the same likeliest cause, each with new answers or, when none come, some time
// after the one before.
int64_t Healer::confirm(const Cause& cause, int64_t now_us) {
  const VersionFacts* facts = facts_of(cause.model, cause.version);
  Confirmation& c = confirmations_[{cause.kind, cause.model, cause.version}];
  const int64_t last_seen = facts == nullptr ? 0 : facts->last_seen_us;
  if (last_seen != c.last_seen_us || now_us - c.time_us >= kQuietUs) {
    ++c.times;
    c.last_seen_us = last_seen;
    c.time_us = now_us;
  }
  c.step = steps_;
  return c.times;
}

RemedyHistory Healer::history_of(const Remedy& remedy, const Cause& cause, int64_t now_us) {
  RemedyHistory history;
  for (const Repair& r : repairs_) {
    if (r.remedy != remedy.name || r.model() != cause.model) continue;
    history.open = history.open || r.open();
    history.refused = history.refused || (r.state == Repair::State::refused && r.version() == cause.version);
    history.last_end_us = std::max(history.last_end_us, r.ended_us);
    if (r.acted_us != 0 && now_us - r.acted_us < kHourUs) ++history.acted_last_hour;
  }
  return history;
}

// What has to be gone for a repair to be closed. Of a proved cause that is the proof, and what the same fault does to
// every answer: other alarms may well be about the inputs.
std::vector<Symptom> Healer::symptoms_of(const Cause& cause) const {
  std::vector<Symptom> all, proof;
  bool invalid = false, failing = false;
  for (const Alarm& a : diagnosis_.alarms) {
    if (std::find(cause.alarms.begin(), cause.alarms.end(), a.id) == cause.alarms.end()) continue;
    all.push_back({a.detector, a.subject});
    if (a.detector != "predecessor") continue;
    proof.push_back(all.back());
    invalid = invalid || a.subject == "invalid answers";
    failing = failing || a.subject == "failures";
  }
  if (!cause.proved) return all;
  if (invalid) proof.push_back({"error_rate", "invalid outputs"});
  if (failing) proof.push_back({"error_rate", "faults"});
  return proof;
}

void Healer::open(const Remedy& remedy, const Cause& cause, const Decision& decision, int64_t now_us) {
  const VersionFacts* facts = facts_of(cause.model, cause.version);
  Repair repair{.id = next_id_++,
                .remedy = remedy.name,
                .cause = cause,
                .proposal = remedy.proposal(cause, actions_),
                .symptoms = symptoms_of(cause),
                .opened_us = now_us,
                .rows_then = facts->rows_since};
  enter(repair, Repair::State::proposed, decision.because, now_us,
        Json::object({{"cause", cause.to_json()}, {"proposal", repair.proposal}}));
  if (decision.what == Decision::What::act) act(repair, cause, decision, now_us);
  repairs_.push_back(std::move(repair));
}

void Healer::act(Repair& repair, const Cause& cause, const Decision& decision, int64_t now_us) {
  repair.cause = cause;
  repair.symptoms = symptoms_of(cause);
  enter(repair, Repair::State::acting, fmt::format("the policy lets it act by itself: {}", decision.because), now_us);
  apply(repair, now_us);
}

Repair* Healer::proposed(const Remedy& remedy, const Cause& cause) {
  for (Repair& r : repairs_) {
    const bool same = r.remedy == remedy.name && r.model() == cause.model && r.version() == cause.version;
    if (same && r.state == Repair::State::proposed) return &r;
  }
  return nullptr;
}

void Healer::consider(const Cause& cause, int64_t now_us) {
  const int64_t times = confirm(cause, now_us);
  const VersionFacts* facts = facts_of(cause.model, cause.version);
  for (const Remedy* remedy : all_remedies()) {
    if (remedy->treats != cause.kind || facts == nullptr || !remedy->applies(cause, *facts)) continue;
    RemedyHistory history = history_of(*remedy, cause, now_us);
    history.confirmations = times;
    history.trusted = facts->trusted;
    // One that was proposed when the cause was only likely, or cut short before it was begun.
    Repair* waiting = proposed(*remedy, cause);
    if (waiting != nullptr) history.open = false;
    const Decision decision = decide(policy_.of(remedy->name), cause, history, now_us);
    if (waiting != nullptr && decision.what == Decision::What::act) {
      act(*waiting, cause, decision, now_us);
    } else if (waiting == nullptr && decision.what != Decision::What::nothing) {
      open(*remedy, cause, decision, now_us);
    }
  }
}

Status Healer::step(int64_t now_us) {
  std::vector<Alarm> alarms = monitor_.active_alarms();
  std::vector<VersionFacts> versions = monitor_.facts();
  std::vector<Repair> told;
  std::vector<RepairSink> sinks;
  Status status;
  {
    std::lock_guard lock(mutex_);
    ++steps_;
    diagnosis_ = diagnose(std::move(alarms), std::move(versions), now_us, options_);
    for (Repair& repair : repairs_) {
      if (repair.open()) move_on(repair, now_us);
    }
    for (const Cause& cause : diagnosis_.causes) {
      if (diagnosis_.likeliest(cause.model, cause.version) == &cause) consider(cause, now_us);
    }
    const Status settled = actions_.settle();
    status = save();
    if (status.ok()) status = settled;
    std::erase_if(confirmations_, [this](const auto& item) { return item.second.step != steps_; });
    while (repairs_.size() > kEndedKept && !repairs_.front().open()) repairs_.erase(repairs_.begin());
    told = std::exchange(told_, {});
    sinks = sinks_;
  }
  for (const Repair& repair : told) {
    for (const RepairSink& sink : sinks) sink(repair);
  }
  return status;
}

Status Healer::approve(int64_t id, const std::string& who, int64_t now_us) {
  std::lock_guard lock(mutex_);
  return decide_by_hand(id, Repair::State::acting, who, now_us);
}

Status Healer::refuse(int64_t id, const std::string& who, int64_t now_us) {
  std::lock_guard lock(mutex_);
  return decide_by_hand(id, Repair::State::refused, who, now_us);
}

Status Healer::decide_by_hand(int64_t id, Repair::State state, const std::string& who, int64_t now_us) {
  const auto repair = std::ranges::find(repairs_, id, &Repair::id);
  if (repair == repairs_.end()) return not_found(fmt::format("there is no repair {}", id));
  if (repair->state != Repair::State::proposed) {
    return failed_precondition(fmt::format("repair {} is {}, not proposed", id, state_name(repair->state)));
  }
  repair->state = state;
  repair->note = fmt::format("{} by {}", state == Repair::State::refused ? "refused" : "approved", who);
  if (!repair->open()) repair->ended_us = now_us;
  record(*repair, who, now_us, Json::object());
  return {};
}

Diagnosis Healer::diagnosis() const {
  std::lock_guard lock(mutex_);
  return diagnosis_;
}

std::vector<Repair> Healer::repairs() const {
  std::lock_guard lock(mutex_);
  return repairs_;
}

Json Healer::to_json() const {
  Json repairs = Json::array();
  for (const Repair& r : this->repairs()) repairs.push(r.to_json());
  Json audit = Json::array();
  if (Journal* journal = monitor_.journal()) {
    auto entries = journal->audit(50);
    if (entries.ok()) {
      for (const AuditEntry& e : *entries) audit.push(e.to_json());
    }
  }
  return Json::object(
      {{"diagnosis", diagnosis().to_json()}, {"repairs", std::move(repairs)}, {"audit", std::move(audit)}});
}

std::string log_line(const Repair& r) {
  return fmt::format("repair {} {} model={} version={} {}: {}", r.id, r.remedy, r.model(), r.version(),
                     state_name(r.state), r.note);
}

}  // namespace slipway
