// Evaluation of one node: infer, prepare, run.
#include "ops/evaluate.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/memory.h"
#include "ops/widened.h"

namespace slipway::ops {

namespace {

class TypesInferContext final : public InferContext {
 public:
  TypesInferContext(const Node& node, std::span<const TensorType> inputs, std::span<const Tensor* const> known)
      : node_(node), inputs_(inputs), known_(known), outputs_(node.outputs.size()) {
    for (const TensorType& type : inputs) dims_.push_back(to_dims(type.shape));
  }

  const Node& node() const override { return node_; }
  bool has_input(size_t i) const override { return node_.has_input(i); }
  size_t input_count() const override { return node_.inputs.size(); }
  DType dtype(size_t i) const override { return inputs_[i].dtype; }
  const Dims& dims(size_t i) const override { return dims_[i]; }
  const Tensor* known(size_t i) const override { return has_input(i) ? known_[i] : nullptr; }
  bool has_output(size_t i) const override { return node_.has_output(i); }
  void set(size_t output, DType dtype, Dims dims) override {
    if (has_output(output)) outputs_[output] = {dtype, std::move(dims)};
  }

  Result<std::vector<TensorType>> types() const {
    std::vector<TensorType> result;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (!node_.has_output(i)) {
        result.emplace_back();
        continue;
      }
      std::optional<Shape> shape = known_shape(outputs_[i].second);
      if (!shape || outputs_[i].first == DType::undefined) {
        return failed_precondition(fmt::format("{}: the shape of output {} cannot be inferred", describe(node_), i));
      }
      RETURN_IF_ERROR(checked_count(*shape).status().at(describe(node_)));
      result.push_back({outputs_[i].first, *shape});
    }
    return result;
  }

 private:
  const Node& node_;
  std::span<const TensorType> inputs_;
  std::span<const Tensor* const> known_;
  std::vector<Dims> dims_;
  std::vector<std::pair<DType, Dims>> outputs_;
};

Status refuse_no_tensors(const Node& node, std::span<const Tensor> inputs) {
  for (size_t i = 0; i < inputs.size() && !node.op->any_types; ++i) {
    if (is_tensor(inputs[i].dtype())) continue;
    return invalid(
        fmt::format("{}: input {} is of type {}; expected a tensor", describe(node), i, dtype_name(inputs[i].dtype())));
  }
  return {};
}

}  // namespace

Result<std::vector<TensorType>> infer_output_types(const Node& node, std::span<const Tensor> inputs) {
  std::vector<TensorType> types;
  std::vector<const Tensor*> known;
  for (const Tensor& tensor : inputs) {
    types.push_back(tensor.type());
    known.push_back(&tensor);
  }
  return infer_output_types(node, types, known);
}

Result<std::vector<TensorType>> infer_output_types(const Node& node, std::span<const TensorType> inputs,
                                                   std::span<const Tensor* const> known) {
  CHECK(node.op != nullptr && node.op->infer != nullptr, "inference of a node without a card");
  TypesInferContext context(node, inputs, known);
  RETURN_IF_ERROR(node.op->infer(context).at(describe(node)));
  return context.types();
}

namespace {

// Types of one node: requests come in few sizes.
constexpr size_t kMostPrepared = 4;

std::vector<TensorType> types_of(std::span<const Tensor> tensors) {
  std::vector<TensorType> types;
  for (const Tensor& tensor : tensors) types.push_back(tensor.type());
  return types;
}

}  // namespace

struct Evaluator::Prepared {
  std::vector<TensorType> in, out;
  Kernel kernel;  // without `run`: none
};

