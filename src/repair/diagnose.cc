// The rules of diagnosis.
#include "repair/diagnose.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slipway {

namespace {

constexpr double kLeastConfidence = 0.1;
constexpr std::string_view kPredecessor = "predecessor";

struct Weight {
  const char* detector;
  const char* subject;
  double warning;  // weight of an alarm of this severity
  double critical;
};

// What answers look like when a version is sick.
constexpr Weight kSick[] = {{"error_rate", "faults", 0.6, 0.8},    {"error_rate", "invalid outputs", 0.6, 0.8},
                            {"output_drift", "classes", 0.5, 0.6}, {"output_drift", "output", 0.5, 0.6},
                            {"class_inputs", "answers", 0.6, 0.6}, {"confidence", "confidence", 0.5, 0.6},
                            {"ewma", "confidence", 0.1, 0.1},      {"threshold", "confidence", 0.1, 0.1}};

// Evidence that adds up by noisy-or.
class Evidence {
 public:
  void add(double weight, std::string sentence) {
    rest_ *= 1 - weight;
    sentences_.emplace_back(weight, std::move(sentence));
  }
  void scale(double factor, std::string sentence) {
    factor_ *= factor;
    sentences_.emplace_back(0, std::move(sentence));
  }
  bool any() const { return !sentences_.empty(); }
  double confidence() const { return (1 - rest_) * factor_; }
  std::vector<std::string> sentences() const {
    auto sorted = sentences_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::string> list;
    for (auto& [weight, sentence] : sorted) list.push_back(std::move(sentence));
    return list;
  }

 private:
  double rest_ = 1;
  double factor_ = 1;
  std::vector<std::pair<double, std::string>> sentences_;
};

// One version's alarms with what is known of it.
struct Case {
  const VersionFacts& facts;
  std::vector<const Alarm*> alarms;
  const DiagnoseOptions& options;

