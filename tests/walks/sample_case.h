// A card's sample made concrete: inputs drawn, node built, kernel prepared and run. Shared by the walks over all cards.
#pragma once

#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "graph/builder.h"
#include "graph/operator.h"
#include "ops/all.h"
#include "ops/evaluate.h"
#include "ops/widened.h"
#include "tensor/visit.h"

namespace slipway::walks {

// The card's name with its domain.
inline std::string card_name(const Operator& card) {
  return *card.domain != 0 ? fmt::format("{}.{}", card.domain, card.name) : card.name;
}

inline Tensor draw(const Sample::Input& input, Random& random) {
  if (input.value.defined() || input.type.dtype == DType::undefined) return input.value;
  Tensor drawn(DType::f64, input.type.shape);
  for (double& x : drawn.mutable_data<double>()) {
    x = input.low + (input.high - input.low) * random.uniform();
    if (is_integer(input.type.dtype)) x = std::floor(x);
    if (input.type.dtype == DType::boolean) x = random.uniform() < 0.5;
  }
  return drawn.cast(input.type.dtype);
}

// One sample of one card, ready to run.
struct Case {
  const Operator* card = nullptr;
  const Sample* sample = nullptr;
  Node node;
  std::vector<Tensor> inputs;  // undefined: omitted
  std::vector<TensorType> in_types;
  std::vector<TensorType> out_types;

  // Contents that a plan would know: weights and given values.
  bool known(size_t i) const {
    return inputs[i].defined() && (sample->inputs[i].constant || sample->inputs[i].value.defined());
  }
};

inline Node node_of(const Operator& card, const Sample& sample) {
  Node node;
  node.op_type = card.name;
  node.domain = card.domain;
  node.op = &card;
  node.attributes = sample.attributes;
  int32_t next = 0;
  for (const Sample::Input& input : sample.inputs) {
    node.inputs.push_back(input.type.dtype == DType::undefined && !input.value.defined() ? ValueId{} : ValueId{next});
    ++next;
  }
  for (int i = 0; i < sample.outputs; ++i) node.outputs.push_back({next++});
  return node;
}

// floats: replaces float32 inputs by this type.
inline Result<Case> make_case(const Operator& card, const Sample& sample, uint64_t seed, DType floats = DType::f32) {
  Case c{.card = &card, .sample = &sample, .node = node_of(card, sample)};
  Random random(seed);
  for (const Sample::Input& input : sample.inputs) {
    Tensor tensor = draw(input, random);
    if (tensor.defined() && tensor.dtype() == DType::f32) tensor = tensor.cast(floats);
    c.inputs.push_back(tensor);
    c.in_types.push_back(tensor.type());
  }
  c.out_types = TRY(ops::infer_output_types(c.node, c.inputs));
  return c;
}

inline Result<Kernel> prepare(const Case& c, int threads = 1) {
  std::vector<const Tensor*> constants;
  for (size_t i = 0; i < c.inputs.size(); ++i) constants.push_back(c.known(i) ? &c.inputs[i] : nullptr);
  return ops::prepare_kernel(PrepareContext(c.node, c.in_types, c.out_types, constants, threads, nullptr));
}

// Bytes behind every output that no kernel may touch.
inline constexpr size_t kGuard = 64;

inline Tensor filled(const TensorType& type, int fill) {
  Tensor bytes(DType::u8, {static_cast<int64_t>(type.bytes() + kGuard)});
  std::memset(bytes.mutable_raw(), fill, bytes.bytes());
  return bytes;
}

// Runs once on copies of the inputs; outputs start as bytes of `fill`. alias: output j lies in the copy of input i.
// Returns each output's bytes with its guard (without a guard where it is an alias).
struct Alias {
  size_t output;
  size_t input;
};
inline std::vector<Tensor> run(const Case& c, const Kernel& kernel, int fill, std::optional<Alias> alias = {}) {
  std::vector<Tensor> in, out;
  std::vector<const void*> in_pointers;
  std::vector<void*> out_pointers;
  for (const Tensor& tensor : c.inputs) {
    in.push_back(tensor.defined() && tensor.dtype() != DType::string ? tensor.clone() : tensor);
    in_pointers.push_back(tensor.defined() ? in.back().raw() : nullptr);
  }
  for (size_t j = 0; j < c.out_types.size(); ++j) {
    bool shares = alias && alias->output == j;
    out.push_back(shares ? in[alias->input] : filled(c.out_types[j], fill));
    bool present = c.out_types[j].dtype != DType::undefined;
    out_pointers.push_back(present ? out.back().mutable_raw() : nullptr);
  }
  std::shared_ptr<std::byte> scratch = allocate_bytes(kernel.scratch_bytes);
  std::memset(scratch.get(), fill, kernel.scratch_bytes);
  std::shared_ptr<void> instance = kernel.make_instance ? kernel.make_instance() : nullptr;
  Fault fault;
  kernel.run({in_pointers.data(), out_pointers.data(), scratch.get(), instance.get(), &fault});
  EXPECT_FALSE(fault.raised());
  return out;
}

inline bool same_bytes(const Tensor& a, const Tensor& b, size_t count) {
  return std::memcmp(a.raw(), b.raw(), count) == 0;
}

// Strings have no byte representation to compare.
inline bool has_strings(const Case& c) {
  for (const TensorType& type : c.in_types) {
    if (type.dtype == DType::string) return true;
  }
  for (const TensorType& type : c.out_types) {
    if (type.dtype == DType::string) return true;
  }
  return false;
}

// The node alone as a graph, its weights and given values as constants.
inline Graph graph_of(const Case& c) {
  Graph graph;
  Node node = c.node;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    std::string name = fmt::format("x{}", i);
    if (!c.inputs[i].defined()) {
      node.inputs[i] = {};
    } else if (c.known(i)) {
      node.inputs[i] = graph.add_constant(name, c.inputs[i]);
    } else {
      node.inputs[i] = graph.add_input(name, c.inputs[i].dtype(), to_dims(c.inputs[i].shape()));
    }
  }
  for (size_t j = 0; j < c.out_types.size(); ++j) {
    node.outputs[j] = graph.add_value(fmt::format("y{}", j));
    graph.outputs.push_back(node.outputs[j]);
  }
  node.name = "n";
  graph.add_node(std::move(node));
  return graph;
}

// What such a graph is run on.
inline std::vector<Tensor> free_inputs(const Case& c) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    if (c.inputs[i].defined() && !c.known(i)) inputs.push_back(c.inputs[i]);
  }
  return inputs;
}

// f(case) for every sample of every card that has a kernel, with a trace of where it is.
template <typename F>
void for_each_case(F&& f) {
  for (const Operator* card : all_operators().all()) {
    if (card->samples == nullptr || card->infer == nullptr) continue;
    std::vector<Sample> samples = card->samples();
    for (size_t i = 0; i < samples.size(); ++i) {
      SCOPED_TRACE(fmt::format("{} sample {}", card_name(*card), i));
      Result<Case> c = make_case(*card, samples[i], 17 + i);
      if (!c.ok()) {
        ADD_FAILURE() << c.status().to_string();
      } else {
        f(*c);
      }
    }
  }
}

}  // namespace slipway::walks
