// Monitor's state as JSON and as Prometheus text.
#include <algorithm>

#include <fmt/format.h>

#include "monitor/monitor.h"

namespace slipway {

namespace {

// A label's value with the escapes of the text format.
std::string label(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? "\\n" : std::string(1, c);
  }
  return out;
}

// One metric family: header once, then samples.
class Family {
 public:
  Family(const char* name, const char* type, const char* help)
      : name_(name), text_(fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type)) {}
  void add(const std::string& labels, double value) { text_ += fmt::format("{}{{{}}} {}\n", name_, labels, value); }
  // A sample of the family's name with a suffix, as summaries have.
  void add(const char* suffix, const std::string& labels, double value) {
    text_ += fmt::format("{}{}{{{}}} {}\n", name_, suffix, labels, value);
  }
  void add(double value) { text_ += fmt::format("{} {}\n", name_, value); }
  const std::string& text() const { return text_; }

 private:
  const char* name_;
  std::string text_;
};

struct Metrics {
  Family observed{"slipway_monitor_requests_total", "counter", "Answers observed, by status code."};
  Family rows{"slipway_monitor_rows_total", "counter", "Examples in answered requests."};
  Family invalid{"slipway_monitor_invalid_rows_total", "counter", "Rows with a NaN or an infinity, by side."};
  Family classes{"slipway_monitor_answers_total", "counter", "Answers per predicted class, for the 20 most frequent."};
  Family latency{"slipway_monitor_latency_seconds", "summary",
                 "Time of answered requests by stage (total, queue, compute); quantiles are of the newest ones."};
  Family confidence{"slipway_monitor_confidence_ratio", "gauge", "Mean confidence of the newest answers."};
  Family input{"slipway_monitor_input_mean", "gauge", "Mean over the newest input rows of their mean."};
  Family serving{"slipway_monitor_serving", "gauge", "1 for the version that answers requests without a version."};
  Family active{"slipway_alarm_active", "gauge", "1 for every active alarm."};
  Family statistic{"slipway_alarm_statistic", "gauge", "The latest statistic of every active alarm."};
  Family raised{"slipway_alarms_raised_total", "counter", "Alarms raised since the start."};
  Family unattributed{"slipway_monitor_unattributed_total", "counter", "Answers to requests of no known version."};

  void add_version(const std::string& labels, const Window& total, const Window& recent, bool is_serving) {
    for (size_t i = 0; i < kCodes; ++i) {
      if (total.codes[i] == 0) continue;
      observed.add(fmt::format("{},code=\"{}\"", labels, code_name(static_cast<Code>(i))),
                   static_cast<double>(total.codes[i]));
    }
    rows.add(labels, static_cast<double>(total.rows));
    invalid.add(labels + ",side=\"input\"", static_cast<double>(total.invalid_inputs));
    invalid.add(labels + ",side=\"output\"", static_cast<double>(total.invalid_outputs));
    for (auto [category, n] : total.all_classes().top(20)) {
      classes.add(fmt::format("{},class=\"{}\"", labels, category), static_cast<double>(n));
    }
    serving.add(labels, is_serving ? 1 : 0);
    add_latency(labels + ",stage=\"total\"", total.total, recent.total);
    add_latency(labels + ",stage=\"queue\"", total.queue, recent.queue);
    add_latency(labels + ",stage=\"compute\"", total.compute, recent.compute);
    if (recent.confidence.count() > 0) confidence.add(labels, recent.confidence.mean());
    if (recent.row_mean.count() > 0) input.add(labels, recent.row_mean.mean());
  }

  void add_latency(const std::string& labels, const Quantiles& total, const Quantiles& recent) {
    for (double q : {0.5, 0.9, 0.99}) {
      if (recent.count() > 0) latency.add(fmt::format("{},quantile=\"{}\"", labels, q), recent.quantile(q));
    }
    latency.add("_sum", labels, total.sum());
    latency.add("_count", labels, static_cast<double>(total.count()));
  }

  std::string text() const {
    std::string all;
    for (const Family* f : {&observed, &rows, &invalid, &classes, &latency, &confidence, &input, &serving, &active,
                            &statistic, &raised, &unattributed}) {
      all += f->text();
    }
    return all;
  }
};

}  // namespace

std::string Monitor::metrics() const {
  std::lock_guard lock(mutex_);
  const int64_t now = clock_.now_us();
  Metrics m;
  for (const auto& [model, state] : models_) {
    for (const auto& [version, v] : state.versions) {
      m.add_version(fmt::format("model=\"{}\",version=\"{}\"", label(model), version), v.recorder.total(),
                    v.recorder.recent(now), state.serving == version);
    }
  }
  for (const Alarm& a : book_.active()) {
    if (a.part_of != 0) continue;
    std::string labels =
        fmt::format("model=\"{}\",version=\"{}\",detector=\"{}\",subject=\"{}\",severity=\"{}\"", label(a.model),
                    a.version, a.detector, label(a.subject), severity_name(a.severity));
    m.active.add(labels, 1);
    m.statistic.add(labels, a.statistic);
  }
  m.raised.add(static_cast<double>(book_.raised()));
  m.unattributed.add(static_cast<double>(unattributed_));
  return m.text();
}

Json Monitor::snapshot() const {
  std::lock_guard lock(mutex_);
  const int64_t now = clock_.now_us();
  Json models = Json::array();
  for (const auto& [model, state] : models_) {
    Json versions = Json::array();
    for (const auto& [version, v] : state.versions) {
      versions.push(Json::object({{"version", version},
                                  {"facts", facts_of(model, state, version, v, now).to_json()},
                                  {"total", v.recorder.total().summary()},
                                  {"recent", v.recorder.recent(now).summary()}}));
    }
    models.push(Json::object({{"name", model}, {"serving", state.serving}, {"versions", std::move(versions)}}));
  }
  return Json::object({{"time_us", now},
                       {"k", k_},
                       {"models", std::move(models)},
                       {"active_alarms", static_cast<int64_t>(book_.active().size())},
                       {"unattributed", unattributed_}});
}

}  // namespace slipway
