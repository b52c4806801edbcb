// PlanCompiler: shapes, folding, aliases, kernels and memory of one plan.
#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/memory.h"
#include "ops/evaluate.h"
#include "runtime/memory_plan.h"
#include "runtime/plan.h"
#include "runtime/thread_choice.h"

namespace slipway {

namespace {

constexpr int64_t kMostFoldedBytes = int64_t{256} << 20;

}  // namespace

class PlanCompiler {
 public:
  PlanCompiler(const Graph& graph, std::span<const int32_t> nodes, std::span<const Bound> bound, StateTensors& state,
               PackCache* packs, PlanOptions options)
      : graph_(graph), nodes_(nodes), bound_(bound), state_(state), packs_(packs), options_(options) {}

  Result<std::shared_ptr<const Plan>> compile() {
    bind();
    RETURN_IF_ERROR(infer());
    choose_results();
    find_lives();
    choose_threads();
    place_state();
    share_buffers();
    RETURN_IF_ERROR(prepare());
    find_largest();
    place_buffers();
    write_sources();
    plan_->times_ = std::make_unique<Plan::StepTime[]>(plan_->steps_.size());
    return std::shared_ptr<const Plan>(std::move(plan_));
  }

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

  void bind() {
    infos_.resize(graph_.value_count());
    for (size_t v = 0; v < infos_.size(); ++v) {
      ValueId id{static_cast<int32_t>(v)};
      infos_[v].root = id;
      const Value& value = graph_.value(id);
      if (!value.data.defined()) continue;
      infos_[v].type = value.data.type();
      auto it = state_.find(id.index);
      infos_[v].state = it != state_.end();
      if (infos_[v].state) {
        infos_[v].fixed = it->second.raw();
      } else {
        infos_[v].contents = value.data;
        infos_[v].fixed = value.data.raw();
      }
    }
    for (size_t i = 0; i < bound_.size(); ++i) {
      Info& value = info(bound_[i].value);
      value.type = bound_[i].type;
      value.input = static_cast<int>(i);
    }
  }

  Status infer();
  bool never_planned(const Node& node);
  Result<bool> infer_one(const Node& node);
  void keep_folded();
  Status fold(const Node& node);
  bool foldable(const Node& node);

  // The graph's outputs; or, when nodes come before or after, what those outputs, later nodes and updates need of this
  // plan.
  void choose_results() {
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

  bool computed_here(ValueId id) { return info(id).type && info(id).input < 0 && !graph_.is_constant(id); }

  void add_result(ValueId id) {
    const Info& value = info(id);
    plan_->results_.push_back(id);
    plan_->result_types_.push_back(*value.type);
    plan_->known_results_.push_back(value.contents.defined() ? std::optional(value.contents) : std::nullopt);
    plan_->passed_results_.push_back(value.input);
  }

  void find_lives();
  void choose_threads();
  std::vector<TensorType> types_of(const Values& ids);
  void place_state();
  void share_buffers();
  Status prepare();
  void find_largest();
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
  std::vector<int32_t> step_nodes_;  // nodes with a kernel
  std::vector<int> step_threads_;
  std::vector<std::pair<ValueId, ValueId>> state_copies_;  // next -> state
  std::vector<int> buffer_owner_;
  std::vector<BufferLife> lives_;
};

class PlanCompiler::BoundInferContext final : public InferContext {
 public:
  BoundInferContext(PlanCompiler& compiler, const Node& node) : compiler_(compiler), node_(node) {
    for (ValueId in : node.inputs) {
      dims_.push_back(in.valid() && compiler.info(in).type ? to_dims(compiler.info(in).type->shape) : Dims());
    }
    outputs_.resize(node.outputs.size());
  }
  const Node& node() const override { return node_; }
  bool has_input(size_t i) const override { return node_.has_input(i); }
  size_t input_count() const override { return node_.inputs.size(); }
  DType dtype(size_t i) const override { return compiler_.info(node_.inputs[i]).type->dtype; }
  const Dims& dims(size_t i) const override { return dims_[i]; }
  const Tensor* known(size_t i) const override {
    if (!node_.has_input(i)) return nullptr;
    const Tensor& contents = compiler_.info(node_.inputs[i]).contents;
    return contents.defined() ? &contents : nullptr;
  }
  bool has_output(size_t i) const override { return node_.has_output(i); }
  void set(size_t output, DType dtype, Dims dims) override {
    if (has_output(output)) outputs_[output] = {dtype, std::move(dims), {}};
  }
  void set_known(size_t output, const Tensor& contents) override {
    if (has_output(output)) outputs_[output].contents = contents;
  }

