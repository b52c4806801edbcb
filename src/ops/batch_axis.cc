// Facts of one node: what is whole stays whole, counts are computed with, and what is split follows its rule.
#include "ops/batch_axis.h"

#include <algorithm>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/evaluate.h"

namespace slipway::ops {

namespace {

using Kind = BatchFact::Kind;

constexpr int64_t kMostKnown = 1 << 14;  // elements of contents that are kept

bool any_of_kind(std::span<const BatchFact* const> inputs, Kind kind) {
  return std::ranges::any_of(inputs, [&](const BatchFact* in) { return in != nullptr && in->kind == kind; });
}

std::vector<BatchFact> all_mixed(const Node& node, const std::string& why) {
  return std::vector<BatchFact>(node.outputs.size(), mixed_fact(why));
}

// Numbers of rows as a tensor for a batch of kBatchRows; undefined when one of them is not known.
Tensor counts_now(const BatchFact& fact) {
  Tensor now(DType::i64, fact.type->shape);
  for (size_t i = 0; i < fact.counts.size(); ++i) {
    const RowCount& c = fact.counts[i];
    if (!c.known) return {};
    now.mutable_data<int64_t>()[i] = c.per_row * kBatchRows + c.fixed;
  }
  return now.cast(fact.type->dtype);
}

struct Inputs {
  std::vector<TensorType> types;
  std::vector<Tensor> contents;  // undefined where not known
};

Inputs inputs_of(std::span<const BatchFact* const> inputs) {
  Inputs now;
  for (const BatchFact* in : inputs) {
    now.types.push_back(in != nullptr ? *in->type : TensorType());
    now.contents.push_back(in == nullptr ? Tensor() : in->kind == Kind::counts ? counts_now(*in) : in->contents);
  }
  return now;
}

Result<std::vector<TensorType>> output_types(const Node& node, const Inputs& now) {
  std::vector<const Tensor*> known;
  for (const Tensor& tensor : now.contents) known.push_back(tensor.defined() ? &tensor : nullptr);
  return infer_output_types(node, now.types, known);
}

// Every input is whole.
std::vector<BatchFact> whole_facts(const Node& node, std::span<const BatchFact* const> inputs) {
  if (!node.op->deterministic) return all_mixed(node, describe(node) + " draws numbers anew for every run");
  std::vector<BatchFact> facts(node.outputs.size());
  bool typed = std::ranges::all_of(inputs, [](const BatchFact* in) { return in == nullptr || in->type; });
  if (!typed || has_bodies(*node.op)) return facts;
  Inputs now = inputs_of(inputs);
  Result<std::vector<TensorType>> types = output_types(node, now);
  bool small = types.ok();
  for (size_t o = 0; types.ok() && o < facts.size(); ++o) {
    if (!node.has_output(o)) continue;
    facts[o].type = (*types)[o];
    small &= (*types)[o].count() <= kMostKnown && !holds_objects((*types)[o].dtype);
  }
  for (size_t i = 0; i < inputs.size(); ++i) small &= inputs[i] == nullptr || now.contents[i].defined();
  if (!small) return facts;
  Result<std::vector<Tensor>> contents = evaluate(node, now.contents);
  for (size_t o = 0; contents.ok() && o < facts.size(); ++o) {
    if (node.has_output(o)) facts[o].contents = (*contents)[o];
  }
  return facts;
}

// Back to a whole value when B decides nothing in it after all.
BatchFact count_fact(TensorType type, std::vector<RowCount> counts) {
  BatchFact fact{.kind = Kind::counts, .type = std::move(type), .counts = std::move(counts)};
  if (!std::ranges::all_of(fact.counts, [](const RowCount& c) { return c.is_fixed(); })) return fact;
  fact.contents = counts_now(fact);
  fact.kind = Kind::whole;
  fact.counts.clear();
  return fact;
}

std::vector<BatchFact> split_facts(const Node& node, const std::vector<BatchAxis>& axes,
                                   const std::vector<TensorType>& types) {
  std::vector<BatchFact> facts;
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const BatchAxis& at = axes[axes.size() == 1 ? 0 : o];
    const Shape& shape = types[o].shape;
    if (node.has_output(o) && (at.axis >= shape.size() || shape[at.axis] != at.outer * at.inner * kBatchRows)) {
      return all_mixed(node, describe(node) + " has outputs of other sizes than its rows");
    }
    facts.push_back({.kind = Kind::split, .type = types[o], .at = at});
  }
  return facts;
}

}  // namespace

Status mixes(std::string_view how) { return failed_precondition(std::string(how)); }

Result<size_t> rule_axis(int64_t axis, size_t rank) {
  return static_cast<size_t>(TRY(normalize_axis(axis, static_cast<int64_t>(rank))));
}

Result<BatchAxis> rows_of_first(const BatchNode& n) {
  for (size_t i = 1; i < n.size(); ++i) {
    if (n.has(i) && !n.whole(i)) return mixes(fmt::format("takes an input {} that the rows or their number decide", i));
  }
  if (!n.split(0)) return mixes("computes with the number of rows");
  return n.at(0);
}

BatchFact known_fact(const Tensor& contents) {
  BatchFact fact{.type = contents.type()};
  if (contents.count() <= kMostKnown) fact.contents = contents;
  return fact;
}

BatchFact mixed_fact(std::string why) { return {.kind = Kind::mixed, .why = std::move(why)}; }

std::vector<BatchFact> batch_facts(const Node& node, std::span<const BatchFact* const> inputs) {
  for (const BatchFact* in : inputs) {
    if (in != nullptr && in->kind == Kind::mixed) return all_mixed(node, in->why);
  }
  if (!any_of_kind(inputs, Kind::split) && !any_of_kind(inputs, Kind::counts)) return whole_facts(node, inputs);
  for (const BatchFact* in : inputs) {
    if (in != nullptr && !in->type) return all_mixed(node, describe(node) + " reads a value whose size only runs tell");
  }
  Result<std::vector<TensorType>> types = output_types(node, inputs_of(inputs));
  if (!types.ok()) return all_mixed(node, fmt::format("{}, for {} rows", types.status().message(), kBatchRows));
  BatchNode seen(node, inputs, *types);
  if (std::optional<std::vector<RowCount>> counts = count_elements(seen)) {
    return {count_fact((*types)[0], *std::move(counts))};
  }
  if (node.op->batch == nullptr)
    return all_mixed(node, describe(node) + " may mix rows: no rule says that it keeps them apart");
  BatchAxes axes = node.op->batch(seen);
  if (!axes.ok()) return all_mixed(node, fmt::format("{} {}", describe(node), axes.status().message()));
  return split_facts(node, *axes, *types);
}

}  // namespace slipway::ops
