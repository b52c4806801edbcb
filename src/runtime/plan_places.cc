// Where a plan's values lie: lives, the arena and what shares it, results and state written in place.
#include <algorithm>

#include "runtime/plan_compiler.h"

namespace slipway {

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

}  // namespace slipway
