// The list of rewrites and the loop over them.
#include "rewrite/rewrite.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/card_list.h"
#include "base/cards.h"
#include "graph/captures.h"
#include "ops/all.h"
#include "rewrite/cards.inc"

namespace slipway {

DECLARE_CARDS(Rewrite, rewrite_)

namespace rewrite {

namespace {

const Cards<Rewrite>& rewrites() {
  static const Cards<Rewrite> cards("rewrite", CARD_LIST(Rewrite, rewrite_));
  return cards;
}

}  // namespace

const std::vector<const Rewrite*>& all_rewrites() {
  static const std::vector<const Rewrite*> ordered = [] {
    std::vector<const Rewrite*> list = rewrites().all();
    std::stable_sort(list.begin(), list.end(), [](const Rewrite* a, const Rewrite* b) { return a->order < b->order; });
    return list;
  }();
  return ordered;
}

namespace {

// How many places changed.
Result<int> run_one(Graph& graph, const Rewrite& rewrite) {
  Result<int> changed = rewrite.apply(graph, all_operators());
  if (!changed.ok()) return changed.status().at(fmt::format("rewrite {}", rewrite.name));
  if (*changed == 0) return 0;
  RETURN_IF_ERROR(graph.sort());
  graph.remove_dead_nodes();
  return changed;
}

Status run_rounds(Graph& graph, bool portable_only) {
  constexpr int kMostRounds = 20;
  for (int round = 0; round < kMostRounds; ++round) {
    int changes = 0;
    for (const Rewrite* rewrite : all_rewrites()) {
      if (rewrite->last || (portable_only && !rewrite->portable)) continue;
      changes += TRY(run_one(graph, *rewrite));
    }
    if (changes == 0) break;
  }
  graph.remove_dead_nodes();
  return {};
}

// Subgraphs by themselves. One that does not fit the types around it stays as it is: it may never be run, and says what
// is wrong when it is.
void optimize_bodies(Graph& graph) {
  for (Node& node : graph.nodes()) {
    for (const auto& [name, body] : bodies(node)) {
      Graph copy = *body;
      if (!optimize(copy).ok()) continue;
      node.attributes.set(name, std::make_shared<const Graph>(std::move(copy)));
    }
  }
}

bool holds_bodies(const Graph& graph) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(), [](const Node& n) { return !bodies(n).empty(); });
}

// Without its card a node is left alone by every rewrite.
void set_cards(Graph& graph, std::string_view op_type, const Operator* card) {
  for (Node& node : graph.nodes()) {
    if (node.op_type == op_type && node.domain.empty()) node.op = card;
  }
}

}  // namespace

Status optimize(Graph& graph) {
  RETURN_IF_ERROR(infer_types(graph));
  RETURN_IF_ERROR(run_rounds(graph, false));
  if (holds_bodies(graph)) {
    optimize_bodies(graph);
    RETURN_IF_ERROR(run_rounds(graph, false));  // bodies may read less of what they captured
  }
  RETURN_IF_ERROR(infer_types(graph));
  for (const Rewrite* rewrite : all_rewrites()) {
    if (rewrite->last) TRY(run_one(graph, *rewrite));
  }
  return {};
}

Status simplify(Graph& graph) {
  RETURN_IF_ERROR(infer_types(graph));
  set_cards(graph, "DequantizeLinear", nullptr);
  Status status = run_rounds(graph, true);
  set_cards(graph, "DequantizeLinear", all_operators().find("DequantizeLinear"));
  RETURN_IF_ERROR(status);
  return infer_types(graph);
}

Status run(Graph& graph, std::string_view name) {
  const Rewrite* rewrite = rewrites().find(name);
  CHECK(rewrite != nullptr, "no rewrite of that name");
  TRY(run_one(graph, *rewrite));
  return infer_types(graph);
}

FixedValues::FixedValues(const Graph& graph) : fixed_(graph.value_count()) {
  for (size_t v = 0; v < fixed_.size(); ++v) fixed_[v] = graph.is_constant({static_cast<int32_t>(v)});
  for (const Graph::Update& update : graph.updates) fixed_[static_cast<size_t>(update.state.index)] = false;
}

std::optional<float> fixed_scalar(const Graph& graph, const FixedValues& fixed, ValueId v) {
  if (!fixed(v)) return std::nullopt;
  const Tensor& value = graph.value(v).data;
  if (value.dtype() != DType::f32 || value.count() != 1) return std::nullopt;
  return value.data<float>()[0];
}

std::optional<Bounds> clip_bounds(const Graph& graph, const FixedValues& fixed, const Node& clip, Bounds otherwise) {
  std::optional<float> low = otherwise.low, high = otherwise.high;
  if (clip.has_input(1)) low = fixed_scalar(graph, fixed, clip.inputs[1]);
  if (clip.has_input(2)) high = fixed_scalar(graph, fixed, clip.inputs[2]);
  if (!low || !high || !(*low <= *high)) return std::nullopt;
  return Bounds{*low, *high};
}

}  // namespace rewrite
}  // namespace slipway
