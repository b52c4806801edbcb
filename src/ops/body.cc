// Bodies of composite operators: expanded into a graph of their own, inferred, prepared and run node by node.
#include "ops/body.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "kernels/scratch.h"
#include "ops/all.h"
#include "ops/evaluate.h"
#include "ops/widened.h"

namespace slipway::ops {

namespace {

struct Expansion {
  Graph graph;
  Values inputs, outputs;
};

// What is known of an input.
struct Known {
  DType dtype = DType::undefined;
  Dims dims;
  const Tensor* contents = nullptr;
};

Result<Expansion> expand(const Node& node, const std::vector<Known>& inputs, Body body) {
  Expansion e;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Known& input = inputs[i];
    std::string name = fmt::format("x{}", i);
    ValueId id;
    if (input.contents != nullptr) {
      id = e.graph.add_constant(name, *input.contents);
    } else if (input.dtype != DType::undefined) {
      id = e.graph.add_input(name, input.dtype, input.dims);
    }
    e.inputs.push_back(id);
  }
  Builder builder(e.graph, all_operators());
  e.outputs = body(builder, node, e.inputs);
  RETURN_IF_ERROR(builder.status());
  return e;
}

// A body's nodes with their kernels, and where their values lie.
struct Program {
  enum class Place : uint8_t { none, input, output, scratch, constant };
  struct Slot {
    Place place = Place::none;
    size_t at = 0;  // index of the input, output or constant; byte offset in scratch
  };
  struct Step {
    Kernel kernel;
    std::vector<Slot> in, out;
    size_t scratch = 0;
  };
  static constexpr size_t kMostPorts = 16;

  std::vector<Step> steps;
  std::vector<Tensor> constants;

  void run(const KernelArgs& args) const {
    auto* base = static_cast<std::byte*>(args.scratch);
    auto pointer = [&](const Slot& slot) -> void* {
      switch (slot.place) {
        case Place::input: return const_cast<void*>(args.in[slot.at]);
        case Place::output: return args.out[slot.at];
        case Place::scratch: return base + slot.at;
        case Place::constant: return const_cast<void*>(constants[slot.at].raw());
        case Place::none: return nullptr;
      }
      __builtin_unreachable();
    };
    auto* instances = static_cast<std::vector<std::shared_ptr<void>>*>(args.instance);
    for (size_t i = 0; i < steps.size(); ++i) {
      const void* in[kMostPorts] = {};
      void* out[kMostPorts] = {};
      for (size_t j = 0; j < steps[i].in.size(); ++j) in[j] = pointer(steps[i].in[j]);
      for (size_t j = 0; j < steps[i].out.size(); ++j) out[j] = pointer(steps[i].out[j]);
      steps[i].kernel.run({in, out, base + steps[i].scratch, (*instances)[i].get(), args.fault});
      if (args.fault->raised()) return;
    }
  }
};

class Compiler {
 public:
  Compiler(const PrepareContext& c, Expansion expansion) : c_(c), e_(std::move(expansion)) {}

  Result<Kernel> compile() {
    for (size_t i = 0; i < e_.inputs.size(); ++i) {
      if (e_.inputs[i].valid()) slots_[e_.inputs[i]] = {Program::Place::input, i};
    }
    for (const Node& node : e_.graph.nodes()) RETURN_IF_ERROR(add(node).at(describe(c_.node())));
    for (size_t i = 0; i < e_.outputs.size(); ++i) {
      if (c_.has_output(i)) RETURN_IF_ERROR(copy_out(i));
    }
    size_t base = layout_.bytes(), most = 0;
    for (Program::Step& step : program_->steps) {
      step.scratch = base;
      most = std::max(most, step.kernel.scratch_bytes);
    }
    Kernel kernel;
    kernel.scratch_bytes = base + most;
    kernel.run = [program = program_](const KernelArgs& args) { program->run(args); };
    kernel.make_instance = [program = program_]() -> std::shared_ptr<void> {
      auto all = std::make_shared<std::vector<std::shared_ptr<void>>>();
      for (const Program::Step& step : program->steps) {
        all->push_back(step.kernel.make_instance ? step.kernel.make_instance() : nullptr);
      }
      return all;
    };
    return kernel;
  }

 private:
  Result<TensorType> type_of(ValueId id) {
    const Value& value = e_.graph.value(id);
    std::optional<Shape> shape = value.dims ? known_shape(*value.dims) : std::nullopt;
    if (!shape) return unsupported(fmt::format("a size inside {} depends on contents", describe(c_.node())));
    return TensorType{value.dtype, *shape};
  }

  Program::Slot slot_of(ValueId id) {
    if (!id.valid()) return {};
    if (auto it = slots_.find(id); it != slots_.end()) return it->second;
    program_->constants.push_back(e_.graph.value(id).data);
    return slots_[id] = {Program::Place::constant, program_->constants.size() - 1};
  }

