// Asking, comparing, concluding.
#include "monitor/trials.h"

#include <algorithm>

#include "monitor/detectors/all.h"

namespace slipway {

namespace {

constexpr int64_t kHoldoutRows = 32;  // asked at once
constexpr int64_t kRowsAgain = 200;   // asked twice of the version before, to see whether it repeats its answers

// Position in `of` of every name in `names`; empty when the two lists are the same, or do not hold the same names.
std::vector<int64_t> positions(const std::vector<std::string>& names, const std::vector<std::string>& of) {
  if (names == of || names.size() != of.size()) return {};
  std::vector<int64_t> at;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(of, name);
    if (found == of.end()) return {};
    at.push_back(found - of.begin());
  }
  return at;
}

// Whether tensors that one of the two takes mean the same to the other.
bool alike(uint64_t a, uint64_t b) { return a == b || a == 0 || b == 0; }

Result<std::vector<Tensor>> answer(const Contender& contender, const Contender& other, const KeptRequest& request) {
  if (request.raw == nullptr) {
    if (!alike(contender.preparation, request.preparation)) return invalid("the version takes other inputs");
    return contender.ask(request.inputs);
  }
  const Contender& prepares = contender.prepare != nullptr ? contender : other;
  if (prepares.prepare == nullptr) return invalid("the version takes other inputs");
  return contender.ask(TRY(prepares.prepare(*request.raw)));
}

// `other`: whom the same is asked.
Given ask(const Contender& contender, const Contender& other, const KeptRequest& request, const Clock& clock) {
  const int64_t start = clock.steady_ns();
  Result<std::vector<Tensor>> outputs = answer(contender, other, request);
  Given given{.status = outputs.status(), .took_ns = clock.steady_ns() - start};
  if (outputs.ok() && !outputs->empty()) given.output = std::move(outputs->front());
  if (outputs.ok() && !given.output.defined()) given.status = internal("the version answered nothing");
  return given;
}

// Rows [begin, end) of a holdout: as the versions take them where both prepare alike, else raw.
KeptRequest holdout_request(const Holdout& holdout, const Contender& before, const Contender& now, int64_t begin,
                            int64_t end) {
  KeptRequest request{.inputs = {}, .rows = end - begin, .raw = nullptr, .preparation = before.preparation};
  if (alike(before.preparation, now.preparation)) {
    for (const Tensor& t : holdout.inputs) request.inputs.push_back(t.rows(begin, end));
    return request;
  }
  NamedRows rows{.names = holdout.raw.names, .values = {}};
  for (const Tensor& t : holdout.raw.values) rows.values.push_back(t.rows(begin, end));
  request.raw = std::make_shared<const NamedRows>(std::move(rows));
  return request;
}

// nullptr for a holdout that means something else to one of the two.
std::shared_ptr<const Holdout> usable(std::shared_ptr<const Holdout> holdout, const Contender& before,
                                      const Contender& now) {
  if (holdout == nullptr || alike(before.preparation, now.preparation)) return holdout;
  return holdout->raw.names.empty() ? nullptr : holdout;
}

// The labels of a holdout as classes of the version before.
std::shared_ptr<const Holdout> in_terms_of(const Contender& before, std::shared_ptr<const Holdout> holdout) {
  if (holdout == nullptr || holdout->labels.dtype() != DType::i64) return holdout;
  const std::vector<int64_t> rename = positions(holdout->classes, before.classes);
  if (rename.empty()) return holdout;
  auto renamed = std::make_shared<Holdout>(*holdout);
  renamed->labels = holdout->labels.clone();
  for (int64_t& label : renamed->labels.mutable_data<int64_t>()) label = rename.at(static_cast<size_t>(label));
  return renamed;
}

}  // namespace

JudgementLimits judgement_limits(const Parameters& overrides) {
  const Detector& card = *find_detector("predecessor");
  auto value = [&](const char* name) { return parameter(card, name, overrides); };
  return {.loss = value("loss"),
          .contradicted = value("contradicted"),
          .fall = value("fall"),
          .invalid = value("invalid"),
          .slower = value("slower"),
          .z = value("z"),
          .rows = value("rows"),
          .enough = value("enough")};
}

Trials::Trials(Monitor& monitor, const Clock& clock, TrialOptions options)
    : monitor_(monitor), clock_(clock), options_(options), limits_(judgement_limits(monitor.parameters())) {}

void Trials::observe(const Observation& o) {
  if (o.version == 0) return;
  std::lock_guard lock(mutex_);
  auto found = samples_.find(o.model);
  if (found == samples_.end()) found = samples_.emplace(o.model, InputSample(options_.sample)).first;
  const int64_t share = options_.all_bytes / static_cast<int64_t>(samples_.size());
  if (found->second.bytes() < share) found->second.add(o);
  for (auto& [key, running] : running_) {
    if (key.first == o.model && running->later.bytes() < share) running->later.add(o);
  }
}

