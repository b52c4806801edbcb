// Types, shapes and folded contents of a plan's values; which nodes it can hold.
#include <algorithm>

#include <fmt/format.h>

#include "base/memory.h"
#include "ops/evaluate.h"
#include "runtime/plan_compiler.h"

namespace slipway {

namespace {

constexpr int64_t kMostFoldedBytes = int64_t{256} << 20;

}  // namespace

void PlanCompiler::bind() {
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

}  // namespace slipway
