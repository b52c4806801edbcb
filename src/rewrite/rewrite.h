// Rewrites: graph to graph with the same answers, one file each; the build lists them from lines `REWRITE(id) = …`.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "graph/operator.h"

namespace slipway {

// The card of a rewrite. `apply` returns how many places it changed.
struct Rewrite {
  const char* name;
  const char* doc;  // what becomes what
  int order;        // lower runs first within a round
  Result<int> (*apply)(Graph& graph, const OperatorSet& operators);
  bool portable = false;  // leaves only operators that ONNX has, so that the result may be stored or converted
  bool last = false;      // runs once, when the others have nothing left to change
};

namespace rewrite {

// By order.
const std::vector<const Rewrite*>& all_rewrites();

// Runs every rewrite until none changes anything (at most 20 rounds), then the `last` ones, then drops dead nodes. The
// node order stays valid.
Status optimize(Graph& graph);

// The same with the portable rewrites only: before a model is quantized, stored or converted. Weights behind
// DequantizeLinear stay integers.
Status simplify(Graph& graph);

// Runs the rewrite of that name once and drops dead nodes. Requires: types are inferred, and there is one of that name.
Status run(Graph& graph, std::string_view name);

// Whether a value's contents are fixed: a constant that no update replaces.
class FixedValues {
 public:
  explicit FixedValues(const Graph& graph);
  bool operator()(ValueId id) const { return id.valid() && fixed_[static_cast<size_t>(id.index)]; }

 private:
  std::vector<bool> fixed_;
};

// The one element of a fixed float32 value; nullopt for any other.
std::optional<float> fixed_scalar(const Graph& graph, const FixedValues& fixed, ValueId v);

// What a Clip clips to; `otherwise` where it has no bound. nullopt where a bound is no fixed float32 number or the
// lower one lies above the upper.
struct Bounds {
  float low, high;
};
std::optional<Bounds> clip_bounds(const Graph& graph, const FixedValues& fixed, const Node& clip, Bounds otherwise);

}  // namespace rewrite
}  // namespace slipway

// Opens the card of src/rewrite/<id>.cc.
#define REWRITE(id)                             \
  extern const ::slipway::Rewrite rewrite_##id; \
  const ::slipway::Rewrite rewrite_##id