  const Alarm* find(std::string_view detector, std::string_view subject) const {
    for (const Alarm* a : alarms) {
      if (a->detector == detector && a->subject == subject) return a;
    }
    return nullptr;
  }
  bool sick() const {
    return std::any_of(std::begin(kSick), std::end(kSick),
                       [&](const Weight& w) { return find(w.detector, w.subject) != nullptr; });
  }
  int64_t first_us() const {
    int64_t first = alarms.front()->start_us;
    for (const Alarm* a : alarms) first = std::min(first, a->start_us);
    return first;
  }
  // The trouble began soon after this version replaced another.
  bool fresh() const { return facts.previous_version != 0 && first_us() - facts.since_us < options.fresh_us; }
  bool busier() const { return facts.rate_before > 0 && facts.rate > options.busier * facts.rate_before; }
  bool drifted() const { return find("input_drift", "inputs") != nullptr; }
  // On the same inputs as the previous version.
  bool does_worse() const { return facts.verdict == "worse"; }
  bool does_as_well() const { return facts.verdict == "equal"; }
  // The previous version's last inputs were strange to it, too.
  bool drifted_before() const {
    return facts.previous_inputs_judged && facts.previous_inputs_psi >= options.suspicious_psi;
  }
  // The inputs drift by this version's baseline, and so do those that the previous version got and knew: this version
  // expects something else.
  bool expects_other_inputs() const {
    return drifted() && facts.previous_version != 0 && facts.previous_inputs_judged && !drifted_before() &&
           facts.previous_inputs_compared && facts.previous_inputs_psi_here > options.large_psi;
  }
  bool previous_was_sick() const {
    return std::any_of(facts.previous_alarms.begin(), facts.previous_alarms.end(), [](const Symptom& s) {
      return std::any_of(std::begin(kSick), std::end(kSick),
                         [&](const Weight& w) { return s.detector == w.detector && s.subject == w.subject; });
    });
  }
  // The inputs drift no more than those that the previous version got and answered without an alarm.
  bool previous_answered_such_inputs() const {
    return drifted() && drifted_before() && facts.previous_inputs_compared && !previous_was_sick() &&
           facts.inputs_psi <= options.as_before * facts.previous_inputs_psi_here;
  }
  // The inputs drift, it is the clients who changed them, and that may explain the answers.
  bool clients_changed() const { return drifted() && !expects_other_inputs() && !previous_answered_such_inputs(); }
};

void add_alarms(const Case& c, std::span<const Weight> weights, double factor, Evidence& evidence) {
  for (const Weight& w : weights) {
    const Alarm* alarm = c.find(w.detector, w.subject);
    if (alarm == nullptr) continue;
    evidence.add(factor * (alarm->severity == Severity::critical ? w.critical : w.warning), alarm->message);
  }
}

Cause finish(CauseKind kind, const Case& c, const Evidence& evidence, std::string summary) {
  Cause cause{.kind = kind,
              .model = c.facts.model,
              .version = c.facts.version,
              .confidence = evidence.confidence(),
              .summary = std::move(summary),
              .evidence = evidence.sentences()};
  for (const Alarm* a : c.alarms) cause.alarms.push_back(a->id);
  return cause;
}

// Worse than the previous version on the same inputs.
Cause proved_bad_version(const Case& c) {
  static constexpr double kProof = 0.97;
  Evidence evidence;
  evidence.add(kProof, c.facts.judged);
  for (const Alarm* a : c.alarms) {
    if (a->detector == kPredecessor && a->message != c.facts.judged) evidence.add(0.1, a->message);
  }
  Cause cause = finish(CauseKind::bad_version, c, evidence, fmt::format("version {} is sick", c.facts.version));
  cause.proved = true;
  return cause;
}

Cause bad_version(const Case& c) {
  static constexpr Weight kSlow[] = {{"latency", "compute", 0.2, 0.5}, {"predecessor", "latency", 0.2, 0.5}};
  if (c.does_worse()) return proved_bad_version(c);
  Evidence evidence;
  add_alarms(c, kSick, 1, evidence);
  const bool only_slow = !evidence.any();
  add_alarms(c, kSlow, c.busier() ? 0.4 : 1, evidence);
  if (c.expects_other_inputs()) {
    evidence.add(0.6, fmt::format("the inputs that version {} got and knew would be strange to this version, too",
                                  c.facts.previous_version));
  }
  if (c.sick() && c.previous_answered_such_inputs()) {
    evidence.add(
        0.5, fmt::format("version {} got such inputs, too, and its answers raised no alarm", c.facts.previous_version));
  }
  std::string summary = fmt::format("version {} is sick", c.facts.version);
  if (!evidence.any()) return finish(CauseKind::bad_version, c, evidence, std::move(summary));
  if (c.busier() && only_slow) evidence.scale(0.7, "more requests than before make every version slower");
  if (c.fresh()) {
    evidence.add(0.5, fmt::format("it began {:.0f} s after version {} replaced version {}",
                                  static_cast<double>(c.first_us() - c.facts.since_us) * 1e-6, c.facts.version,
                                  c.facts.previous_version));
  } else {
    evidence.scale(0.5, c.facts.previous_version == 0 ? "no version served before it to compare with"
                                                      : "it had served well for a while");
  }
  if (c.does_as_well()) {
    evidence.scale(0.1, c.facts.judged);
  } else if (c.clients_changed()) {
    evidence.scale(0.4, "clients send other inputs than before, which explains other answers");
  } else if (!c.drifted() && c.facts.inputs_judged && c.facts.inputs_psi < c.options.suspicious_psi) {
    evidence.add(0.4, "inputs still look like training data");
  }
  return finish(CauseKind::bad_version, c, evidence, std::move(summary));
}

std::vector<std::string> features_of(const Alarm& drift) {
  std::vector<std::string> names;
  for (const Json& f : drift.evidence["top"].items()) names.push_back(f["feature"].as_string());
  return names;
}

Cause shifted_input(const Case& c) {
  static constexpr Weight kWeights[] = {{"input_drift", "inputs", 0.7, 0.85},
                                        {"error_rate", "invalid inputs", 0.6, 0.8},
                                        {"ewma", "input mean", 0.3, 0.3},
                                        {"threshold", "input mean", 0.2, 0.2}};
  Evidence evidence;
  add_alarms(c, kWeights, 1, evidence);
  Cause cause;
  std::string summary = "inputs have shifted";
  if (const Alarm* drift = c.find("input_drift", "inputs")) {
    cause.features = features_of(*drift);
    summary =
        fmt::format("inputs have shifted: {} of {} features, most {}", drift->evidence["drifted"].as_int(),
                    drift->evidence["features"].as_int(),
                    fmt::join(cause.features.begin(),
                              cause.features.begin() + std::min<std::ptrdiff_t>(3, std::ssize(cause.features)), ", "));
    if (c.expects_other_inputs()) {
      evidence.scale(
          0.3, fmt::format("version {} got such inputs, and they were not strange to it", c.facts.previous_version));
    } else if (c.sick() && c.previous_answered_such_inputs()) {
      evidence.scale(0.5, fmt::format("version {} answered such inputs well", c.facts.previous_version));
    } else if (c.drifted_before()) {
      evidence.add(0.5, fmt::format("they had drifted before version {} was published", c.facts.version));
    } else if (c.facts.previous_inputs_compared && c.facts.previous_inputs_psi_here < c.options.suspicious_psi) {
      evidence.add(0.5, fmt::format("the inputs that version {} got would be well by this version's baseline, and no "
                                    "version can change its inputs",
                                    c.facts.previous_version));
    }
  }
  if (const Alarm* invalid = c.find("error_rate", "invalid inputs"); invalid != nullptr && cause.features.empty()) {
    cause.features = features_of(*invalid);
  }
  Cause result = finish(CauseKind::shifted_input, c, evidence, std::move(summary));
  result.features = std::move(cause.features);
  return result;
}

Cause failing_stage(const Case& c) {
  static constexpr Weight kEngine[] = {{"error_rate", "faults", 0.6, 0.7},
                                       {"latency", "compute", 0.6, 0.7},
                                       {"ewma", "latency", 0.2, 0.2},
                                       {"threshold", "latency", 0.2, 0.2}};
  static constexpr Weight kQueue[] = {{"latency", "queue", 0.5, 0.6}};
  static constexpr Weight kReading[] = {{"error_rate", "refusals", 0.6, 0.6}};
  struct Stage {
    const char* name;
    std::span<const Weight> weights;
  };
  Cause likeliest;
  for (const Stage& stage : {Stage{"engine", kEngine}, Stage{"queue", kQueue}, Stage{"request reading", kReading}}) {
    Evidence evidence;
    add_alarms(c, stage.weights, 1, evidence);
    if (!evidence.any()) continue;
    const bool reading = stage.weights.data() == kReading;
    if (c.fresh() && !reading) evidence.scale(0.5, "a version was published just before");
    if (c.busier() && !reading) evidence.scale(0.6, "there are more requests than before");
    Cause cause = finish(CauseKind::failing_stage, c, evidence,
                         reading ? std::string("clients send requests that cannot be read")
                                 : fmt::format("the {} fails or is slow, whatever the version", stage.name));
    cause.stage = stage.name;
    if (cause.confidence > likeliest.confidence) likeliest = std::move(cause);
  }
  return likeliest;
}

Cause load(const Case& c) {
  static constexpr Weight kWeights[] = {
      {"error_rate", "rejections", 0.6, 0.7}, {"latency", "queue", 0.4, 0.5}, {"traffic", "request rate", 0.2, 0.2}};
  Evidence evidence;
  add_alarms(c, kWeights, 1, evidence);
  if (evidence.any() && c.busier()) {
    evidence.add(0.5, fmt::format("{:.0f} requests a second, {:.1f} times as many as before", c.facts.rate,
                                  c.facts.rate / c.facts.rate_before));
  } else if (evidence.any() && c.find("latency", "compute") != nullptr) {
    evidence.scale(0.4, "the engine has become slower, which fills the queue without more requests");
  }
  return finish(CauseKind::load, c, evidence, fmt::format("more requests than version {} can answer", c.facts.version));
}

}  // namespace

Diagnosis diagnose(std::vector<Alarm> alarms, std::vector<VersionFacts> versions, int64_t now_us,
                   const DiagnoseOptions& options) {
  Diagnosis diagnosis{.time_us = now_us, .alarms = std::move(alarms), .versions = std::move(versions)};
  for (const VersionFacts& facts : diagnosis.versions) {
    if (facts.rolled_back) continue;
    Case c{facts, {}, options};
    for (const Alarm& a : diagnosis.alarms) {
      if (a.model == facts.model && a.version == facts.version) c.alarms.push_back(&a);
    }
    if (c.alarms.empty()) continue;
    for (Cause& cause : std::array{bad_version(c), shifted_input(c), failing_stage(c), load(c)}) {
      if (cause.confidence >= kLeastConfidence) diagnosis.causes.push_back(std::move(cause));
    }
  }
  std::stable_sort(diagnosis.causes.begin(), diagnosis.causes.end(),
                   [](const Cause& a, const Cause& b) { return a.confidence > b.confidence; });
  return diagnosis;
}

}  // namespace slipway
