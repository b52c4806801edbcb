// Row proofs: one walk over the nodes, fact by fact, and what was proved remembered by sizes.
#include "runtime/row_proof.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/memory.h"
#include "graph/captures.h"
#include "graph/operator.h"
#include "ops/batch_axis.h"

namespace slipway {

namespace {

using Kind = BatchFact::Kind;

constexpr size_t kMostProofs = 256;              // remembered
constexpr int64_t kMostKnownElements = 1 << 14;  // of a weight that is kept

class Walk {
 public:
  explicit Walk(const Graph& graph) : graph_(graph), facts_(graph.value_count()) {}

  BatchFact& at(ValueId id) { return facts_[static_cast<size_t>(id.index)]; }

  // Requires: the inputs' facts are set.
  void run() {
    for (size_t v = 0; v < graph_.value_count(); ++v) {
      const ValueId id{static_cast<int32_t>(v)};
      if (graph_.is_constant(id)) at(id) = ops::known_fact(graph_.value(id).data);
    }
    for (const Node& node : graph_.nodes()) visit(node);
  }

 private:
  void visit(const Node& node) {
    std::vector<const BatchFact*> inputs;
    for (ValueId in : node.inputs) inputs.push_back(in.valid() ? &at(in) : nullptr);
    std::vector<BatchFact> facts = facts_of(node, inputs);
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      if (node.outputs[o].valid()) at(node.outputs[o]) = std::move(facts[o]);
    }
  }

  static std::vector<BatchFact> facts_of(const Node& node, const std::vector<const BatchFact*>& inputs) {
    std::vector<BatchFact> facts(node.outputs.size(), ops::mixed_fact(describe(node) + " has no card"));
    if (node.op == nullptr || node.op->infer == nullptr) return facts;
    Status status = within_memory([&] {
      facts = ops::batch_facts(node, inputs);
      return Status();
    });
    if (!status.ok()) facts.assign(node.outputs.size(), ops::mixed_fact(status.message()));
    return facts;
  }

  const Graph& graph_;
  std::vector<BatchFact> facts_;
};

// The weight without its contents; its type is all that a proof needs of a large one.
void forget_contents(Value& value) {
  value.dtype = value.data.dtype();
  value.dims = to_dims(value.data.shape());
  value.data = Tensor();
}

bool open_rows(const Value& value) { return value.dims && !value.dims->empty() && !(*value.dims)[0].known(); }

}  // namespace

RowProof prove_rows(const Graph& graph, std::span<const TensorType> inputs, const std::vector<bool>& rows) {
  Walk walk(graph);
  for (size_t v = 0; v < graph.value_count(); ++v) {  // weights whose contents were forgotten
    const Value& value = graph.value({static_cast<int32_t>(v)});
    std::optional<Shape> shape = value.dims ? known_shape(*value.dims) : std::nullopt;
    if (shape) walk.at({static_cast<int32_t>(v)}).type = TensorType{value.dtype, *shape};
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    BatchFact& fact = walk.at(graph.inputs[i]);
    fact.type = inputs[i];
    if (!rows[i]) continue;
    fact.kind = Kind::split;
    fact.type->shape[0] = kBatchRows;
  }
  walk.run();
  RowProof proof{.proved = true, .why = {}, .input_rows = rows, .output_rows = {}};
  for (ValueId out : graph.outputs) {
    const BatchFact& fact = walk.at(out);
    const std::string& name = graph.value(out).name;
    const bool whole = fact.kind == Kind::whole, split = fact.kind == Kind::split && fact.at == BatchAxis{};
    proof.output_rows.push_back(split);
    if (whole || split || !proof.proved) continue;
    proof.proved = false;
    proof.why = fmt::format("output \"{}\": {}", name,
                            fact.kind == Kind::mixed    ? fact.why
                            : fact.kind == Kind::counts ? "it tells the number of rows"
                                                        : "its rows do not lie one by one in dimension 0");
  }
  if (proof.proved && std::ranges::none_of(proof.output_rows, [](bool has) { return has; })) {
    proof.proved = false;
    proof.why = "no output depends on the rows";
  }
  return proof;
}

RowAnalysis::RowAnalysis(const Graph& model) : graph_(model) {
  for (size_t v = 0; v < graph_.value_count(); ++v) {
    Value& value = graph_.value({static_cast<int32_t>(v)});
    if (value.data.defined() && value.data.count() > kMostKnownElements) forget_contents(value);
  }
  std::vector<bool> open, named;
  std::string first;
  for (ValueId in : graph_.inputs) {
    const Value& value = graph_.value(in);
    names_.push_back(value.name);
    open.push_back(open_rows(value));
    if (open.back() && first.empty()) first = (*value.dims)[0].symbol;
    named.push_back(open.back() && !first.empty() && (*value.dims)[0].symbol == first);
  }
  if (std::ranges::none_of(open, [](bool is) { return is; })) {
    never_ = "no input has an open first dimension";
  } else if (!graph_.updates.empty()) {
    never_ = "a run changes the model's state";
  } else {
    guesses_.push_back(open);
    if (named != open && std::ranges::any_of(named, [](bool is) { return is; })) guesses_.push_back(named);
  }
}

RowAnalysis::Key RowAnalysis::key_of(std::span<const Tensor> inputs, const std::vector<bool>& rows) const {
  Key key;
  for (size_t i = 0; i < inputs.size(); ++i) {
    key.sizes.push_back(inputs[i].rank());
    key.sizes.insert(key.sizes.end(), inputs[i].shape().begin(), inputs[i].shape().end());
    if (rows[i]) key.sizes[key.sizes.size() - static_cast<size_t>(inputs[i].rank())] = -1;
  }
  return key;
}

std::shared_ptr<const RowProof> RowAnalysis::find(std::span<const Tensor> inputs, const std::vector<bool>& rows) const {
  Key key = key_of(inputs, rows);
  std::lock_guard lock(mutex_);
  auto it = proofs_.find(key);
  if (it != proofs_.end()) return it->second;
  std::vector<TensorType> types;
  for (const Tensor& tensor : inputs) types.push_back(tensor.type());
  auto proof = std::make_shared<const RowProof>(prove_rows(graph_, types, rows));
  if (proofs_.size() >= kMostProofs) proofs_.clear();
  proofs_.emplace(std::move(key), proof);
  return proof;
}

std::shared_ptr<const RowProof> RowAnalysis::prove(std::span<const Tensor> inputs) const {
  std::shared_ptr<const RowProof> proof;
  for (const std::vector<bool>& rows : guesses_) {
    std::shared_ptr<const RowProof> found = find(inputs, rows);
    if (found->proved) return found;
    if (proof == nullptr) proof = std::move(found);
  }
  if (proof == nullptr) proof = std::make_shared<const RowProof>(RowProof{.why = never_});
  return proof;
}

Status RowAnalysis::check_rows(std::span<const Tensor> inputs) const {
  if (guesses_.empty() || std::ranges::count(guesses_[0], true) < 2) return {};
  std::shared_ptr<const RowProof> proof = prove(inputs);
  if (!proof->proved) return {};
  size_t first = inputs.size();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!proof->input_rows[i]) continue;
    if (first == inputs.size()) first = i;
    if (inputs[i].dim(0) == inputs[first].dim(0)) continue;
    return invalid(fmt::format("input \"{}\" has {} rows, but input \"{}\" has {}; expected the same number in each",
                               names_[i], inputs[i].dim(0), names_[first], inputs[first].dim(0)));
  }
  return {};
}

}  // namespace slipway