  // False when an output's shape is not fully known, or it has no bytes of fixed size.
  Result<bool> commit() {
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (!node_.has_output(i)) continue;
      if (outputs_[i].dtype == DType::undefined) {
        return invalid(
            fmt::format("{}: has no output {} with these attributes and inputs; leave it out", describe(node_), i));
      }
      std::optional<Shape> shape = known_shape(outputs_[i].dims);
      if (!shape || holds_objects(outputs_[i].dtype)) return false;
      RETURN_IF_ERROR(checked_count(*shape).status().at(describe(node_)));
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (!node_.has_output(i)) continue;
      Info& to = compiler_.info(node_.outputs[i]);
      to.type = {outputs_[i].dtype, *known_shape(outputs_[i].dims)};
      if (outputs_[i].contents.defined()) to.contents = outputs_[i].contents;
    }
    return true;
  }

 private:
  struct Output {
    DType dtype = DType::undefined;
    Dims dims;
    Tensor contents;
  };
  PlanCompiler& compiler_;
  const Node& node_;
  std::vector<Dims> dims_;
  std::vector<Output> outputs_;
};

// Whatever the shapes: subgraphs, values that are handles, and no kernel to prepare.
bool PlanCompiler::never_planned(const Node& node) {
  if (node.op->cpu == nullptr && !node.op->view) return true;
  auto objects = [&](ValueId id) {
    return id.valid() && holds_objects(info(id).type ? info(id).type->dtype : graph_.value(id).dtype);
  };
  return std::any_of(node.inputs.begin(), node.inputs.end(), objects) ||
         std::any_of(node.outputs.begin(), node.outputs.end(), objects);
}

Result<bool> PlanCompiler::infer_one(const Node& node) {
  BoundInferContext context(*this, node);
  RETURN_IF_ERROR(within_memory([&] { return node.op->infer(context); }).at(describe(node)));
  return context.commit();
}

bool PlanCompiler::foldable(const Node& node) {
  if (!node.op->deterministic || (node.op->cpu == nullptr && !node.op->view)) return false;
  int64_t bytes = 0;
  for (ValueId out : node.outputs) {
    if (out.valid()) bytes += static_cast<int64_t>(info(out).type->bytes());
  }
  if (bytes > kMostFoldedBytes) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](ValueId in) { return !in.valid() || info(in).contents.defined(); });
}

Status PlanCompiler::fold(const Node& node) {
  std::vector<Tensor> inputs;
  for (ValueId in : node.inputs) inputs.push_back(in.valid() ? info(in).contents : Tensor());
  std::vector<Tensor> outputs = TRY(ops::evaluate(node, inputs));
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (node.has_output(i)) info(node.outputs[i]).contents = outputs[i];
  }
  return {};
}

Status PlanCompiler::infer() {
  std::vector<bool> later(graph_.value_count(), false);  // values of nodes that run alone
  for (int32_t n : nodes_) {
    const Node& node = graph_.nodes()[static_cast<size_t>(n)];
    auto there = [&](ValueId in) { return !in.valid() || info(in).type.has_value(); };
    auto there_then = [&](ValueId in) { return there(in) || later[static_cast<size_t>(in.index)]; };
    bool ready = std::all_of(node.inputs.begin(), node.inputs.end(), there);
    bool never = never_planned(node);
    bool planned = ready && !never && TRY(infer_one(node));
    if (!planned) {
      bool alone = ready || (never && std::all_of(node.inputs.begin(), node.inputs.end(), there_then));
      (alone ? plan_->alone_ : plan_->rest_).push_back(n);
      for (ValueId out : node.outputs) {
        if (alone && out.valid()) later[static_cast<size_t>(out.index)] = true;
      }
      continue;
    }
    bool all_contents = std::all_of(node.outputs.begin(), node.outputs.end(),
                                    [&](ValueId out) { return !out.valid() || info(out).contents.defined(); });
    if (all_contents) continue;
    if (foldable(node)) {
      RETURN_IF_ERROR(fold(node));
    } else if (node.op->view) {
      info(node.outputs[0]).root = info(node.inputs[0]).root;
    } else {
      step_nodes_.push_back(n);
    }
  }
  keep_folded();
  return {};
}

