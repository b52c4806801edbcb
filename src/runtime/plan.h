// Plan: nodes of a graph compiled for fixed shapes: a flat list of prepared kernels and one arena.
//
// A graph whose shapes all follow from its inputs' shapes is one plan. A node whose outputs' shapes depend on contents
// (NonZero, Reshape to a computed shape), that holds subgraphs, or whose values have no bytes of fixed size (strings,
// sequences) is left out, with all that needs it. The executor runs such a node by itself and plans what follows.
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
#include "runtime/row_loops.h"
#include "tensor/tensor.h"

namespace slipway {

// A value that is there before a plan begins.
struct Bound {
  ValueId value;
  TensorType type;
};

// Where state lives, by value index: stable addresses, updated by runs.
using StateTensors = std::map<int32_t, Tensor>;

struct PlanOptions {
  int threads = 0;                          // the most that an operator is given; 0: as many as there are processors
  size_t cache_bytes = kRowLoopCacheBytes;  // what one step may move before a batch is worked by rows
};

// The memory of one run at a time. Several may run one plan at once, each with its own.
struct Workspace {
  // What some of the steps are called with.
  struct Calls {
    std::vector<const void*> in;   // all kernels' input pointers, one after the other
    std::vector<void*> out;        // likewise
    std::vector<KernelArgs> args;  // one per step
    std::vector<std::shared_ptr<void>> instances;
    std::unique_ptr<Fault> fault = std::make_unique<Fault>();
  };
  std::shared_ptr<std::byte> arena;
  Calls steps;                            // all of them; in a row loop, with the pointers of the first turn
  std::vector<std::vector<Calls>> lanes;  // by row loop, then by thread that takes turns: the steps of the loop
};

// Frozen and thread-safe after compile().
class Plan {
 public:
  // Compiles those of `nodes` (numbers, ascending) whose shapes can be inferred from `bound`. `state` holds the tensors
  // of updated constants. It and the graph must outlive the plan.
  static Result<std::shared_ptr<const Plan>> compile(const Graph& graph, std::span<const int32_t> nodes,
                                                     std::span<const Bound> bound, StateTensors& state,
                                                     PackCache* packs, PlanOptions options);

  // It is all of the graph: its inputs are the graph's inputs and its results the graph's outputs, in order.
  bool whole() const { return whole_; }
  // Nodes to run by themselves after the plan, in order.
  const std::vector<int32_t>& alone() const { return alone_; }
  // Nodes left for a plan after those, in order.
  const std::vector<int32_t>& rest() const { return rest_; }
  // What later nodes and the graph's outputs need of this plan, in order.
  const std::vector<ValueId>& results() const { return results_; }
  const std::vector<TensorType>& result_types() const { return result_types_; }

  std::unique_ptr<Workspace> make_workspace() const;

  // inputs[i] are the contents of bound[i]; `results` are written, reallocated only where their type differs or others
  // hold them too. A result that is an input shares its elements. An error is of the inputs' contents (an index outside
  // its dimension) and names the node; the steps behind that node have not run, and the results mean nothing.
  Status run(Workspace& workspace, std::span<const Tensor> inputs, std::vector<Tensor>& results) const;

  size_t arena_bytes() const { return arena_bytes_; }
  // The node that needs the most memory, with its number of bytes, for messages.
  const std::string& largest() const { return largest_; }
  // The most that a step runs on.
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
  explicit Plan(const Graph& graph) : graph_(graph) {}

  // Where a pointer comes from.
  struct Source {
    enum class Kind : uint8_t { none, fixed, arena, input, result };
    Kind kind = Kind::none;
    const void* fixed = nullptr;  // constants and state
    size_t index = 0;             // byte offset in the arena, or number of the input or result
  };
  struct Step {
    Kernel kernel;
    int threads;
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

  // A row loop: steps [begin, end) take `times` turns, `lanes` of them at the same time.
  struct Turns {
    // How far a pointer of the first turn in the first lane moves.
    struct Stride {
      size_t turn = 0;  // bytes by turn: of the rows of one
      size_t lane = 0;  // bytes by lane: of what each has of its own
    };
    size_t begin, end;
    int64_t times;
    int lanes;
    size_t first_in, first_out;  // in Workspace::steps
    std::vector<Stride> in;
    std::vector<Stride> out;
  };

  void* resolve(const Source& source, const Workspace& workspace) const;
  void copy_out(Workspace& workspace, std::span<const Tensor> inputs, std::vector<Tensor>& results) const;
  void bind(std::span<const Step> steps, std::byte* scratch, Workspace::Calls& calls) const;
  void set_threads(size_t step, int lanes) const;
  Status run_steps(std::span<const KernelArgs> args, size_t begin, bool counted, int lanes) const;
  Status run_turns(Workspace& workspace, size_t loop) const;
  Status run_lane(const Workspace& workspace, const Turns& turns, Workspace::Calls& calls, int lane) const;

  const Graph& graph_;
  bool whole_ = false;
  std::vector<int32_t> alone_;
  std::vector<int32_t> rest_;
  std::vector<ValueId> results_;
  std::vector<TensorType> result_types_;
  std::vector<std::optional<Tensor>> known_results_;  // results that are constant or whose contents were folded
  std::vector<int> passed_results_;                   // number of the input that a result is, or -1
  std::vector<Step> steps_;
  std::vector<int32_t> step_nodes_;
  std::vector<Turns> turns_;  // in order
  std::vector<Copy> copies_;
  std::vector<Patch> in_patches_;
  std::vector<Patch> out_patches_;
  std::vector<Tensor> kept_;  // folded constants the steps point into
  std::string largest_;
  size_t arena_bytes_ = 0;
  size_t scratch_offset_ = 0;
  size_t scratch_stride_ = 0;  // by lane
  int threads_ = 1;
  mutable std::atomic<bool> profiling_{false};
  mutable std::unique_ptr<StepTime[]> times_;
};

}  // namespace slipway