void Trials::begin(const std::string& model, Contender before, Contender now, std::shared_ptr<const Holdout> holdout) {
  const std::shared_ptr<const Judgement> known = monitor_.judgement(model, now.version);
  std::lock_guard lock(mutex_);
  const std::pair<std::string, int64_t> key{model, now.version};
  running_.erase(key);
  const bool decided = known && known->final && known->previous == before.version;
  if (decided && known->verdict != Judgement::Verdict::unknown) return;
  auto running = std::make_shared<Running>();
  running->model = model;
  running->holdout = in_terms_of(before, usable(std::move(holdout), before, now));
  running->rename = positions(now.classes, before.classes);
  running->trial = {.version = now.version, .previous = before.version, .holdout_done = running->holdout == nullptr};
  running->before = std::move(before);
  running->now = std::move(now);
  running->later = InputSample(options_.sample);
  running->begun_us = clock_.now_us();
  if (auto sample = samples_.find(model); sample != samples_.end()) running->earlier = sample->second.requests();
  running_[key] = std::move(running);
}

void Trials::end(const std::string& model, int64_t version) {
  std::lock_guard lock(mutex_);
  running_.erase({model, version});
}

std::vector<Trials::Question> Trials::next_questions(Running& r) const {
  std::vector<Question> questions;
  if (!r.trial.holdout_done) {
    const int64_t fixed = std::max(r.before.rows, r.now.rows);
    const int64_t rows = fixed > 0 ? fixed : kHoldoutRows;
    const int64_t begin = r.holdout_asked, end = begin + rows;
    const int64_t all = r.holdout->labels.dim(0);
    r.trial.holdout_done = end + (fixed > 0 ? rows : 1) > all;
    if (begin >= all || (fixed > 0 && end > all)) return questions;
    const int64_t last = std::min(end, all);
    KeptRequest request = holdout_request(*r.holdout, r.before, r.now, begin, last);
    questions.push_back({std::move(request), r.holdout->labels.rows(begin, last), &Trial::holdout});
    r.holdout_asked = last;
    return questions;
  }
  while (questions.size() < options_.requests_per_step && r.earlier_asked < r.earlier.size()) {
    questions.push_back({r.earlier[r.earlier_asked++], {}, &Trial::before});
  }
  const std::vector<KeptRequest>& later = r.later.requests();
  while (questions.size() < options_.requests_per_step && r.later_asked < later.size()) {
    questions.push_back({later[r.later_asked++], {}, &Trial::after});
  }
  return questions;
}

// The trials take turns.
std::shared_ptr<Trials::Running> Trials::next_running(std::vector<Question>& questions) {
  std::lock_guard lock(mutex_);
  auto it = running_.upper_bound(last_);
  for (size_t i = 0; i < running_.size(); ++i, ++it) {
    if (it == running_.end()) it = running_.begin();
    questions = next_questions(*it->second);
    last_ = it->first;
    const bool late = clock_.now_us() - it->second->begun_us >= options_.most_us;
    if (!questions.empty() || (late && !it->second->told_late)) {
      it->second->told_late = late;
      return it->second;
    }
  }
  return nullptr;
}

bool Trials::step() {
  std::vector<Question> questions;
  const std::shared_ptr<Running> running = next_running(questions);
  if (running == nullptr) return false;
  for (const Question& q : questions) {
    running->turn = !running->turn;  // whoever is second finds the inputs in the cache
    Given now, before;
    if (running->turn) now = ask(running->now, running->before, q.request, clock_);
    before = ask(running->before, running->now, q.request, clock_);
    if (!running->turn) now = ask(running->now, running->before, q.request, clock_);
    (running->trial.*q.into).add(before, now, q.request.rows, q.labels, running->rename);
    if (q.labels.defined() || running->trial.again.rows >= kRowsAgain) continue;
    running->trial.again.add(before, ask(running->before, running->now, q.request, clock_), q.request.rows);
  }
  conclude(running);
  return !questions.empty();
}

void Trials::conclude(const std::shared_ptr<Running>& running) {
  using Verdict = Judgement::Verdict;
  Trial& trial = running->trial;
  Judgement judgement = judge(trial, limits_);
  const int64_t rows = trial.before.rows + trial.after.rows;
  const bool late = clock_.now_us() - running->begun_us >= options_.most_us;
  const bool decided = judgement.verdict == Verdict::worse ||
                       (judgement.verdict != Verdict::gathering && (trial.after.rows >= options_.rows_after || late)) ||
                       (late && static_cast<double>(rows) >= limits_.rows);
  if (decided || static_cast<double>(rows) >= 2 * limits_.enough) {
    trial.over = true;
    judgement = judge(trial, limits_);
  }
  std::lock_guard lock(mutex_);
  auto found = running_.find({running->model, trial.version});
  if (found == running_.end() || found->second != running) return;  // begun anew, or given up
  monitor_.judged(running->model, trial.version, std::move(judgement));
  if (trial.over) running_.erase(found);
}

}  // namespace slipway
