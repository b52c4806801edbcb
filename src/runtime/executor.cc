// Executor: stretches of plans with single nodes between them.
#include "runtime/executor.h"

#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include "base/memory.h"
#include "graph/captures.h"
#include "runtime/control_flow.h"

namespace slipway {

namespace {

// Different stretches of one graph that are remembered; shapes decide where one ends, so there are few.
constexpr size_t kMostStretches = 256;

}  // namespace

Tensor SharedPacks::get(const Tensor& source, const std::string& layout, const std::function<Tensor()>& make) {
  auto key = std::pair(source.raw(), layout);
  auto it = packs_.find(key);
  if (it == packs_.end()) it = packs_.emplace(key, Entry{source, make()}).first;
  return it->second.packed;
}

Executor::Executor(const Graph& graph, ExecutorShared& shared) : graph_(graph), shared_(shared) {
  for (const Graph::Update& update : graph_.updates) {
    state_.emplace(update.state.index, graph_.value(update.state).data.clone());
  }
  std::vector<int32_t> all(graph_.nodes().size());
  for (size_t n = 0; n < all.size(); ++n) {
    all[n] = static_cast<int32_t>(n);
    for (const auto& [name, body] : bodies(graph_.nodes()[n])) {
      bodies_[all[n]].emplace(name, std::make_unique<Executor>(*body, shared));
    }
  }
  alone_times_ = std::make_unique<Plan::StepTime[]>(all.size());
  first_ = stretch_of(std::move(all));
  first_->inputs = graph_.inputs;
}

Status Executor::run(std::span<const Tensor> inputs, std::vector<Tensor>& outputs) {
  std::shared_ptr<PlanEntry> entry = find_whole(inputs);
  if (entry == nullptr || !entry->plan().whole()) {
    return within_memory([&] { return run_in_stretches(inputs, outputs); });
  }
  return entry->run(inputs, outputs);
}

Status Executor::run_in_stretches(std::span<const Tensor> inputs, std::vector<Tensor>& outputs) {
  std::vector<Tensor> values(graph_.value_count());
  for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph_.inputs[i].index)] = inputs[i];
  for (std::shared_ptr<Stretch> stretch = first_; stretch != nullptr;) {
    std::vector<Tensor> given, results;
    std::vector<TensorType> types;
    for (ValueId id : stretch->inputs) {
      given.push_back(values[static_cast<size_t>(id.index)]);
      types.push_back(given.back().type());
    }
    std::shared_ptr<PlanEntry> entry = TRY(plan_for(*stretch, std::move(types)));
    const Plan& plan = entry->plan();
    if (plan.whole()) {
      return entry->run(given, outputs);
    }
    RETURN_IF_ERROR(entry->run(given, results));
    for (size_t r = 0; r < results.size(); ++r) values[static_cast<size_t>(plan.results()[r].index)] = results[r];
    given.clear();
    results.clear();
    for (int32_t n : plan.alone()) RETURN_IF_ERROR(run_alone(n, values));
    stretch = entry->next();
    for (size_t v = 0; stretch != nullptr && v < values.size(); ++v) {
      if (!stretch->kept[v]) values[v] = Tensor();
    }
  }
  outputs.clear();
  for (ValueId id : graph_.outputs) outputs.push_back(value_of(id, values));
  replace_state(values);
  return {};
}

Tensor Executor::value_of(ValueId id, const std::vector<Tensor>& values) const {
  if (!id.valid()) return {};
  auto it = state_.find(id.index);
  if (it != state_.end()) return it->second.clone();
  return graph_.is_constant(id) ? graph_.value(id).data : values[static_cast<size_t>(id.index)];
}

void Executor::replace_state(const std::vector<Tensor>& values) {
  std::vector<Tensor> next;
  for (const Graph::Update& update : graph_.updates) next.push_back(value_of(update.next, values));
  for (size_t u = 0; u < next.size(); ++u) {
    Tensor& state = state_.at(graph_.updates[u].state.index);
    if (next[u].type() == state.type() && state.bytes() > 0) {
      std::memcpy(state.mutable_raw(), next[u].raw(), state.bytes());
    }
  }
}

Status Executor::run_alone(int32_t n, std::vector<Tensor>& values) {
  using Clock = std::chrono::steady_clock;
  const Node& node = graph_.nodes()[static_cast<size_t>(n)];
  std::vector<Tensor> inputs;
  for (ValueId id : node.inputs) inputs.push_back(value_of(id, values));
  bool timed = shared_.profiling.load(std::memory_order_relaxed);
  Clock::time_point before = timed ? Clock::now() : Clock::time_point();
  std::vector<Tensor> outputs = TRY(outputs_of(n, node, inputs));
  if (timed) {
    Plan::StepTime& time = alone_times_[static_cast<size_t>(n)];
    time.runs.fetch_add(1, std::memory_order_relaxed);
    time.ns.fetch_add(std::chrono::nanoseconds(Clock::now() - before).count(), std::memory_order_relaxed);
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.has_output(i)) values[static_cast<size_t>(node.outputs[i].index)] = std::move(outputs[i]);
  }
  return {};
}

ops::Evaluator& Executor::evaluator(int32_t n, const Node& node) {
  std::lock_guard lock(mutex_);
  auto known = evaluators_.find(n);
  if (known != evaluators_.end()) return known->second;
  std::vector<const Tensor*> constants;
  for (ValueId id : node.inputs) {
    const bool fixed = id.valid() && graph_.is_constant(id) && !state_.contains(id.index);
    constants.push_back(fixed ? &graph_.value(id).data : nullptr);
  }
  return evaluators_.try_emplace(n, node, std::move(constants), std::max(shared_.options.threads, 1)).first->second;
}