void PlanCompiler::keep_folded() {
  for (Info& value : infos_) {
    if (!value.contents.defined() || value.fixed != nullptr) continue;
    value.fixed = value.contents.raw();
    if (value.input < 0) plan_->kept_.push_back(value.contents);
  }
}

void PlanCompiler::find_lives() {
  for (size_t s = 0; s < step_nodes_.size(); ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    for (ValueId in : node.inputs) {
      if (in.valid()) root_info(in).last = static_cast<int>(s);
    }
    for (ValueId out : node.outputs) {
      if (!out.valid()) continue;
      Info& value = info(out);
      if (value.contents.defined()) {  // its kernel writes it all the same: give it bytes of its own
        value.contents = Tensor();
        value.fixed = nullptr;
      }
      value.in_arena = true;
      value.first = static_cast<int>(s);
      value.last = std::max(value.last, static_cast<int>(s));
    }
  }
  for (size_t r = 0; r < plan_->results_.size(); ++r) {
    Info& root = root_info(plan_->results_[r]);
    bool direct = info(plan_->results_[r]).root == plan_->results_[r] && root.result < 0 && !plan_->known_results_[r];
    if (root.in_arena && direct) {
      root.result = static_cast<int>(r);
      root.in_arena = false;
    } else {
      root.last = step_of_end();
    }
  }
  for (const Graph::Update& update : graph_.updates) {
    if (plan_->whole_ && info(update.next).type) root_info(update.next).last = step_of_end();
  }
}

void PlanCompiler::choose_threads() {
  const int most = options_.threads > 0 ? options_.threads : omp_get_num_procs();
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

// The new value of a state is written over the old one where the kernel allows it and nobody reads the old one later.
void PlanCompiler::place_state() {
  for (const Graph::Update& update : graph_.updates) {
    if (!plan_->whole_) break;                  // other nodes may read the old state: the executor replaces it
    if (update.next == update.state) continue;  // read-only state
    Info& next = info(update.next);
    Info& state = info(update.state);
    if (!next.type || next.contents.defined()) {
      if (next.type) state_copies_.emplace_back(update.next, update.state);
      continue;
    }
    bool computed = next.in_arena && next.root == update.next && next.first >= 0;
    bool in_place = false;
    if (computed) {
      const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[static_cast<size_t>(next.first)])];
      bool reads = std::find(node.inputs.begin(), node.inputs.end(), update.state) != node.inputs.end();
      in_place = (node.op->in_place || !reads) && state.last <= next.first && next.type == state.type;
    }
    if (!in_place) {
      state_copies_.emplace_back(update.next, update.state);
      continue;
    }
    next.in_arena = false;
    next.fixed = state.fixed;
  }
}

void PlanCompiler::share_buffers() {
  auto new_buffer = [&](Info& value) {
    value.buffer = static_cast<int>(lives_.size());
    lives_.push_back({value.type->bytes(), value.first, value.last});
  };
  for (size_t s = 0; s < step_nodes_.size(); ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    // One of several outputs could overwrite an input that the next one still reads.
    const bool in_place = node.op->in_place && node.outputs.size() == 1;
    for (ValueId out : node.outputs) {
      if (!out.valid() || !info(out).in_arena) continue;
      Info& value = info(out);
      for (ValueId in : node.inputs) {
        if (!in_place || !in.valid()) continue;
        Info& from = root_info(in);
        bool dies_here =
            from.in_arena && from.buffer >= 0 && lives_[static_cast<size_t>(from.buffer)].last == static_cast<int>(s);
        if (!dies_here || info(in).type != value.type) continue;
        value.buffer = from.buffer;
        lives_[static_cast<size_t>(from.buffer)].last = value.last;
        break;
      }
      if (value.buffer < 0) new_buffer(value);
    }
  }
}

