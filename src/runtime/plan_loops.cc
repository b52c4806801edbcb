// A plan's row loops: what lives through them, and how pointers move from turn to turn.
#include <algorithm>

#include "runtime/plan_compiler.h"

namespace slipway {

class PlanCompiler::PlannedValues final : public StepValues {
 public:
  explicit PlannedValues(PlanCompiler& compiler) : compiler_(compiler) {}
  const TensorType& type(ValueId id) const override { return *compiler_.info(id).type; }
  const Tensor* known(ValueId id) const override {
    const Tensor& contents = compiler_.info(id).contents;
    return contents.defined() ? &contents : nullptr;
  }
  ValueId root(ValueId id) const override { return compiler_.info(id).root; }

 private:
  PlanCompiler& compiler_;
};

void PlanCompiler::find_loops() {
  if (!graph_.updates.empty()) return;  // training reads most activations again, long after
  std::vector<const Node*> steps;
  for (int32_t n : step_nodes_) steps.push_back(&graph_.nodes()[static_cast<size_t>(n)]);
  loops_ = find_row_loops(steps, PlannedValues(*this), options_.cache_bytes, plan_->threads_);
  for (size_t l = 0; l < loops_.size(); ++l) live_through(l);
  lane_lives_.resize(loops_.size());
}

// What enters or leaves a loop lives through all of it; what does not is there a few rows at a time.
void PlanCompiler::live_through(size_t l) {
  const RowLoop& loop = loops_[l];
  const int begin = static_cast<int>(loop.begin), end = static_cast<int>(loop.end);
  for (size_t s = loop.begin; s < loop.end; ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    for (ValueId in : node.inputs) {
      if (in.valid() && root_info(in).first < begin) root_info(in).last = std::max(root_info(in).last, end - 1);
    }
    for (ValueId out : node.outputs) {
      if (!out.valid()) continue;
      Info& value = info(out);
      if (value.in_arena && value.last < end) {
        value.loop = static_cast<int>(l);
      } else {
        value.first = begin;
      }
    }
  }
}

const RowLoop* PlanCompiler::loop_of(size_t s) const {
  auto holds = [&](const RowLoop& loop) { return s >= loop.begin && s < loop.end; };
  auto it = std::find_if(loops_.begin(), loops_.end(), holds);
  return it == loops_.end() ? nullptr : &*it;
}

void PlanCompiler::write_turns() {
  size_t in_position = 0, out_position = 0;
  auto stride = [&](ValueId id, bool moves, const RowLoop& loop) -> Plan::Turns::Stride {
    if (!id.valid()) return {};
    const Info& root = root_info(id);
    if (root.loop >= 0) return {0, lane_bytes_[static_cast<size_t>(root.loop)]};
    return {moves ? with_rows(*info(id).type, loop.each).bytes() : 0, 0};
  };
  for (size_t s = 0; s < step_nodes_.size(); ++s) {
    const Node& node = graph_.nodes()[static_cast<size_t>(step_nodes_[s])];
    if (const RowLoop* loop = loop_of(s)) {
      if (s == loop->begin) {
        plan_->turns_.push_back(
            {loop->begin, loop->end, loop->times(), loop->lanes, in_position, out_position, {}, {}});
      }
      Plan::Turns& turns = plan_->turns_.back();
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        turns.in.push_back(stride(node.inputs[i], loop->carried[s - loop->begin][i], *loop));
      }
      for (ValueId out : node.outputs) turns.out.push_back(stride(out, true, *loop));
    }
    in_position += node.inputs.size();
    out_position += node.outputs.size();
  }
}

}  // namespace slipway
