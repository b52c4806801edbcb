// Session: plans by bound shape, workspaces by run, state across runs.
#include "runtime/session.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "rewrite/rewrite.h"
#include "runtime/plan.h"

namespace slipway {

namespace {

// Contents up to this size may be part of a plan's key; larger ones make a plan for one run only.
constexpr size_t kMostKeyBytes = 4096;

class SharedPacks final : public PackCache {
 public:
  Tensor get(const Tensor& source, const std::string& layout, const std::function<Tensor()>& make) override {
    auto key = std::pair(source.raw(), layout);
    auto it = packs_.find(key);
    if (it == packs_.end()) it = packs_.emplace(key, Entry{source, make()}).first;
    return it->second.packed;
  }

 private:
  struct Entry {
    Tensor source;  // keeps the address in the key from being used again
    Tensor packed;
  };
  std::map<std::pair<const void*, std::string>, Entry> packs_;
};

// What decides whether a plan fits: where it starts, the types bound, the contents it may depend on.
struct PlanKey {
  size_t first = 0;
  std::vector<TensorType> types;
  std::vector<Tensor> contents;  // cloned; undefined where the plan does not depend on them
};

bool matches(const PlanKey& key, size_t first, std::span<const Bound> bound) {
  if (key.first != first || key.types.size() != bound.size()) return false;
  for (size_t i = 0; i < bound.size(); ++i) {
    if (key.types[i].dtype != bound[i].type.dtype || key.types[i].shape != bound[i].type.shape) return false;
    if (key.contents[i].defined() != bound[i].contents.defined()) return false;
    if (bound[i].contents.defined() && !identical(key.contents[i], bound[i].contents)) return false;
  }
  return true;
}

// One compiled plan with the workspaces that are free at the moment. Thread-safe.
class PlanEntry {
 public:
  explicit PlanEntry(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}
  const Plan& plan() const { return *plan_; }

  void run(std::span<const Tensor> inputs, std::vector<Tensor>& results) {
    std::unique_ptr<Workspace> workspace = take();
    plan_->run(*workspace, inputs, results);
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(workspace));
  }

 private:
  std::unique_ptr<Workspace> take() {
    {
      std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        std::unique_ptr<Workspace> workspace = std::move(free_.back());
        free_.pop_back();
        return workspace;
      }
    }
    return plan_->make_workspace();
  }

  std::shared_ptr<const Plan> plan_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> free_;
};

class PlannedSession final : public Session {
 public:
  PlannedSession(Graph graph, SessionOptions options)
      : graph_(std::move(graph)), options_(options), inputs_(input_ports(graph_)), outputs_(output_ports(graph_)) {
    for (const Graph::Update& update : graph_.updates) {
      state_.emplace(update.state.index, graph_.value(update.state).data.clone());
    }
  }

