// Plan: a graph (or a stretch of it) compiled for fixed shapes: a flat list of prepared kernels and one arena.
//
// A graph whose shapes all follow from its inputs' shapes is one plan. Where a shape depends on contents (NonZero,
// Reshape to a computed shape), the plan ends before that node; its inputs' contents are bound when the next one is
// made.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/kernel.h"
#include "graph/operator.h"
#include "tensor/tensor.h"

namespace slipway {

// What is known of a value before a plan begins.
struct Bound {
  ValueId value;
  TensorType type;
  Tensor contents;  // defined where the plan may depend on them
};

// Where state lives, by value index: stable addresses, updated by runs.
using StateTensors = std::map<int32_t, Tensor>;

struct PlanOptions {
  int threads = 0;  // 0: chosen by the work in the plan
};

// The memory of one run at a time. Several may run one plan at once, each with its own.
struct Workspace {
  std::shared_ptr<std::byte> arena;
  std::vector<const void*> in;   // all kernels' input pointers, one after the other
  std::vector<void*> out;        // likewise
  std::vector<KernelArgs> args;  // one per step
  std::vector<std::shared_ptr<void>> instances;
};

// Frozen and thread-safe after compile().
class Plan {
 public:
  // Compiles nodes from `first` on, as far as shapes can be inferred from `bound`. `state` holds the tensors of
  // updated constants and must outlive the plan.
  static Result<std::shared_ptr<const Plan>> compile(const Graph& graph, size_t first, std::span<const Bound> bound,
                                                     StateTensors& state, PackCache* packs, PlanOptions options);

  // The node before which the plan ends; graph.nodes().size() when it reaches the end.
  size_t end() const { return end_; }
  // It is all of the graph, depends on no contents, and its results are the graph's outputs in order.
  bool whole() const { return whole_; }
  // What later nodes and the graph's outputs need of this plan, in order.
  const std::vector<ValueId>& results() const { return results_; }
  const std::vector<TensorType>& result_types() const { return result_types_; }

  std::unique_ptr<Workspace> make_workspace() const;

  // inputs[i] are the contents of bound[i]; `results` are written, reallocated only where their type differs.
  void run(Workspace& workspace, std::span<const Tensor> inputs, std::vector<Tensor>& results) const;

  size_t arena_bytes() const { return arena_bytes_; }
  int threads() const { return threads_; }
  size_t step_count() const { return steps_.size(); }
  // The graph node of each step.
  const std::vector<int32_t>& step_nodes() const { return step_nodes_; }

  // Nanoseconds by step since the plan was made, counted while `profiling`.
  void set_profiling(bool on) const { profiling_.store(on, std::memory_order_relaxed); }
  struct StepTime {
    std::atomic<int64_t> runs{0};
    std::atomic<int64_t> ns{0};
  };
  const StepTime& step_time(size_t step) const { return times_[step]; }

 private:
  friend class PlanCompiler;
  Plan() = default;

  // Where a pointer comes from.
  struct Source {
    enum class Kind : uint8_t { none, fixed, arena, input, result };
    Kind kind = Kind::none;
    const void* fixed = nullptr;  // constants and state
    size_t index = 0;             // byte offset in the arena, or number of the input or result
  };
  struct Step {
    Kernel kernel;
    std::vector<Source> in;
    std::vector<Source> out;
  };
  // Bytes copied after the last step: results that no kernel writes, state that was not updated in place.
  struct Copy {
    Source from;
    Source to;
    size_t bytes;
  };
  // A pointer to set again when an input or result moves.
  struct Patch {
    size_t position;  // in Workspace::in or ::out
    size_t index;     // of the input or result
    bool result;      // else an input
  };

  void* resolve(const Source& source, const Workspace& workspace) const;
  void copy_out(Workspace& workspace, std::span<const Tensor> inputs, std::vector<Tensor>& results) const;
  void run_profiled(Workspace& workspace) const;

  size_t end_ = 0;
  bool whole_ = false;
  std::vector<ValueId> results_;
  std::vector<TensorType> result_types_;
  std::vector<std::optional<Tensor>> known_results_;  // results whose contents were folded
  std::vector<Step> steps_;
  std::vector<int32_t> step_nodes_;
  std::vector<Copy> copies_;
  std::vector<Patch> in_patches_;
  std::vector<Patch> out_patches_;
  std::vector<Tensor> kept_;  // folded constants the steps point into
  size_t arena_bytes_ = 0;
  size_t scratch_offset_ = 0;
  int threads_ = 1;
  mutable std::atomic<bool> profiling_{false};
  mutable std::unique_ptr<StepTime[]> times_;
};

}  // namespace slipway
