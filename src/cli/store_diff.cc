// slipway store diff: what sets two versions of a model apart.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/format.h"
#include "cli/store_commands.h"
#include "cli/table.h"
#include "formats/onnx.h"
#include "runtime/inspect.h"
#include "sketch/baseline.h"
#include "train/recipe_edit.h"

namespace slipway {

namespace {

struct Options {
  std::string root;
  std::string name;
  int64_t a = 0;
  int64_t b = 0;
  bool json = false;
};

using Facts = std::map<std::string, std::string>;

// What is said of a version, by section ("metrics", "graph", "recipe", "classes", "baseline") and key.
using Sections = std::map<std::string, Facts>;

std::string number(double x) { return fmt::format("{:.6g}", x); }

void add_graph(const Graph& graph, Facts& facts) {
  Result<Inspection> inspection = inspect(graph);
  if (inspection.ok()) {
    facts["parameters"] = human_count(inspection->parameters);
    facts["weights"] = human_bytes(inspection->weight_bytes);
    facts["MACs"] = human_count(inspection->macs);
    for (const auto& [name, count] : inspection->operators) facts["operator " + name] = fmt::format("{}", count);
  }
  for (const auto& [kind, ids] : {std::pair("input", graph.inputs), std::pair("output", graph.outputs)}) {
    for (ValueId id : ids) {
      const Value& value = graph.value(id);
      facts[fmt::format("{} {}", kind, value.name)] =
          fmt::format("{}{}", dtype_name(value.dtype), value.dims ? to_string(*value.dims) : "[...]");
    }
  }
}

void add_baseline(const Baseline& baseline, Facts& facts) {
  facts["rows"] = human_count(baseline.rows);
  facts["answers from"] = baseline.answers_from;
  for (const FeatureBaseline& feature : baseline.features) {
    facts["mean of " + feature.name] = number(feature.moments.mean());
    facts["deviation of " + feature.name] = number(feature.moments.deviation());
  }
  int64_t answers = 0;
  for (int64_t count : baseline.classes) answers += count;
  for (size_t c = 0; c < baseline.classes.size(); ++c) {
    facts["share of " + baseline.class_name(static_cast<int64_t>(c))] =
        human_percent(static_cast<double>(baseline.classes[c]) / static_cast<double>(std::max<int64_t>(answers, 1)));
  }
}

// A version as it is looked at.
struct Looked {
  Sections sections;
  std::map<std::string, Tensor> weights;  // by name
};

Result<Looked> look_at(const Store& store, const std::string& name, int64_t version) {
  Looked looked;
  Sections& sections = looked.sections;
  const Manifest manifest = TRY(store.manifest(name, version));
  for (const auto& [metric, value] : manifest.metrics.members()) {
    if (value.is_number()) sections["metrics"][metric] = number(value.as_double());
  }
  const auto& classes = manifest.signature.classes;
  for (size_t c = 0; c < classes.size(); ++c) sections["classes"][fmt::format("{:03}", c)] = classes[c];
  const Graph graph = TRY(read_onnx(TRY(store.read(name, version, "model.onnx")), store.path(name, version)));
  add_graph(graph, sections["graph"]);
  if (manifest.files.contains("recipe.toml")) {
    Result<Facts> recipe = train::recipe_values(TRY(store.read(name, version, "recipe.toml")));
    if (recipe.ok()) sections["recipe"] = *std::move(recipe);
  }
  if (manifest.files.contains("baseline.json")) {
    const Json json = TRY(Json::parse(TRY(store.read(name, version, "baseline.json"))));
    add_baseline(TRY(Baseline::from_json(json)), sections["baseline"]);
  }
  for (size_t v = 0; v < graph.value_count(); ++v) {
    const Value& value = graph.value({static_cast<int32_t>(v)});
    if (value.data.defined() && value.data.count() > 1) looked.weights[value.name] = value.data;
  }
  return looked;
}

// Weights of both by name: those with other numbers, and those that only one has.
std::map<std::string, int64_t> weights_apart(const Looked& a, const Looked& b, const Options& options) {
  int64_t shared = 0, other = 0;
  for (const auto& [name, tensor] : a.weights) {
    auto it = b.weights.find(name);
    if (it == b.weights.end()) continue;
    ++shared;
    other += identical(tensor, it->second) ? 0 : 1;
  }
  return {{"of one name", shared},
          {"with other numbers", other},
          {fmt::format("only in version {}", options.a), static_cast<int64_t>(a.weights.size()) - shared},
          {fmt::format("only in version {}", options.b), static_cast<int64_t>(b.weights.size()) - shared}};
}

// The rows in which both differ, by section.
std::map<std::string, std::vector<std::vector<std::string>>> differences(const Sections& a, const Sections& b) {
  std::map<std::string, std::vector<std::vector<std::string>>> rows;
  std::set<std::string> names;
  for (const Sections* sections : {&a, &b}) {
    for (const auto& [name, facts] : *sections) names.insert(name);
  }
  const Facts nothing;
  for (const std::string& name : names) {
    const Facts& x = a.contains(name) ? a.at(name) : nothing;
    const Facts& y = b.contains(name) ? b.at(name) : nothing;
    std::set<std::string> keys;
    for (const Facts* facts : {&x, &y}) {
      for (const auto& [key, value] : *facts) keys.insert(key);
    }
    for (const std::string& key : keys) {
      const std::string left = x.contains(key) ? x.at(key) : "-", right = y.contains(key) ? y.at(key) : "-";
      if (left != right) rows[name].push_back({key, left, right});
    }
  }
  return rows;
}

Status run(const Options& options) {
  const Store store = TRY(Store::open(options.root));
  const Looked a = TRY(look_at(store, options.name, options.a)), b = TRY(look_at(store, options.name, options.b));
  const auto rows = differences(a.sections, b.sections);
  const std::map<std::string, int64_t> weights = weights_apart(a, b, options);
  if (options.json) {
    Json json = Json::object({{"name", options.name}, {"versions", Json::array_of(std::vector{options.a, options.b})}});
    for (const auto& [section, differing] : rows) {
      Json part = Json::object();
      for (const auto& row : differing) part.set(row[0], Json::array_of(std::vector{row[1], row[2]}));
      json.set(section, part);
    }
    Json counts = Json::object();
    for (const auto& [key, count] : weights) counts.set(key, count);
    fmt::print("{}\n", json.set("weights", counts).dump(2));
    return {};
  }
  constexpr const char* kSections[] = {"metrics", "graph", "recipe", "classes", "baseline"};
  for (const char* section : kSections) {
    auto differing = rows.find(section);
    if (differing == rows.end()) {
      fmt::print("{}: nothing differs\n", section);
      continue;
    }
    fmt::print("\n{}", table_text({section, fmt::format("version {}", options.a), fmt::format("version {}", options.b)},
                                  differing->second));
  }
  std::string text;
  for (const auto& [key, count] : weights) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, key);
  fmt::print("\nweights: {}\n", text);
  return {};
}

}  // namespace

StoreCommand declare_store_diff(Arguments app) {
  auto options = std::make_shared<Options>();
  Arguments command =
      store_subcommand(app, "diff", "What sets two versions apart: metrics, graph, recipe, classes, baseline",
                       options->root, options->name, options->json);
  for (auto [name, version] : {std::pair("VERSION", &options->a), std::pair("OTHER", &options->b)}) {
    command.add_option(name, *version, "A version").type_name("VERSION").required().check(positive());
  }
  return {command, [options] { return run(*options); }};
}

}  // namespace slipway
