// Where a plan's values lie: lives, the arena and what shares it, results and state written in place.
#include <algorithm>

#include "runtime/plan_compiler.h"

namespace slipway {

namespace {

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

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
    std::vector<BufferLife>& lives = lives_of(value);
    value.buffer = static_cast<int>(lives.size());
    lives.push_back({bytes_at_a_time(value), value.first, value.last});
  };
  for (size_t s = 0; s < step_nodes_.size(); ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    // One of several outputs could overwrite an input that the next one still reads.
    const bool in_place = node.op->in_place && node.outputs.size() == 1;
    const bool in_loop = loop_of(s) != nullptr;
    for (ValueId out : node.outputs) {
      if (!out.valid() || !info(out).in_arena) continue;
      Info& value = info(out);
      for (ValueId in : node.inputs) {
        if (!in_place || !in.valid()) continue;
        Info& from = root_info(in);
        // Other turns may still read what enters a loop.
        if (from.loop != value.loop || (in_loop && value.loop < 0)) continue;
        std::vector<BufferLife>& lives = lives_of(value);
        bool dies_here =
            from.in_arena && from.buffer >= 0 && lives[static_cast<size_t>(from.buffer)].last == static_cast<int>(s);
        if (!dies_here || info(in).type != value.type) continue;
        value.buffer = from.buffer;
        lives[static_cast<size_t>(from.buffer)].last = value.last;
        break;
      }
      if (value.buffer < 0) new_buffer(value);
    }
  }
}

// Lanes are at different steps at the same time: each has an arena of its own, all of them lying in one buffer that
// lives through the loop.
void PlanCompiler::place_buffers() {
  std::vector<MemoryPlan> lanes;
  const size_t first_loop = lives_.size();
  for (size_t l = 0; l < loops_.size(); ++l) {
    lanes.push_back(plan_memory(lane_lives_[l]));
    lane_bytes_.push_back(aligned(lanes[l].arena_bytes));
    lives_.push_back({lane_bytes_[l] * static_cast<size_t>(loops_[l].lanes), static_cast<int>(loops_[l].begin),
                      static_cast<int>(loops_[l].end) - 1});
  }
  MemoryPlan memory = plan_memory(lives_);
  for (Info& value : infos_) {
    if (!value.in_arena || value.buffer < 0) continue;
    const size_t buffer = static_cast<size_t>(value.buffer), l = static_cast<size_t>(std::max(value.loop, 0));
    value.offset = value.loop < 0 ? memory.offsets[buffer] : memory.offsets[first_loop + l] + lanes[l].offsets[buffer];
  }
  place_scratch(memory.arena_bytes);
}

void PlanCompiler::place_scratch(size_t behind) {
  size_t bytes = 0, in_lane = 0, lanes = 1;
  for (size_t s = 0; s < plan_->steps_.size(); ++s) {
    const RowLoop* loop = loop_of(s);
    const size_t own = aligned(plan_->steps_[s].kernel.scratch_bytes);
    bytes = std::max(bytes, own);
    if (loop == nullptr) continue;
    in_lane = std::max(in_lane, own);
    lanes = std::max(lanes, static_cast<size_t>(loop->lanes));
  }
  plan_->scratch_offset_ = behind;
  plan_->scratch_stride_ = in_lane;
  plan_->arena_bytes_ = behind + std::max(bytes, in_lane * lanes);
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
  write_turns();
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
