// Compiling a plan, step by step: its results, its threads, its kernels.
#include "runtime/plan_compiler.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "base/cores.h"
#include "base/memory.h"
#include "ops/widened.h"
#include "runtime/thread_choice.h"

namespace slipway {

Result<std::shared_ptr<const Plan>> PlanCompiler::compile() {
  bind();
  RETURN_IF_ERROR(infer());
  choose_results();
  find_lives();
  choose_threads();
  find_loops();
  place_state();
  share_buffers();
  RETURN_IF_ERROR(prepare());
  find_largest();
  place_buffers();
  write_sources();
  plan_->times_ = std::make_unique<Plan::StepTime[]>(plan_->steps_.size());
  return std::shared_ptr<const Plan>(std::move(plan_));
}

// The graph's outputs; or, when nodes come before or after, what those outputs, later nodes and updates need of this
// plan.
void PlanCompiler::choose_results() {
  plan_->whole_ = nodes_.size() == graph_.nodes().size() && plan_->alone_.empty() && plan_->rest_.empty();
  Values needed = graph_.outputs;
  for (const std::vector<int32_t>* later : {&plan_->alone_, &plan_->rest_}) {
    for (int32_t n : *later) {
      const Values& inputs = graph_.nodes()[static_cast<size_t>(n)].inputs;
      needed.insert(needed.end(), inputs.begin(), inputs.end());
    }
  }
  for (const Graph::Update& update : graph_.updates) {
    if (!plan_->whole_) needed.push_back(update.next);
  }
  std::set<ValueId> seen;
  for (ValueId id : needed) {
    if (plan_->whole_ || (id.valid() && computed_here(id) && seen.insert(id).second)) add_result(id);
  }
}

bool PlanCompiler::computed_here(ValueId id) { return info(id).type && info(id).input < 0 && !graph_.is_constant(id); }

void PlanCompiler::add_result(ValueId id) {
  const Info& value = info(id);
  plan_->results_.push_back(id);
  plan_->result_types_.push_back(*value.type);
  plan_->known_results_.push_back(value.contents.defined() ? std::optional(value.contents) : std::nullopt);
  plan_->passed_results_.push_back(value.input);
}

void PlanCompiler::choose_threads() {
  const int most = options_.threads > 0 ? options_.threads : usable_cores();
  const char* policy = std::getenv("OMP_WAIT_POLICY");
  const SharingCost cost = sharing_cost(policy == nullptr ? "" : policy);
  double us = 0;
  for (int32_t n : step_nodes_) {
    const Node& node = graph_.nodes()[static_cast<size_t>(n)];
    const Work work = work_of(node, types_of(node.inputs), types_of(node.outputs));
    step_threads_.push_back(threads_worth(work, cost, most));
    us += work.us;
  }
  if (us < cost.shortest) std::ranges::fill(step_threads_, 1);
  for (int threads : step_threads_) plan_->threads_ = std::max(plan_->threads_, threads);
}

std::vector<TensorType> PlanCompiler::types_of(const Values& ids) {
  std::vector<TensorType> types;
  for (ValueId id : ids) types.push_back(id.valid() ? *info(id).type : TensorType());
  return types;
}

Status PlanCompiler::prepare() {
  for (size_t s = 0; s < step_nodes_.size(); ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    const RowLoop* loop = loop_of(s);
    const int threads = loop != nullptr && loop->lanes > 1 ? 1 : step_threads_[s];
    omp_set_num_threads(threads);
    std::vector<TensorType> in = types_of(node.inputs), out = types_of(node.outputs);
    std::vector<const Tensor*> constants;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      ValueId id = node.inputs[i];
      if (loop != nullptr && loop->carried[s - loop->begin][i]) in[i] = with_rows(in[i], loop->each);
      constants.push_back(id.valid() && info(id).contents.defined() ? &info(id).contents : nullptr);
    }
    for (size_t i = 0; loop != nullptr && i < out.size(); ++i) {
      if (node.outputs[i].valid()) out[i] = with_rows(out[i], loop->each);
    }
    PrepareContext context(node, in, out, constants, threads, packs_);
    Result<Kernel> kernel = within_memory([&] { return ops::prepare_kernel(context); });
    if (!kernel.ok()) return kernel.status().at(describe(node));
    plan_->steps_.push_back({std::move(*kernel), threads, {}, {}});
  }
  plan_->step_nodes_ = step_nodes_;
  return {};
}

void PlanCompiler::find_largest() {
  size_t most = 0;
  for (size_t s = 0; s < step_nodes_.size(); ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    size_t bytes = plan_->steps_[s].kernel.scratch_bytes;
    for (ValueId out : node.outputs) {
      if (out.valid()) bytes += bytes_at_a_time(info(out));
    }
    if (s > 0 && bytes <= most) continue;
    most = bytes;
    plan_->largest_ = fmt::format("{} writes {} bytes, the most of all", describe(node), bytes);
  }
}

Result<std::shared_ptr<const Plan>> Plan::compile(const Graph& graph, std::span<const int32_t> nodes,
                                                  std::span<const Bound> bound, StateTensors& state, PackCache* packs,
                                                  PlanOptions options) {
  return PlanCompiler(graph, nodes, bound, state, packs, options).compile();
}

}  // namespace slipway
