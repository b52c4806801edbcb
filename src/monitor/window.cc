// Window: merging and spelling.
#include "monitor/window.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway {

namespace {

Json latency_summary(const Quantiles& seconds) {
  return Json::object({{"p50_us", seconds.quantile(0.5) * 1e6},
                       {"p90_us", seconds.quantile(0.9) * 1e6},
                       {"p99_us", seconds.quantile(0.99) * 1e6},
                       {"count", seconds.count()}});
}

Json codes_json(const std::array<int64_t, kCodes>& codes) {
  Json json = Json::object();
  for (size_t i = 0; i < kCodes; ++i) {
    if (codes[i] > 0) json.set(code_name(static_cast<Code>(i)), codes[i]);
  }
  return json;
}

}  // namespace

Window Window::fitting(const Baseline* baseline) {
  Window window;
  if (baseline == nullptr) return window;
  window.row_mean_histogram = Histogram(baseline->row_mean.histogram.edges());
  window.row_deviation_histogram = Histogram(baseline->row_deviation.histogram.edges());
  window.value_histogram = Histogram(baseline->value.histogram.edges());
  return window;
}

void Window::merge(const Window& other, bool with_features) {
  if (other.requests == 0) return;
  start_us = requests == 0 ? other.start_us : std::min(start_us, other.start_us);
  end_us = std::max(end_us, other.end_us);
  requests += other.requests;
  rows += other.rows;
  for (size_t i = 0; i < kCodes; ++i) codes[i] += other.codes[i];
  invalid_inputs += other.invalid_inputs;
  invalid_outputs += other.invalid_outputs;
  invalid_features.merge(other.invalid_features);
  independent_rows += other.independent_rows;
  classes.merge(other.classes);
  repeated_classes.merge(other.repeated_classes);
  confidence.merge(other.confidence);
  confidence_histogram.merge(other.confidence_histogram);
  value.merge(other.value);
  row_mean.merge(other.row_mean);
  row_deviation.merge(other.row_deviation);
  class_row_mean.resize(std::max(class_row_mean.size(), other.class_row_mean.size()));
  for (size_t c = 0; c < other.class_row_mean.size(); ++c) class_row_mean[c].merge(other.class_row_mean[c]);
  total.merge(other.total);
  queue.merge(other.queue);
  compute.merge(other.compute);
  inputs.merge(other.inputs);
  if (!with_features) return;
  row_mean_histogram.merge(other.row_mean_histogram);
  row_deviation_histogram.merge(other.row_deviation_histogram);
  value_histogram.merge(other.value_histogram);
  if (!other.features.defined()) return;
  if (!features.defined()) features = FeatureCounts(other.features.edges());
  features.merge(other.features);
}

int64_t Window::faults() const {
  return count(Code::unknown) + count(Code::internal) + count(Code::data_loss) + count(Code::unimplemented) +
         count(Code::deadline_exceeded);
}

int64_t Window::rejections() const { return count(Code::resource_exhausted) + count(Code::unavailable); }

int64_t Window::refusals() const {
  return requests - count(Code::ok) - count(Code::cancelled) - faults() - rejections();
}

Share Window::share(Failure failure) const {
  switch (failure) {
    case Failure::fault: return {faults(), requests};
    case Failure::invalid_output: return {invalid_outputs, rows};
    case Failure::rejection: return {rejections(), requests};
    case Failure::refusal: return {refusals(), requests};
    case Failure::invalid_input: return {invalid_inputs, rows};
  }
  return {};
}

TopCounts Window::all_classes() const {
  TopCounts all = classes;
  all.merge(repeated_classes);
  return all;
}

Json Window::summary() const {
  Json top = Json::array();
  for (auto [id, n] : all_classes().top(20)) top.push(Json::object({{"class", id}, {"count", n}}));
  return Json::object({{"start", start_us},
                       {"end", end_us},
                       {"requests", requests},
                       {"rows", rows},
                       {"codes", codes_json(codes)},
                       {"invalid_inputs", invalid_inputs},
                       {"invalid_outputs", invalid_outputs},
                       {"independent_rows", independent_rows},
                       {"distinct_inputs", static_cast<int64_t>(inputs.estimate())},
                       {"rows_sampled_per_feature", features.rows()},
                       {"latency", latency_summary(total)},
                       {"queue", latency_summary(queue)},
                       {"compute", latency_summary(compute)},
                       {"confidence_mean", confidence.mean()},
                       {"input_mean", row_mean.mean()},
                       {"input_deviation", row_deviation.mean()},
                       {"classes", std::move(top)}});
}