  const std::vector<Port>& inputs() const override { return inputs_; }
  const std::vector<Port>& outputs() const override { return outputs_; }

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    std::vector<Tensor> outputs;
    RETURN_IF_ERROR(run_into(inputs, outputs));
    return outputs;
  }

  Status run_into(std::span<const Tensor> inputs, std::vector<Tensor>& outputs) override {
    if (std::shared_ptr<PlanEntry> whole = find_whole(inputs)) {
      whole->run(inputs, outputs);
      return {};
    }
    RETURN_IF_ERROR(check_inputs(inputs_, inputs));
    return run_stages(inputs, outputs);
  }

  Result<Tensor> state(const std::string& name) const override {
    auto it = state_.find(graph_.find(name).index);
    if (it == state_.end()) return not_found(fmt::format("no state \"{}\" in this session", name));
    return it->second.clone();
  }

  Status set_state(const std::string& name, const Tensor& value) override {
    auto it = state_.find(graph_.find(name).index);
    if (it == state_.end()) return not_found(fmt::format("no state \"{}\" in this session", name));
    if (it->second.type() != value.type()) {
      return invalid(fmt::format("state \"{}\": expected {}, found {}", name, to_string(it->second.type()),
                                 to_string(value.type())));
    }
    if (value.bytes() > 0) std::memcpy(it->second.mutable_raw(), value.raw(), value.bytes());
    return {};
  }

  std::vector<std::string> state_names() const override {
    std::vector<std::string> names;
    for (const Graph::Update& update : graph_.updates) names.push_back(graph_.value(update.state).name);
    return names;
  }

  void set_profiling(bool on) override {
    std::lock_guard lock(mutex_);
    profiling_ = on;
    for (Cached& cached : plans_) cached.entry->plan().set_profiling(on);
  }

  std::vector<NodeProfile> profile() const override {
    std::lock_guard lock(mutex_);
    std::vector<NodeProfile> rows(graph_.nodes().size());
    for (size_t n = 0; n < rows.size(); ++n) {
      const Node& node = graph_.nodes()[n];
      const bool unnamed = node.name.empty() && node.has_output(0);
      rows[n] = {unnamed ? graph_.value(node.outputs[0]).name : node.name, node.op_type, 0, 0};
    }
    for (const Cached& cached : plans_) {
      const Plan& plan = cached.entry->plan();
      for (size_t s = 0; s < plan.step_count(); ++s) {
        NodeProfile& row = rows[static_cast<size_t>(plan.step_nodes()[s])];
        row.runs += plan.step_time(s).runs.load(std::memory_order_relaxed);
        row.total_ns += plan.step_time(s).ns.load(std::memory_order_relaxed);
      }
    }
    std::erase_if(rows, [](const NodeProfile& row) { return row.runs == 0; });
    return rows;
  }

  int64_t arena_bytes() const override {
    std::lock_guard lock(mutex_);
    size_t most = 0;
    for (const Cached& cached : plans_) most = std::max(most, cached.entry->plan().arena_bytes());
    return static_cast<int64_t>(most);
  }

  int64_t constant_bytes() const override {
    int64_t bytes = 0;
    for (size_t v = 0; v < graph_.value_count(); ++v) {
      const Tensor& data = graph_.value({static_cast<int32_t>(v)}).data;
      if (data.defined()) bytes += static_cast<int64_t>(data.bytes());
    }
    return bytes;
  }

 private:
  struct Cached {
    PlanKey key;
    std::shared_ptr<PlanEntry> entry;
  };

  // The plan of the whole graph for these inputs, when it is cached: the path of nearly every run.
  std::shared_ptr<PlanEntry> find_whole(std::span<const Tensor> inputs) {
    std::lock_guard lock(mutex_);
    for (auto it = plans_.begin(); it != plans_.end(); ++it) {
      if (!it->entry->plan().whole() || it->key.types.size() != inputs.size()) continue;
      bool same = true;
      for (size_t i = 0; i < inputs.size() && same; ++i) {
        same = inputs[i].dtype() == it->key.types[i].dtype && inputs[i].shape() == it->key.types[i].shape;
      }
      if (!same) continue;
      plans_.splice(plans_.begin(), plans_, it);
      return plans_.front().entry;
    }
    return nullptr;
  }

  Status run_stages(std::span<const Tensor> inputs, std::vector<Tensor>& outputs);
  std::vector<Bound> bind(size_t first, const std::vector<Tensor>& values, bool contents) const;
  Result<std::shared_ptr<PlanEntry>> plan_for(size_t first, std::span<const Bound> bound);

  Graph graph_;
  SessionOptions options_;
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
  StateTensors state_;
  mutable std::mutex mutex_;
  std::mutex compiling_;
  SharedPacks packs_;
  bool profiling_ = false;
  std::list<Cached> plans_;  // most recently used first
};