Status PlanCompiler::prepare() {
  for (size_t s = 0; s < step_nodes_.size(); ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    const std::vector<TensorType> in = types_of(node.inputs), out = types_of(node.outputs);
    std::vector<const Tensor*> constants;
    for (ValueId id : node.inputs) {
      constants.push_back(id.valid() && info(id).contents.defined() ? &info(id).contents : nullptr);
    }
    const int threads = step_threads_[s];
    omp_set_num_threads(threads);
    PrepareContext context(node, in, out, constants, threads, packs_);
    Result<Kernel> kernel = within_memory([&] { return node.op->cpu(context); });
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
      if (out.valid()) bytes += info(out).type->bytes();
    }
    if (s > 0 && bytes <= most) continue;
    most = bytes;
    plan_->largest_ = fmt::format("{} writes {} bytes, the most of all", describe(node), bytes);
  }
}

void PlanCompiler::place_buffers() {
  MemoryPlan memory = plan_memory(lives_);
  for (Info& value : infos_) {
    if (value.in_arena && value.buffer >= 0) value.offset = memory.offsets[static_cast<size_t>(value.buffer)];
  }
  size_t scratch = 0;
  for (const Plan::Step& step : plan_->steps_) scratch = std::max(scratch, step.kernel.scratch_bytes);
  plan_->scratch_offset_ = memory.arena_bytes;
  plan_->arena_bytes_ = memory.arena_bytes + scratch;
}

Plan::Source PlanCompiler::source(ValueId id) {
  using Kind = Plan::Source::Kind;
  if (!id.valid()) return {};
  const Info& value = info(id);
  if (value.contents.defined() && value.input < 0) return {Kind::fixed, value.fixed, 0};
  const Info& root = root_info(id);
  if (root.input >= 0) return {Kind::input, nullptr, static_cast<size_t>(root.input)};
  if (root.result >= 0) return {Kind::result, nullptr, static_cast<size_t>(root.result)};
  if (root.in_arena) return {Kind::arena, nullptr, root.offset};
  CHECK(root.fixed != nullptr || root.type->bytes() == 0, "a value without a place");
  return {Kind::fixed, root.fixed, 0};
}

void PlanCompiler::write_sources() {
  size_t in_position = 0, out_position = 0;
  auto note = [](std::vector<Plan::Patch>& patches, size_t position, const Plan::Source& source) {
    using Kind = Plan::Source::Kind;
    if (source.kind != Kind::input && source.kind != Kind::result) return;
    patches.push_back({position, source.index, source.kind == Kind::result});
  };
  for (size_t s = 0; s < plan_->steps_.size(); ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    for (ValueId in : node.inputs) {
      plan_->steps_[s].in.push_back(source(in));
      note(plan_->in_patches_, in_position++, plan_->steps_[s].in.back());
    }
    for (ValueId out : node.outputs) {
      plan_->steps_[s].out.push_back(source(out));
      note(plan_->out_patches_, out_position++, plan_->steps_[s].out.back());
    }
  }
  add_copies();
}

void PlanCompiler::add_copies() {
  using Kind = Plan::Source::Kind;
  for (size_t r = 0; r < plan_->results_.size(); ++r) {
    ValueId id = plan_->results_[r];
    bool shared = plan_->known_results_[r] || plan_->passed_results_[r] >= 0;
    if (shared || info(id).result == static_cast<int>(r)) continue;
    plan_->copies_.push_back({source(id), {Kind::result, nullptr, r}, info(id).type->bytes()});
  }
  for (auto [next, state] : state_copies_) {
    plan_->copies_.push_back({source(next), {Kind::fixed, info(state).fixed, 0}, info(state).type->bytes()});
  }
}

Result<std::shared_ptr<const Plan>> Plan::compile(const Graph& graph, std::span<const int32_t> nodes,
                                                  std::span<const Bound> bound, StateTensors& state, PackCache* packs,
                                                  PlanOptions options) {
  return PlanCompiler(graph, nodes, bound, state, packs, options).compile();
}

}  // namespace slipway
