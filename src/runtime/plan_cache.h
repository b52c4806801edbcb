// PlanCache: the compiled plans of one stretch of a graph, by bound types, the least recently used leaving first.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "runtime/plan.h"

namespace slipway {

struct Stretch;

// One compiled plan with the workspaces that are free at the moment. Thread-safe.
class PlanEntry {
 public:
  // `next`: what is left to plan behind it; nullptr when nothing is.
  PlanEntry(std::shared_ptr<const Plan> plan, std::shared_ptr<Stretch> next)
      : plan_(std::move(plan)), next_(std::move(next)) {}

  const Plan& plan() const { return *plan_; }
  const std::shared_ptr<Stretch>& next() const { return next_; }
  // resource_exhausted where the results or what lies between them do not fit into memory; it names the largest. Else
  // what Plan::run says.
  Status run(std::span<const Tensor> inputs, std::vector<Tensor>& results);

 private:
  std::unique_ptr<Workspace> take();

  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<Stretch> next_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> free_;
};

// Thread-safe.
class PlanCache {
 public:
  // nullptr when there is none for these types.
  std::shared_ptr<PlanEntry> find(std::span<const TensorType> types);
  // The same for the types of tensors, in the same order.
  std::shared_ptr<PlanEntry> find(std::span<const Tensor> tensors);
  // Keeps `most` entries at most.
  void add(std::vector<TensorType> types, std::shared_ptr<PlanEntry> entry, size_t most);
  std::vector<std::shared_ptr<PlanEntry>> entries() const;

 private:
  struct Cached {
    std::vector<TensorType> types;
    std::shared_ptr<PlanEntry> entry;
  };
  template <typename Matches>
  std::shared_ptr<PlanEntry> find_if(Matches matches);

  mutable std::mutex mutex_;
  std::list<Cached> cached_;  // most recently used first
};

// Nodes of a graph that are planned together as far as their shapes allow, and the plans made of them.
struct Stretch {
  std::vector<int32_t> nodes;
  Values inputs;           // values from outside that the nodes read; of the first stretch, the graph's inputs
  std::vector<bool> kept;  // by value index: the nodes read it, or it is an output of the graph or a state's next value
  PlanCache plans;
};

}  // namespace slipway