// The values a stage starts from: everything computed so far that it or a later one reads. The contents that its first
// node reads are bound too, unless this is the first stage: they are why the stage before ended.
std::vector<Bound> PlannedSession::bind(size_t first, const std::vector<Tensor>& values, bool contents) const {
  std::vector<Bound> bound;
  if (first == 0 && !contents) {
    for (ValueId id : graph_.inputs) bound.push_back({id, values[static_cast<size_t>(id.index)].type(), {}});
    return bound;
  }
  std::set<ValueId> needed(graph_.outputs.begin(), graph_.outputs.end());
  const auto& nodes = graph_.nodes();
  for (size_t n = first; n < nodes.size(); ++n) needed.insert(nodes[n].inputs.begin(), nodes[n].inputs.end());
  const Values& looked_at = first < nodes.size() ? nodes[first].inputs : graph_.outputs;
  for (ValueId id : needed) {
    if (!id.valid() || !values[static_cast<size_t>(id.index)].defined()) continue;
    const Tensor& value = values[static_cast<size_t>(id.index)];
    bool look = contents && std::find(looked_at.begin(), looked_at.end(), id) != looked_at.end();
    bound.push_back({id, value.type(), look ? value : Tensor()});
  }
  return bound;
}

Result<std::shared_ptr<PlanEntry>> PlannedSession::plan_for(size_t first, std::span<const Bound> bound) {
  {
    std::lock_guard lock(mutex_);
    for (auto it = plans_.begin(); it != plans_.end(); ++it) {
      if (!matches(it->key, first, bound)) continue;
      plans_.splice(plans_.begin(), plans_, it);
      return plans_.front().entry;
    }
  }
  std::lock_guard compiling(compiling_);
  auto plan = TRY(Plan::compile(graph_, first, bound, state_, &packs_, {options_.threads}));
  auto entry = std::make_shared<PlanEntry>(std::move(plan));
  PlanKey key{first, {}, {}};
  size_t key_bytes = 0;
  for (const Bound& b : bound) {
    key.types.push_back(b.type);
    key.contents.push_back(b.contents.clone());
    key_bytes += b.contents.defined() ? b.contents.bytes() : 0;
  }
  std::lock_guard lock(mutex_);
  entry->plan().set_profiling(profiling_);
  if (key_bytes > kMostKeyBytes) return entry;
  plans_.push_front({std::move(key), entry});
  if (plans_.size() > options_.max_plans) plans_.pop_back();
  return entry;
}

Status PlannedSession::run_stages(std::span<const Tensor> inputs, std::vector<Tensor>& outputs) {
  std::vector<Tensor> values(graph_.value_count());
  for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph_.inputs[i].index)] = inputs[i];
  size_t first = 0;
  bool contents = false;
  do {
    std::vector<Bound> bound = bind(first, values, contents);
    std::shared_ptr<PlanEntry> entry = TRY(plan_for(first, bound));
    const Plan& plan = entry->plan();
    if (plan.whole()) {
      entry->run(inputs, outputs);
      return {};
    }
    std::vector<Tensor> given, results;
    for (const Bound& b : bound) given.push_back(values[static_cast<size_t>(b.value.index)]);
    entry->run(given, results);
    for (size_t r = 0; r < results.size(); ++r) values[static_cast<size_t>(plan.results()[r].index)] = results[r];
    if (plan.end() == first && contents) return internal("a plan made no progress");
    first = plan.end();
    contents = true;
  } while (first < graph_.nodes().size());
  outputs.clear();
  for (ValueId id : graph_.outputs) {
    outputs.push_back(graph_.is_constant(id) ? graph_.value(id).data : values[static_cast<size_t>(id.index)]);
  }
  return {};
}

Status refuse_unknown_operators(const Graph& graph) {
  std::string list;
  int more = 0;
  for (const Node& node : graph.nodes()) {
    if (node.op != nullptr) continue;
    if (list.size() < 400) {
      list += (list.empty() ? "" : ", ") + describe(node);
    } else {
      ++more;
    }
  }
  if (list.empty()) return {};
  if (more > 0) list += fmt::format(" and {} more", more);
  return unsupported(fmt::format("no operator card for {}; `slipway operators` lists what there is", list));
}

}  // namespace

Result<std::unique_ptr<Session>> Session::create(Graph graph, SessionOptions options) {
  RETURN_IF_ERROR(refuse_unknown_operators(graph));
  RETURN_IF_ERROR(verify(graph));
  if (options.optimize) RETURN_IF_ERROR(rewrite::optimize(graph));
  return std::unique_ptr<Session>(std::make_unique<PlannedSession>(std::move(graph), options));
}

}  // namespace slipway