namespace {

using Prepared = Evaluator::Prepared;

// `known`: contents by input, nullptr where they are not.
Result<Prepared> prepare(const Node& node, std::vector<TensorType> in, std::span<const Tensor* const> known,
                         int threads) {
  Prepared made{.in = std::move(in), .out = {}, .kernel = {}};
  made.out = TRY(infer_output_types(node, made.in, known));
  Result<Kernel> kernel = prepare_kernel(PrepareContext(node, made.in, made.out, known, threads, nullptr));
  if (!kernel.ok()) return kernel.status().at(describe(node));
  made.kernel = *std::move(kernel);
  return made;
}

Result<std::vector<Tensor>> run_prepared(const Node& node, const Prepared& prepared, std::span<const Tensor> inputs) {
  std::vector<const void*> in;
  for (const Tensor& tensor : inputs) in.push_back(tensor.defined() ? tensor.raw() : nullptr);
  std::vector<Tensor> outputs;
  std::vector<void*> out;
  for (const TensorType& type : prepared.out) {
    outputs.push_back(type.dtype == DType::undefined ? Tensor() : Tensor(type.dtype, type.shape));
    out.push_back(outputs.back().defined() ? outputs.back().mutable_raw() : nullptr);
  }
  const Kernel& kernel = prepared.kernel;
  std::shared_ptr<std::byte> scratch = allocate_bytes(kernel.scratch_bytes);
  std::shared_ptr<void> instance = kernel.make_instance ? kernel.make_instance() : nullptr;
  Fault fault;
  kernel.run({in.data(), out.data(), scratch.get(), instance.get(), &fault});
  RETURN_IF_ERROR(fault.take().at(describe(node)));
  return outputs;
}

Result<std::vector<Tensor>> evaluate_now(const Node& node, std::span<const Tensor> inputs, int threads) {
  if (node.op->eager != nullptr) {
    Result<std::vector<Tensor>> outputs = node.op->eager(node, inputs);
    if (!outputs.ok()) return outputs.status().at(describe(node));
    return outputs;
  }
  RETURN_IF_ERROR(refuse_no_tensors(node, inputs));
  if (node.op->view) return std::vector<Tensor>{inputs[0].reshaped(TRY(infer_output_types(node, inputs))[0].shape)};
  if (node.op->cpu == nullptr) return unsupported(fmt::format("{}: has no CPU kernel", describe(node)));
  std::vector<const Tensor*> known;
  for (const Tensor& tensor : inputs) known.push_back(tensor.defined() ? &tensor : nullptr);
  return run_prepared(node, TRY(prepare(node, types_of(inputs), known, threads)), inputs);
}

// Names the node where memory did not suffice.
template <typename F>
Result<std::vector<Tensor>> guarded(const Node& node, F&& run) {
  Result<std::vector<Tensor>> outputs = within_memory(run);
  if (outputs.ok() || outputs.status().code() != Code::resource_exhausted) return outputs;
  return outputs.status().at(describe(node));
}

}  // namespace

Result<std::vector<Tensor>> evaluate(const Node& node, std::span<const Tensor> inputs, int threads) {
  return guarded(node, [&] { return evaluate_now(node, inputs, threads); });
}

Result<std::vector<Tensor>> Evaluator::run(std::span<const Tensor> inputs) {
  if (node_.op->cpu == nullptr || node_.op->view) return evaluate(node_, inputs, threads_);
  return guarded(node_, [&] {
    const std::shared_ptr<const Prepared> prepared = prepared_for(inputs);
    if (!prepared->kernel.run) return evaluate_now(node_, inputs, threads_);
    return run_prepared(node_, *prepared, inputs);
  });
}

// A node that needs the contents, and one that is wrong, are left to evaluate().
std::shared_ptr<const Evaluator::Prepared> Evaluator::prepared_for(std::span<const Tensor> inputs) {
  std::vector<TensorType> types = types_of(inputs);
  {
    std::lock_guard lock(mutex_);
    auto found = std::ranges::find_if(prepared_, [&](const auto& each) { return each->in == types; });
    if (found != prepared_.end()) {
      std::rotate(prepared_.begin(), found, found + 1);
      return prepared_.front();
    }
  }
  const Status tensors = refuse_no_tensors(node_, inputs);
  Result<Prepared> tried = tensors.ok() ? prepare(node_, types, constants_, threads_) : Result<Prepared>(tensors);
  auto made = std::make_shared<const Prepared>(tried.ok() ? *std::move(tried)
                                                          : Prepared{.in = std::move(types), .out = {}, .kernel = {}});
  std::lock_guard lock(mutex_);
  prepared_.insert(prepared_.begin(), made);
  if (prepared_.size() > kMostPrepared) prepared_.pop_back();
  return made;
}

}  // namespace slipway::ops
