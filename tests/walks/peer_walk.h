// Cards' samples in other types, ranks and sizes, answered here and by another runtime. Shared by the walks that ask
// one.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "runtime/session.h"
#include "sample_case.h"
#include "support/peers.h"

namespace slipway::walks {

struct Variant {
  std::string name;  // "" for the sample itself
  Sample sample;
};

inline bool is_float_input(const Sample::Input& input) {
  return input.value.defined() ? input.value.dtype() == DType::f32 : input.type.dtype == DType::f32;
}

// Float inputs in another type; small whole numbers where that has no fractions.
inline Sample in_type(const Sample& sample, DType dtype) {
  Sample out = sample;
  for (Sample::Input& input : out.inputs) {
    if (!is_float_input(input)) continue;
    input.type.dtype = dtype;
    if (input.value.defined()) input.value = input.value.cast(dtype);
    if (!is_integer(dtype)) continue;
    bool negative = dtype == DType::i8 || dtype == DType::i16 || dtype == DType::i32 || dtype == DType::i64;
    input.low = negative && input.low < 0 ? -5 : 1;
    input.high = 6;
  }
  return out;
}

// Tensors of the highest rank with `size` and ones before their dimensions, so that the rank is `rank`.
inline std::optional<Sample> in_rank(const Sample& sample, size_t rank, int64_t size) {
  Sample out = sample;
  size_t highest = 0;
  for (const Sample::Input& input : out.inputs) {
    if (is_float_input(input))
      highest = std::max(highest, input.value.defined() ? input.value.shape().size() : input.type.shape.size());
  }
  if (highest == 0 || rank <= highest) return std::nullopt;
  for (Sample::Input& input : out.inputs) {
    if (!is_float_input(input) || input.value.defined() || input.type.shape.size() != highest) continue;
    input.type.shape.insert(input.type.shape.begin(), rank - highest, 1);
    input.type.shape.front() = size;
  }
  return out;
}

// The first dimension of the tensors of the highest rank of size 0.
inline Sample emptied(const Sample& sample) {
  Sample out = sample;
  size_t highest = 1;
  for (const Sample::Input& input : out.inputs) highest = std::max(highest, input.type.shape.size());
  for (Sample::Input& input : out.inputs) {
    bool data = !input.value.defined() && !input.constant && input.type.shape.size() == highest;
    if (data) input.type.shape[0] = 0;
  }
  return out;
}

inline std::vector<Variant> variants_of(const Sample& sample) {
  std::vector<Variant> out{{"", sample}};
  for (DType dtype :
       {DType::f16, DType::f64, DType::i8, DType::u8, DType::i16, DType::i32, DType::i64, DType::boolean}) {
    out.push_back({fmt::format(" in {}", dtype_name(dtype)), in_type(sample, dtype)});
  }
  for (size_t rank = 1; rank <= 6; ++rank) {
    if (auto wider = in_rank(sample, rank, 2)) out.push_back({fmt::format(" of rank {}", rank), *wider});
  }
  out.push_back({" of nothing", emptied(sample)});
  return out;
}

// f(where, case) for every sample that inference takes, and with `variants` for those of variants_of().
template <typename F>
void for_each_variant(bool variants, F&& f) {
  for (const Operator* card : all_operators().all()) {
    if (card->samples == nullptr || card->infer == nullptr || !card->deterministic) continue;
    std::vector<Sample> samples = card->samples();
    for (size_t i = 0; i < samples.size(); ++i) {
      for (const Variant& variant : variants ? variants_of(samples[i]) : std::vector<Variant>{{"", samples[i]}}) {
        Result<Case> c = make_case(*card, variant.sample, 17 + i);
        if (c.ok()) f(fmt::format("{} sample {}{}", card_name(*card), i, variant.name), *c);
      }
    }
  }
}

// What this runtime answers; nullopt where it has no kernel for such types.
inline std::optional<std::vector<Tensor>> own_answers(const Graph& graph, const Case& c) {
  Result<std::unique_ptr<Session>> session = Session::create(graph);
  if (!session.ok()) return std::nullopt;
  Result<std::vector<Tensor>> outputs = (*session)->run(free_inputs(c));
  if (!outputs.ok()) return std::nullopt;
  return std::move(*outputs);
}

// The graph with int32 in place of the int64 of its inputs and outputs, for runtimes that carry no int64 in and out.
inline Graph narrowed(const Graph& graph) {
  Graph out = graph;
  auto cast = [&](ValueId from, ValueId to, DType dtype) {
    Node node;
    node.op_type = "Cast";
    node.op = all_operators().find("Cast");
    node.name = "n_" + out.value(to).name;
    node.inputs = {from};
    node.outputs = {to};
    node.attributes = {{"to", static_cast<int64_t>(dtype)}};
    out.nodes().insert(out.nodes().begin(), node);
  };
  for (ValueId& in : out.inputs) {
    if (out.value(in).dtype != DType::i64) continue;
    ValueId narrow = out.add_value(out.value(in).name + "_narrow", DType::i32, out.value(in).dims);
    cast(narrow, in, DType::i64);
    in = narrow;
  }
  for (ValueId& output : out.outputs) {
    if (out.value(output).dtype != DType::i64) continue;
    ValueId narrow = out.add_value(out.value(output).name + "_narrow", DType::i32, out.value(output).dims);
    cast(output, narrow, DType::i32);
    output = narrow;
  }
  EXPECT_TRUE(out.sort().ok());
  return out;
}

inline std::vector<Tensor> narrowed(std::vector<Tensor> tensors) {
  for (Tensor& tensor : tensors) {
    if (tensor.dtype() == DType::i64) tensor = tensor.cast(DType::i32);
  }
  return tensors;
}

// Jobs for another runtime and what it should answer.
class PeerWalk {
 public:
  void add(std::string where, const Graph& graph, const std::vector<Tensor>& inputs, std::string bytes,
           std::vector<Tensor> expected) {
    PeerJob job{std::move(bytes), {}};
    for (size_t i = 0; i < inputs.size(); ++i) job.inputs.emplace_back(graph.value(graph.inputs[i]).name, inputs[i]);
    jobs_.push_back(std::move(job));
    expected_.push_back({std::move(where), std::move(expected)});
  }

