// PlanCompiler: from nodes, bound types and state to one Plan. Its own room's business: others call Plan::compile.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "runtime/memory_plan.h"
#include "runtime/plan.h"
#include "runtime/row_loops.h"

namespace slipway {

class PlanCompiler {
 public:
  PlanCompiler(const Graph& graph, std::span<const int32_t> nodes, std::span<const Bound> bound, StateTensors& state,
               PackCache* packs, PlanOptions options)
      : graph_(graph), nodes_(nodes), bound_(bound), state_(state), packs_(packs), options_(options) {}

  Result<std::shared_ptr<const Plan>> compile();

 private:
  // What the compiler knows of one value.
  struct Info {
    std::optional<TensorType> type;
    Tensor contents;  // constants and folded values
    ValueId root;     // the value whose bytes these are (itself unless a view)
    int input = -1;   // number in bound_
    int result = -1;  // number in results_, when the kernel writes there directly
    bool state = false;
    const void* fixed = nullptr;
    // Of roots that live in the arena:
    bool in_arena = false;
    int first = -1;
    int last = -1;
    int buffer = -1;
    size_t offset = 0;
    int loop = -1;  // the row loop that makes and reads it a few rows at a time; `offset` is in a lane's arena
  };

  class BoundInferContext;
  class PlannedValues;

  Info& info(ValueId id) { return infos_[static_cast<size_t>(id.index)]; }
  Info& root_info(ValueId id) { return info(info(id).root); }
  int step_of_end() const { return static_cast<int>(step_nodes_.size()); }

  // In plan_shapes.cc: types and contents of values, and which nodes are planned.
  void bind();
  Status infer();
  bool never_planned(const Node& node);
  Result<bool> infer_one(const Node& node);
  void keep_folded();
  Status fold(const Node& node);
  bool foldable(const Node& node);

  // In plan_compiler.cc: what is computed, by how many threads and which kernels.
  void choose_results();
  bool computed_here(ValueId id);
  void add_result(ValueId id);
  void choose_threads();
  std::vector<TensorType> types_of(const Values& ids);
  Status prepare();
  void find_largest();

  // In plan_loops.cc: which steps work a batch by rows.
  void find_loops();
  void live_through(size_t l);
  void write_turns();
  const RowLoop& loop_of(const Info& value) const { return loops_[static_cast<size_t>(value.loop)]; }
  const RowLoop* loop_of(size_t s) const;  // nullptr: step s is in none

  // In plan_places.cc: where values lie.
  void find_lives();
  void place_state();
  void share_buffers();
  // What is there of a value at a time; in a row loop, in one lane.
  size_t bytes_at_a_time(const Info& value) const {
    return (value.loop < 0 ? *value.type : with_rows(*value.type, loop_of(value).each)).bytes();
  }
  std::vector<BufferLife>& lives_of(const Info& value) {
    return value.loop < 0 ? lives_ : lane_lives_[static_cast<size_t>(value.loop)];
  }
  void place_buffers();
  void place_scratch(size_t behind);
  void write_sources();
  Plan::Source source(ValueId id);
  void add_copies();

  const Graph& graph_;
  std::span<const int32_t> nodes_;
  std::span<const Bound> bound_;
  StateTensors& state_;
  PackCache* packs_;
  PlanOptions options_;
  std::shared_ptr<Plan> plan_ = std::shared_ptr<Plan>(new Plan(graph_));
  std::vector<Info> infos_;
  std::vector<int32_t> step_nodes_;  // nodes with a kernel
  std::vector<int> step_threads_;
  std::vector<std::pair<ValueId, ValueId>> state_copies_;  // next -> state
  std::vector<BufferLife> lives_;
  std::vector<RowLoop> loops_;
  std::vector<std::vector<BufferLife>> lane_lives_;  // by loop: of what one lane has of its own
  std::vector<size_t> lane_bytes_;                   // by loop
};

}  // namespace slipway
