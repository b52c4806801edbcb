// Executor: runs a graph in plans, and node by node where no plan can go; the subgraphs of such nodes likewise.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "graph/kernel.h"
#include "ops/evaluate.h"
#include "runtime/plan_cache.h"
#include "runtime/session.h"

namespace slipway {

// Constants in the layout a primitive wants; see PackCache.
class SharedPacks final : public PackCache {
 public:
  Tensor get(const Tensor& source, const std::string& layout, const std::function<Tensor()>& make) override;

 private:
  struct Entry {
    Tensor source;  // keeps the address in the key from being used again
    Tensor packed;
  };
  std::map<std::pair<const void*, std::string>, Entry> packs_;
};

// What all executors of a session share.
struct ExecutorShared {
  SessionOptions options;
  std::mutex compiling;  // guards packs
  SharedPacks packs;
  std::atomic<int64_t> compiled{0};
  std::atomic<bool> profiling{false};
};

// Thread-safe: runs may overlap unless the graph has updates.
class Executor {
 public:
  // Requires: graph and shared outlive this; verify() accepted the graph and every node has its card.
  Executor(const Graph& graph, ExecutorShared& shared);

  // The plan of the whole graph for inputs of these types, when it is cached.
  std::shared_ptr<PlanEntry> find_whole(std::span<const Tensor> inputs) { return first_->plans.find(inputs); }

  // `outputs` are written again where their type fits and nobody else holds them. An output that is an input or a
  // constant shares its elements. Requires: the inputs are what the graph declares.
  Status run(std::span<const Tensor> inputs, std::vector<Tensor>& outputs);

  StateTensors& state() { return state_; }
  const StateTensors& state() const { return state_; }

  void set_profiling(bool on);
  // Adds what nodes cost, in order, their subgraphs' behind them. Names begin with `prefix`.
  void add_profile(const std::string& prefix, std::vector<NodeProfile>& rows) const;
  size_t largest_arena() const;

 private:
  using Bodies = std::map<std::string, std::unique_ptr<Executor>, std::less<>>;

  Status run_in_stretches(std::span<const Tensor> inputs, std::vector<Tensor>& outputs);
  Status run_alone(int32_t n, std::vector<Tensor>& values);
  ops::Evaluator& evaluator(int32_t n, const Node& node);
  Result<std::vector<Tensor>> outputs_of(int32_t n, const Node& node, std::span<const Tensor> inputs);
  void replace_state(const std::vector<Tensor>& values);
  Tensor value_of(ValueId id, const std::vector<Tensor>& values) const;
  Result<std::shared_ptr<PlanEntry>> plan_for(Stretch& stretch, std::vector<TensorType> types);
  std::shared_ptr<Stretch> stretch_of(std::vector<int32_t> nodes);
  std::vector<std::shared_ptr<Stretch>> stretches() const;

  const Graph& graph_;
  ExecutorShared& shared_;
  StateTensors state_;
  std::map<int32_t, Bodies> bodies_;              // by node
  std::map<int32_t, ops::Evaluator> evaluators_;  // by node, of those that ran alone
  std::unique_ptr<Plan::StepTime[]> alone_times_;
  std::shared_ptr<Stretch> first_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Stretch>> stretches_;  // first_ first
};

}  // namespace slipway