  const std::vector<PeerJob>& jobs() const { return jobs_; }

  // Every answer is the expected one, or `excused(where, what the runtime says)`.
  template <typename Excused>
  void judge(const PeerAnswers& answers, Excused&& excused) const {
    for (size_t n = 0; n < answers.size(); ++n) {
      if (answers[n].ok()) {
        std::string complaint = difference(expected_[n].outputs, *answers[n]);
        EXPECT_EQ(complaint, "") << expected_[n].where;
      } else if (!excused(expected_[n].where, answers[n].status().message())) {
        ADD_FAILURE() << expected_[n].where << ": " << answers[n].status().message();
      }
    }
  }

 private:
  static double tolerance(DType dtype, double largest) {
    if (is_integer(dtype) || dtype == DType::boolean) return 0;
    double relative = dtype == DType::f16 ? 4e-3 : dtype == DType::bf16 ? 3e-2 : 2e-5;
    return relative * std::max(1.0, largest);
  }

  static std::string difference(const std::vector<Tensor>& ours, const std::vector<Tensor>& theirs) {
    if (ours.size() != theirs.size()) return fmt::format("{} outputs; expected {}", theirs.size(), ours.size());
    for (size_t j = 0; j < ours.size(); ++j) {
      if (ours[j].type() != theirs[j].type()) {
        return fmt::format("output {} is {}; expected {}", j, to_string(theirs[j].type()), to_string(ours[j].type()));
      }
      std::vector<double> a = ours[j].to_doubles(), b = theirs[j].to_doubles();
      double largest = 0;
      for (double x : a) largest = std::isfinite(x) ? std::max(largest, std::abs(x)) : largest;
      for (size_t i = 0; i < a.size(); ++i) {
        bool same = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) ||
                    std::abs(a[i] - b[i]) <= tolerance(ours[j].dtype(), largest);
        if (!same) return fmt::format("output {} at {}: {}; expected {}", j, i, b[i], a[i]);
      }
    }
    return "";
  }

  struct Expected {
    std::string where;
    std::vector<Tensor> outputs;
  };
  std::vector<PeerJob> jobs_;
  std::vector<Expected> expected_;
};

}  // namespace slipway::walks