Json Window::to_json() const {
  Json per_class = Json::array();
  for (const Moments& m : class_row_mean) per_class.push(m.to_json());
  return Json::object({{"start", start_us},
                       {"end", end_us},
                       {"requests", requests},
                       {"rows", rows},
                       {"codes", Json::array_of(codes)},
                       {"invalid_inputs", invalid_inputs},
                       {"invalid_outputs", invalid_outputs},
                       {"independent_rows", independent_rows},
                       {"classes", classes.to_json()},
                       {"repeated_classes", repeated_classes.to_json()},
                       {"confidence", confidence.to_json()},
                       {"confidence_histogram", confidence_histogram.to_json()},
                       {"value", value.to_json()},
                       {"row_mean", row_mean.to_json()},
                       {"row_deviation", row_deviation.to_json()},
                       {"class_row_mean", std::move(per_class)},
                       {"total", total.to_json()},
                       {"queue", queue.to_json()},
                       {"compute", compute.to_json()},
                       {"inputs", inputs.to_json()}});
}

Result<Window> Window::from_json(const Json& json) {
  Window w;
  w.start_us = json["start"].as_int();
  w.end_us = json["end"].as_int();
  w.requests = json["requests"].as_int();
  w.rows = json["rows"].as_int();
  const Json::Array& codes = json["codes"].items();
  if (codes.size() != kCodes) return invalid(fmt::format("window: expected {} codes, found {}", kCodes, codes.size()));
  for (size_t i = 0; i < kCodes; ++i) w.codes[i] = codes[i].as_int();
  w.invalid_inputs = json["invalid_inputs"].as_int();
  w.invalid_outputs = json["invalid_outputs"].as_int();
  w.independent_rows = json["independent_rows"].as_int();
  w.classes = TRY(TopCounts::from_json(json["classes"]));
  if (!json["repeated_classes"].is_null()) w.repeated_classes = TRY(TopCounts::from_json(json["repeated_classes"]));
  w.confidence = TRY(Moments::from_json(json["confidence"]));
  w.confidence_histogram = TRY(Histogram::from_json(json["confidence_histogram"]));
  if (w.confidence_histogram.edges() != confidence_bins().edges()) {
    return invalid("window: confidence_histogram must have the edges 0.1, 0.2, ... 0.9");
  }
  w.value = TRY(Moments::from_json(json["value"]));
  w.row_mean = TRY(Moments::from_json(json["row_mean"]));
  w.row_deviation = TRY(Moments::from_json(json["row_deviation"]));
  for (const Json& m : json["class_row_mean"].items()) w.class_row_mean.push_back(TRY(Moments::from_json(m)));
  w.total = TRY(Quantiles::from_json(json["total"]));
  w.queue = TRY(Quantiles::from_json(json["queue"]));
  w.compute = TRY(Quantiles::from_json(json["compute"]));
  w.inputs = TRY(Distinct::from_json(json["inputs"]));
  return w;
}

Point point_of(const Window& w) {
  Point p;
  p.time_us = w.end_us;
  p.seconds = std::max(1e-3, static_cast<double>(w.end_us - w.start_us) * 1e-6);
  p.requests = w.requests;
  p.rows = w.rows;
  for (size_t i = 0; i < kFailures; ++i) p.shares[i] = w.share(static_cast<Failure>(i));
  p.rate = static_cast<double>(w.requests) / p.seconds;
  p.latency = w.total.quantile(0.5);
  p.queue = w.queue.quantile(0.5);
  p.compute = w.compute.quantile(0.5);
  p.confidence = w.confidence.mean();
  p.row_mean = w.row_mean.mean();
  p.row_mean_deviation = w.row_mean.deviation();
  return p;
}

}  // namespace slipway
