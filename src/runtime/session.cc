// Session: a graph with its executor and the check of what callers bring.
#include "runtime/session.h"

#include <cstring>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/memory.h"
#include "graph/captures.h"
#include "graph/operator.h"
#include "rewrite/rewrite.h"
#include "runtime/executor.h"

namespace slipway {

namespace {

// Bytes of all constants, those that subgraphs share with the graph around them counted once.
int64_t bytes_of_constants(const Graph& graph, std::set<const void*>& counted) {
  int64_t bytes = 0;
  for (size_t v = 0; v < graph.value_count(); ++v) {
    const Tensor& data = graph.value({static_cast<int32_t>(v)}).data;
    if (data.defined() && counted.insert(data.raw()).second) bytes += static_cast<int64_t>(data.bytes());
  }
  for (const Node& node : graph.nodes()) {
    for (const auto& [name, body] : bodies(node)) bytes += bytes_of_constants(*body, counted);
  }
  return bytes;
}

class PlannedSession final : public Session {
 public:
  PlannedSession(Graph graph, SessionOptions options)
      : graph_(std::move(graph)),
        inputs_(input_ports(graph_)),
        outputs_(output_ports(graph_)),
        shared_{.options = options},
        executor_(graph_, shared_) {}

  const std::vector<Port>& inputs() const override { return inputs_; }
  const std::vector<Port>& outputs() const override { return outputs_; }

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    std::vector<Tensor> outputs;
    RETURN_IF_ERROR(run_into(inputs, outputs));
    return outputs;
  }

  Status run_into(std::span<const Tensor> inputs, std::vector<Tensor>& outputs) override {
    std::shared_ptr<PlanEntry> entry = executor_.find_whole(inputs);
    if (entry != nullptr && entry->plan().whole()) {  // the path of nearly every run: its types were checked before
      return entry->run(inputs, outputs);
    }
    RETURN_IF_ERROR(check_inputs(inputs_, inputs));
    std::vector<Tensor> fitted(inputs.begin(), inputs.end());
    for (size_t i = 0; i < fitted.size(); ++i) {  // check_inputs() lets one element pass for a scalar
      bool scalar = !inputs_[i].any_rank && inputs_[i].dims.empty();
      if (scalar && fitted[i].rank() > 0) fitted[i] = fitted[i].reshaped({});
    }
    return executor_.run(fitted, outputs);
  }

  Result<Tensor> state(const std::string& name) const override {
    auto it = executor_.state().find(graph_.find(name).index);
    if (it == executor_.state().end()) return not_found(fmt::format("no state \"{}\" in this session", name));
    return it->second.clone();
  }

  Status set_state(const std::string& name, const Tensor& value) override {
    auto it = executor_.state().find(graph_.find(name).index);
    if (it == executor_.state().end()) return not_found(fmt::format("no state \"{}\" in this session", name));
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

  void set_profiling(bool on) override { executor_.set_profiling(on); }

  std::vector<NodeProfile> profile() const override {
    std::vector<NodeProfile> rows;
    executor_.add_profile("", rows);
    return rows;
  }

  int64_t plans_compiled() const override { return shared_.compiled; }
  int64_t arena_bytes() const override { return static_cast<int64_t>(executor_.largest_arena()); }

  int64_t constant_bytes() const override {
    std::set<const void*> counted;
    return bytes_of_constants(graph_, counted);
  }

 private:
  Graph graph_;
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
  ExecutorShared shared_;
  Executor executor_;
};

// Operators without a card, in subgraphs too, each with the opset it is of.
void list_unknown(const Graph& graph, const std::map<std::string, int64_t>& opsets, const std::string& where,
                  std::vector<std::string>& list) {
  for (const Node& node : graph.nodes()) {
    auto opset = opsets.find(node.domain);
    if (node.op == nullptr) {
      list.push_back(where + describe(node) +
                     (opset == opsets.end() ? "" : fmt::format(" of opset {}", opset->second)));
    }
    for (const auto& [name, body] : bodies(node)) {
      list_unknown(*body, opsets, fmt::format("{}{}: {}: ", where, describe(node), name), list);
    }
  }
}

Status refuse_unknown_operators(const Graph& graph) {
  constexpr size_t kMostText = 400;
  std::vector<std::string> unknown;
  list_unknown(graph, graph.opsets, "", unknown);
  if (unknown.empty()) return {};
  std::string list;
  size_t shown = 0;
  for (; shown < unknown.size() && list.size() < kMostText; ++shown) list += (shown == 0 ? "" : ", ") + unknown[shown];
  if (shown < unknown.size()) list += fmt::format(" and {} more", unknown.size() - shown);
  return unsupported(fmt::format("no operator card for {}; `slipway operators` lists what there is", list));
}

}  // namespace

Result<std::unique_ptr<Session>> Session::create(Graph graph, SessionOptions options) {
  RETURN_IF_ERROR(refuse_unknown_operators(graph));
  RETURN_IF_ERROR(verify(graph));
  return within_memory([&]() -> Result<std::unique_ptr<Session>> {
    RETURN_IF_ERROR(options.optimize ? rewrite::optimize(graph) : infer_types(graph));
    return std::unique_ptr<Session>(std::make_unique<PlannedSession>(std::move(graph), options));
  });
}

}  // namespace slipway