  Status add(const Node& node) {
    auto constant = [&](ValueId id) { return !id.valid() || e_.graph.is_constant(id); };
    if (std::all_of(node.inputs.begin(), node.inputs.end(), constant) && node.op->deterministic) return fold(node);
    if (node.op->view) {
      slots_[node.outputs[0]] = slot_of(node.inputs[0]);
      return {};
    }
    CHECK(std::max(node.inputs.size(), node.outputs.size()) <= Program::kMostPorts, "a wide node in a body");
    std::vector<TensorType> in, out;
    std::vector<const Tensor*> constants;
    Program::Step step;
    for (ValueId id : node.inputs) {
      in.push_back(id.valid() ? TRY(type_of(id)) : TensorType{});
      constants.push_back(e_.graph.is_constant(id) ? &e_.graph.value(id).data : nullptr);
      step.in.push_back(slot_of(id));
    }
    for (ValueId id : node.outputs) {
      out.push_back(TRY(type_of(id)));
      slots_[id] = {Program::Place::scratch, layout_.reserve(out.back().bytes())};
      step.out.push_back(slots_[id]);
    }
    step.kernel = TRY(prepare_kernel(PrepareContext(node, in, out, constants, c_.threads(), c_.packs())));
    program_->steps.push_back(std::move(step));
    return {};
  }

  Status fold(const Node& node) {
    std::vector<Tensor> inputs;
    for (ValueId id : node.inputs) inputs.push_back(id.valid() ? e_.graph.value(id).data : Tensor());
    std::vector<Tensor> outputs = TRY(evaluate(node, inputs));
    for (size_t i = 0; i < outputs.size(); ++i) {
      Value& value = e_.graph.value(node.outputs[i]);
      value.data = outputs[i];
      value.dtype = outputs[i].dtype();
      value.dims = to_dims(outputs[i].shape());
    }
    return {};
  }

  // The value of output i goes straight into the caller's buffer when a step makes it and nobody else has it there.
  Status copy_out(size_t i) {
    ValueId id = e_.outputs[i];
    Program::Slot from = slot_of(id), to{Program::Place::output, i};
    if (from.place == Program::Place::scratch) {
      for (Program::Step& step : program_->steps) {
        for (std::vector<Program::Slot>* ports : {&step.in, &step.out}) {
          for (Program::Slot& slot : *ports) {
            if (slot.place == from.place && slot.at == from.at) slot = to;
          }
        }
      }
      for (auto& [other, slot] : slots_) {
        if (slot.place == from.place && slot.at == from.at) slot = to;
      }
      return {};
    }
    Program::Step step;
    size_t bytes = TRY(type_of(id)).bytes();
    step.in = {from};
    step.out = {to};
    step.kernel.run = [bytes](const KernelArgs& a) {
      std::copy_n(a.input<std::byte>(0), bytes, a.output<std::byte>(0));
    };
    program_->steps.push_back(std::move(step));
    return {};
  }

  const PrepareContext& c_;
  Expansion e_;
  std::map<ValueId, Program::Slot> slots_;
  std::shared_ptr<Program> program_ = std::make_shared<Program>();
  kernels::ScratchLayout layout_;
};

}  // namespace

Status infer_through(InferContext& c, Body body) {
  std::vector<Known> inputs(c.input_count());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (c.has_input(i)) inputs[i] = {c.dtype(i), c.dims(i), c.known(i)};
  }
  Expansion e = TRY(expand(c.node(), inputs, body));
  for (size_t i = 0; i < e.outputs.size(); ++i) {
    if (!e.outputs[i].valid()) continue;
    const Value& value = e.graph.value(e.outputs[i]);
    if (value.dims) c.set(i, value.dtype, *value.dims);
  }
  return {};
}

Result<Kernel> prepare_through(const PrepareContext& c, Body body) {
  if (has_half_floats(c)) {
    return prepare_widened(c, [body](const PrepareContext& wide) { return prepare_through(wide, body); });
  }
  std::vector<Known> inputs(c.input_count());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (c.has_input(i)) inputs[i] = {c.in(i).dtype, to_dims(c.in(i).shape), c.constant(i)};
  }
  return Compiler(c, TRY(expand(c.node(), inputs, body))).compile();
}

Result<Values> gradient_through(Builder& b, const Node& n, const Values& x, const Values& dy, Body body) {
  size_t first = b.graph().nodes().size();
  Values y = body(b, n, x);
  RETURN_IF_ERROR(b.status());
  size_t last = b.graph().nodes().size();
  std::map<ValueId, ValueId> gradients;
  auto add = [&](ValueId value, ValueId gradient) {
    auto [it, fresh] = gradients.emplace(value, gradient);
    if (!fresh) it->second = b.add(it->second, gradient);
  };
  auto of = [&](ValueId id) {
    auto it = gradients.find(id);
    return it == gradients.end() ? ValueId{} : it->second;
  };
  for (size_t i = 0; i < dy.size() && i < y.size(); ++i) {
    if (dy[i].valid()) add(y[i], dy[i]);
  }
  for (size_t i = last; i-- > first;) {
    Node node = b.graph().nodes()[i];  // a copy: the list grows meanwhile
    Values node_dy;
    for (ValueId out : node.outputs) node_dy.push_back(of(out));
    if (std::none_of(node_dy.begin(), node_dy.end(), [](ValueId id) { return id.valid(); })) continue;
    if (node.op->gradient == nullptr) return unsupported(fmt::format("no gradient of {} inside it", node.op_type));
    Values dx = TRY(node.op->gradient(b, node, node.inputs, node.outputs, node_dy));
    for (size_t j = 0; j < dx.size(); ++j) {
      if (node.inputs[j].valid() && dx[j].valid()) add(node.inputs[j], dx[j]);
    }
  }
  Values result;
  for (ValueId id : x) result.push_back(id.valid() ? of(id) : ValueId{});
  return result;
}

}  // namespace slipway::ops