Result<std::vector<Tensor>> Executor::outputs_of(int32_t n, const Node& node, std::span<const Tensor> inputs) {
  auto it = bodies_.find(n);
  if (it == bodies_.end()) return evaluator(n, node).run(inputs);
  RunBody run_body = [&](std::string_view name, std::span<const Tensor> in, std::vector<Tensor>& out) {
    return it->second.find(name)->second->run(in, out);
  };
  LoopLimits limits{shared_.options.max_trips, shared_.options.max_loop_bytes};
  Result<std::vector<Tensor>> outputs = run_control_flow(node, inputs, run_body, limits);
  if (!outputs.ok()) return outputs.status().at(describe(node));
  return outputs;
}

Result<std::shared_ptr<PlanEntry>> Executor::plan_for(Stretch& stretch, std::vector<TensorType> types) {
  if (auto entry = stretch.plans.find(std::span<const TensorType>(types))) return entry;
  std::vector<Bound> bound;
  for (size_t i = 0; i < types.size(); ++i) bound.push_back({stretch.inputs[i], types[i]});
  std::shared_ptr<const Plan> plan;
  {
    std::lock_guard lock(shared_.compiling);
    if (auto entry = stretch.plans.find(std::span<const TensorType>(types))) return entry;  // by another thread
    const PlanOptions options = {shared_.options.threads, shared_.options.cache_bytes};
    plan = TRY(Plan::compile(graph_, stretch.nodes, bound, state_, &shared_.packs, options));
  }
  ++shared_.compiled;
  CHECK(plan->rest().size() < stretch.nodes.size() || stretch.nodes.empty(), "a stretch without progress");
  plan->set_profiling(shared_.profiling);
  auto next = plan->rest().empty() ? nullptr : stretch_of(plan->rest());
  auto entry = std::make_shared<PlanEntry>(std::move(plan), std::move(next));
  stretch.plans.add(std::move(types), entry, shared_.options.max_plans);
  return entry;
}

std::shared_ptr<Stretch> Executor::stretch_of(std::vector<int32_t> nodes) {
  std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Stretch>& known : stretches_) {
    if (known->nodes == nodes) return known;
  }
  auto stretch = std::make_shared<Stretch>();
  stretch->nodes = std::move(nodes);
  stretch->kept.resize(graph_.value_count(), false);
  std::vector<bool> inside(graph_.value_count(), false);
  for (int32_t n : stretch->nodes) {
    const Node& node = graph_.nodes()[static_cast<size_t>(n)];
    for (ValueId in : node.inputs) {
      if (!in.valid() || graph_.is_constant(in) || inside[static_cast<size_t>(in.index)]) continue;
      if (!stretch->kept[static_cast<size_t>(in.index)]) stretch->inputs.push_back(in);
      stretch->kept[static_cast<size_t>(in.index)] = true;
    }
    for (ValueId out : node.outputs) {
      if (out.valid()) inside[static_cast<size_t>(out.index)] = true;
    }
  }
  for (ValueId out : graph_.outputs) stretch->kept[static_cast<size_t>(out.index)] = true;
  for (const Graph::Update& update : graph_.updates) stretch->kept[static_cast<size_t>(update.next.index)] = true;
  if (stretches_.size() >= kMostStretches) stretches_.resize(1);
  stretches_.push_back(stretch);
  return stretch;
}

std::vector<std::shared_ptr<Stretch>> Executor::stretches() const {
  std::lock_guard lock(mutex_);
  return stretches_;
}

void Executor::set_profiling(bool on) {
  shared_.profiling = on;
  for (const auto& stretch : stretches()) {
    for (const auto& entry : stretch->plans.entries()) entry->plan().set_profiling(on);
  }
  for (auto& [n, bodies] : bodies_) {
    for (auto& [name, body] : bodies) body->set_profiling(on);
  }
}

void Executor::add_profile(const std::string& prefix, std::vector<NodeProfile>& rows) const {
  const std::vector<Node>& nodes = graph_.nodes();
  std::vector<NodeProfile> own(nodes.size());
  auto count = [&](size_t n, const Plan::StepTime& time) {
    own[n].runs += time.runs.load(std::memory_order_relaxed);
    own[n].total_ns += time.ns.load(std::memory_order_relaxed);
  };
  for (size_t n = 0; n < own.size(); ++n) count(n, alone_times_[n]);
  for (const auto& stretch : stretches()) {
    for (const auto& entry : stretch->plans.entries()) {
      const Plan& plan = entry->plan();
      for (size_t s = 0; s < plan.step_count(); ++s) {
        count(static_cast<size_t>(plan.step_nodes()[s]), plan.step_time(s));
      }
    }
  }
  for (size_t n = 0; n < own.size(); ++n) {
    bool unnamed = nodes[n].name.empty() && nodes[n].has_output(0);
    own[n].name = prefix + (unnamed ? graph_.value(nodes[n].outputs[0]).name : nodes[n].name);
    own[n].op_type = nodes[n].op_type;
    if (own[n].runs > 0) rows.push_back(own[n]);
    auto it = bodies_.find(static_cast<int32_t>(n));
    if (it == bodies_.end()) continue;
    for (const auto& [name, body] : it->second) body->add_profile(own[n].name + "/", rows);
  }
}

size_t Executor::largest_arena() const {
  size_t most = 0;
  for (const auto& stretch : stretches()) {
    for (const auto& entry : stretch->plans.entries()) most = std::max(most, entry->plan().arena_bytes());
  }
  for (const auto& [n, bodies] : bodies_) {
    for (const auto& [name, body] : bodies) most = std::max(most, body->largest_arena());
  }
  return most;
}

}  // namespace slipway
