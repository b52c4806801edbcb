// Compiling a plan, step by step: its results, its threads, its kernels.
#include "runtime/plan_compiler.h"

#include <omp.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/memory.h"

namespace slipway {

namespace {

// Below this many multiply-adds (or a quarter of it in elements) a plan runs on one thread: waking a second costs more.
constexpr double kWorkPerThread = 8e6;

}  // namespace

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
  plan_->threads_ = options_.threads;
  if (options_.threads > 0) return;
  double work = 0;
  for (int32_t n : step_nodes_) {
    const Node& node = graph_.nodes()[static_cast<size_t>(n)];
    double out = 0, in = 0, weight = 1;
    for (ValueId id : node.outputs) {
      if (id.valid()) out += static_cast<double>(info(id).type->count());
    }
    for (ValueId id : node.inputs) {
      if (id.valid()) in += static_cast<double>(info(id).type->count());
    }
    // Contractions: outputs times the length of the sum, read off the second operand.
    bool contraction = node.op->quant.kind == Quant::weighted && node.has_input(1);
    if (contraction) {
      const Shape& shape = info(node.inputs[1]).type->shape;
      bool filters = node.op_type.find("Conv") != std::string::npos;
      double columns = shape.empty() ? 1 : static_cast<double>(filters ? shape.front() : shape.back());
      weight = static_cast<double>(info(node.inputs[1]).type->count()) / std::max(columns, 1.0);
    }
    work += contraction ? out * weight : (out + in) * 0.25;
  }
  int cores = omp_get_num_procs();
  plan_->threads_ = std::clamp(static_cast<int>(work / kWorkPerThread), 1, cores);
}

Status PlanCompiler::prepare() {
  for (size_t s = 0; s < step_nodes_.size(); ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    const RowLoop* loop = loop_of(s);
    const int threads = loop != nullptr && loop->lanes > 1 ? 1 : plan_->threads_;
    omp_set_num_threads(threads);
    std::vector<TensorType> in, out;
    std::vector<const Tensor*> constants;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      ValueId id = node.inputs[i];
      in.push_back(id.valid() ? *info(id).type : TensorType());
      if (loop != nullptr && loop->carried[s - loop->begin][i]) in.back() = with_rows(in.back(), loop->each);
      constants.push_back(id.valid() && info(id).contents.defined() ? &info(id).contents : nullptr);
    }
    for (ValueId id : node.outputs) {
      out.push_back(id.valid() ? *info(id).type : TensorType());
      if (loop != nullptr && id.valid()) out.back() = with_rows(out.back(), loop->each);
    }
    PrepareContext context(node, in, out, constants, threads, packs_);
    Result<Kernel> kernel = within_memory([&] { return node.op->cpu(context); });
    if (!kernel.ok()) return kernel.status().at(describe(node));
    plan_->steps_.push_back({std::move(*kernel), {}, {}});
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
