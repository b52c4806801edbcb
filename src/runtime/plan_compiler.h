// PlanCompiler: from nodes, bound types and state to one Plan. Its own room's business: others call Plan::compile.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "runtime/memory_plan.h"
#include "runtime/plan.h"

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
  };

  class BoundInferContext;

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
  Status prepare();
  void find_largest();

  // In plan_places.cc: where values lie.
  void find_lives();
  void place_state();
  void share_buffers();
  void place_buffers();
  void write_sources();
  Plan::Source source(ValueId id);
  void add_copies();

  const Graph& graph_;
  std::span<const int32_t> nodes_;
  std::span<const Bound> bound_;
  StateTensors& state_;
  PackCache* packs_;
  PlanOptions options_;
  std::shared_ptr<Plan> plan_ = std::shared_ptr<Plan>(new Plan);
  std::vector<Info> infos_;
  std::vector<int32_t> step_nodes_;                        // nodes with a kernel
  std::vector<std::pair<ValueId, ValueId>> state_copies_;  // next -> state
  std::vector<BufferLife> lives_;
};

}  // namespace slipway
