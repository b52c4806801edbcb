// Baseline as JSON.
#include "sketch/baseline.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"

namespace slipway {

namespace {

Json feature_to_json(const FeatureBaseline& feature) {
  return Json::object({{"index", feature.index},
                       {"name", feature.name},
                       {"moments", feature.moments.to_json()},
                       {"histogram", feature.histogram.to_json()}});
}

Result<FeatureBaseline> feature_from_json(const Json& json) {
  FeatureBaseline feature;
  feature.index = json["index"].as_int(-1);
  feature.name = printable(json["name"].as_string());
  feature.moments = TRY(Moments::from_json(json["moments"]));
  feature.histogram = TRY(Histogram::from_json(json["histogram"]));
  return feature;
}

Result<std::vector<Moments>> moments_list(const Json& json) {
  std::vector<Moments> list;
  for (const Json& item : json.items()) list.push_back(TRY(Moments::from_json(item)));
  return list;
}

}  // namespace

std::string Baseline::class_name(int64_t category) const {
  if (category >= 0 && category < static_cast<int64_t>(class_names.size())) {
    return class_names[static_cast<size_t>(category)];
  }
  return fmt::format("class {}", category);
}

std::string Baseline::feature_name(int64_t index) const {
  auto at = std::lower_bound(features.begin(), features.end(), index,
                             [](const FeatureBaseline& f, int64_t wanted) { return f.index < wanted; });
  return at != features.end() && at->index == index ? at->name : fmt::format("x[{}]", index);
}

bool Baseline::common(uint64_t row_hash) const {
  return std::binary_search(common_rows.begin(), common_rows.end(), row_hash);
}

std::vector<int64_t> Baseline::chosen() const {
  std::vector<int64_t> indices;
  if (static_cast<int64_t>(features.size()) == width) return indices;
  for (const FeatureBaseline& f : features) indices.push_back(f.index);
  return indices;
}

std::shared_ptr<const FeatureEdges> Baseline::edges() const {
  std::vector<std::vector<float>> edges;
  for (const FeatureBaseline& f : features) edges.push_back(f.histogram.edges());
  return std::make_shared<const FeatureEdges>(std::move(edges));
}

Json Baseline::to_json() const {
  Json list = Json::array();
  for (const FeatureBaseline& f : features) list.push(feature_to_json(f));
  Json per_class = Json::array();
  for (const Moments& m : class_row_mean) per_class.push(m.to_json());
  Json common = Json::array();
  for (uint64_t hash : common_rows) common.push(static_cast<int64_t>(hash));
  return Json::object({{"format", "slipway-baseline-1"},
                       {"rows", rows},
                       {"width", width},
                       {"outputs", outputs},
                       {"left_out", left_out},
                       {"answers_from", answers_from},
                       {"common_rows", std::move(common)},
                       {"discrete", discrete},
                       {"row_mean", feature_to_json(row_mean)},
                       {"row_deviation", feature_to_json(row_deviation)},
                       {"classes", Json::array_of(classes)},
                       {"class_names", Json::array_of(class_names)},
                       {"confidence", confidence.to_json()},
                       {"confidence_histogram", confidence_histogram.to_json()},
                       {"class_row_mean", std::move(per_class)},
                       {"value", feature_to_json(value)},
                       {"features", std::move(list)}});
}

Result<Baseline> Baseline::from_json(const Json& json) {
  if (json["format"].as_string() != "slipway-baseline-1") {
    return invalid("baseline: expected \"format\": \"slipway-baseline-1\", found " + json["format"].dump());
  }
  Baseline b;
  b.rows = json["rows"].as_int();
  b.width = json["width"].as_int();
  b.outputs = json["outputs"].as_int();
  b.left_out = json["left_out"].as_int();
  b.answers_from = json["answers_from"].as_string();
  for (const Json& hash : json["common_rows"].items()) b.common_rows.push_back(static_cast<uint64_t>(hash.as_int()));
  std::sort(b.common_rows.begin(), b.common_rows.end());
  b.discrete = json["discrete"].as_bool();
  b.row_mean = TRY(feature_from_json(json["row_mean"]));
  b.row_deviation = TRY(feature_from_json(json["row_deviation"]));
  for (const Json& n : json["classes"].items()) b.classes.push_back(n.as_int());
  for (const Json& name : json["class_names"].items()) b.class_names.push_back(printable(name.as_string()));
  b.confidence = TRY(Moments::from_json(json["confidence"]));
  b.confidence_histogram = TRY(Histogram::from_json(json["confidence_histogram"]));
  b.class_row_mean = TRY(moments_list(json["class_row_mean"]));
  b.value = TRY(feature_from_json(json["value"]));
  for (const Json& f : json["features"].items()) {
    b.features.push_back(TRY(feature_from_json(f)));
    int64_t index = b.features.back().index;
    if (index < 0 || index >= b.width) {
      return invalid(fmt::format("baseline: feature \"{}\" has index {}, expected one in [0, {})",
                                 b.features.back().name, index, b.width));
    }
  }
  if (b.confidence_histogram.edges() != confidence_bins().edges()) {
    return invalid("baseline: confidence_histogram must have the edges 0.1, 0.2, ... 0.9");
  }
  return b;
}

Histogram confidence_bins() {
  return Histogram(std::vector<float>{0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f});
}

}  // namespace slipway
