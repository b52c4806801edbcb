// Walks over every operator card: it says what it is, infers what it makes, keeps to its buffers, may run in place.
#include <gtest/gtest.h>

#include "runtime/row_loops.h"
#include "sample_case.h"

namespace slipway::walks {
namespace {

TEST(Operators, EveryCardIsComplete) {
  ASSERT_FALSE(all_operators().all().empty());
  for (const Operator* card : all_operators().all()) {
    SCOPED_TRACE(card_name(*card));
    EXPECT_NE(std::string(card->doc), "") << "no doc";
    EXPECT_NE(card->infer, nullptr) << "no inference";
    bool handles = card->eager != nullptr || has_bodies(*card);  // on values that samples cannot draw: own tests
    EXPECT_TRUE(card->cpu != nullptr || card->view || handles) << "no kernel";
    EXPECT_TRUE(card->tflite.name != nullptr || card->tflite.note != nullptr) << "neither a TFLite name nor a reason";
    EXPECT_EQ(all_operators().find(card->name, card->domain), card) << "two cards of one name";
    if (handles) continue;
    ASSERT_NE(card->samples, nullptr) << "no samples";
    EXPECT_FALSE(card->samples().empty()) << "no samples";
  }
}

TEST(Operators, SamplesUseTheCardsOwnAttributesAndArity) {
  for_each_case([](const Case& c) {
    for (const auto& [name, value] : c.sample->attributes.items()) {
      EXPECT_NE(find_attribute(*c.card, name), nullptr) << "attribute " << name;
    }
    int inputs = static_cast<int>(c.inputs.size()), outputs = c.sample->outputs;
    EXPECT_TRUE(inputs >= c.card->inputs.min && inputs <= c.card->inputs.max) << inputs << " inputs";
    EXPECT_TRUE(outputs >= c.card->outputs.min && outputs <= c.card->outputs.max) << outputs << " outputs";
  });
}

// A kernel writes every byte of the inferred type, and none behind it: two runs over different garbage agree.
TEST(Operators, KernelsFillExactlyTheInferredTypes) {
  for_each_case([](const Case& c) {
    if (c.card->cpu == nullptr || has_strings(c)) return;
    Result<Kernel> kernel = prepare(c);
    ASSERT_TRUE(kernel.ok()) << kernel.status().to_string();
    std::vector<Tensor> first = run(c, *kernel, 0xA5), second = run(c, *kernel, 0x5A);
    for (size_t j = 0; j < c.out_types.size(); ++j) {
      size_t bytes = c.out_types[j].bytes();
      if (c.card->deterministic) {
        EXPECT_TRUE(same_bytes(first[j], second[j], bytes)) << "output " << j << " depends on what was there before";
      }
      Tensor guard = filled(c.out_types[j], 0xA5);
      EXPECT_EQ(std::memcmp(static_cast<const char*>(first[j].raw()) + bytes,
                            static_cast<const char*>(guard.raw()) + bytes, kGuard),
                0)
          << "output " << j << " was written beyond its end";
    }
  });
}

TEST(Operators, ThreadsDoNotChangeTheResult) {
  for_each_case([](const Case& c) {
    if (c.card->cpu == nullptr || has_strings(c) || !c.card->deterministic) return;
    Result<Kernel> one = prepare(c, 1), four = prepare(c, 4);
    ASSERT_TRUE(one.ok() && four.ok());
    std::vector<Tensor> first = run(c, *one, 0), second = run(c, *four, 0);
    for (size_t j = 0; j < first.size(); ++j) {
      EXPECT_TRUE(same_bytes(first[j], second[j], c.out_types[j].bytes())) << "output " << j;
    }
  });
}

TEST(Operators, InPlaceGivesTheSameBytes) {
  for_each_case([](const Case& c) {
    if (c.card->cpu == nullptr || !c.card->in_place || has_strings(c)) return;
    Result<Kernel> kernel = prepare(c);
    ASSERT_TRUE(kernel.ok()) << kernel.status().to_string();
    std::vector<Tensor> apart = run(c, *kernel, 0);
    for (size_t j = 0; j < c.out_types.size(); ++j) {
      for (size_t i = 0; i < c.inputs.size(); ++i) {
        if (!c.inputs[i].defined() || c.sample->inputs[i].constant || c.in_types[i] != c.out_types[j]) continue;
        std::vector<Tensor> shared = run(c, *kernel, 0, Alias{j, i});
        for (size_t k = 0; k < shared.size(); ++k) {
          EXPECT_TRUE(same_bytes(apart[k], shared[k], c.out_types[k].bytes()))
              << "output " << k << " differs when output " << j << " lies in input " << i;
        }
      }
    }
  });
}

class CaseValues final : public StepValues {
 public:
  explicit CaseValues(const Case& c) : c_(c) {}
  const TensorType& type(ValueId id) const override {
    const size_t at = static_cast<size_t>(id.index), inputs = c_.in_types.size();
    return at < inputs ? c_.in_types[at] : c_.out_types[at - inputs];
  }
  const Tensor* known(ValueId id) const override {
    const size_t at = static_cast<size_t>(id.index);
    return at < c_.inputs.size() && c_.known(at) ? &c_.inputs[at] : nullptr;
  }
  ValueId root(ValueId id) const override { return id; }

 private:
  const Case& c_;
};

Tensor row_of(const Tensor& whole, int64_t row) {
  Tensor one(whole.dtype(), with_rows(whole.type(), 1).shape);
  std::memcpy(one.mutable_raw(), static_cast<const char*>(whole.raw()) + static_cast<size_t>(row) * one.bytes(),
              one.bytes());
  return one;
}

// The case with row `r` alone of the inputs that are taken apart.
Case row_case(const Case& c, const std::vector<bool>& carried, int64_t r) {
  Case one = c;
  for (size_t i = 0; i < one.inputs.size(); ++i) {
    if (!carried[i]) continue;
    one.inputs[i] = row_of(c.inputs[i], r);
    one.in_types[i] = one.inputs[i].type();
  }
  for (TensorType& type : one.out_types) type = with_rows(type, 1);
  return one;
}

Tensor without_guard(const TensorType& type, const Tensor& guarded, int64_t skip = 0) {
  Tensor tensor(type.dtype, type.shape);
  std::memcpy(tensor.mutable_raw(), static_cast<const char*>(guarded.raw()) + static_cast<size_t>(skip) * type.bytes(),
              type.bytes());
  return tensor;
}

// What a card says of rows (Operator::rows) is so: every row alone gives what it gives in its batch.
TEST(Operators, RowsAreIndependentWhereTheCardSaysSo) {
  int taken_apart = 0;
  for_each_case([&](const Case& c) {
    if (c.card->rows == Rows::whole || has_strings(c) || c.out_types[0].shape.empty()) return;
    const int64_t rows = c.out_types[0].shape[0];
    auto carried = rows < 2 ? std::nullopt : carried_inputs(c.node, CaseValues(c), rows, 1);
    if (!carried) return;
    ++taken_apart;
    Result<Kernel> kernel = prepare(c);
    ASSERT_TRUE(kernel.ok()) << kernel.status().to_string();
    std::vector<Tensor> whole = run(c, *kernel, 0);
    for (int64_t r = 0; r < rows; ++r) {
      Case one = row_case(c, *carried, r);
      Result<Kernel> alone = prepare(one);
      ASSERT_TRUE(alone.ok()) << alone.status().to_string();
      std::vector<Tensor> parts = run(one, *alone, 0);
      for (size_t j = 0; j < parts.size(); ++j) {
        const TensorType& type = one.out_types[j];
        auto apart = compare(without_guard(type, parts[j]), without_guard(type, whole[j], r), 1e-5, 1e-6);
        ASSERT_TRUE(apart.ok()) << apart.status().to_string();
        EXPECT_EQ(apart->outside, 0) << "output " << j << " row " << r;
      }
    }
  });
  EXPECT_GT(taken_apart, 80);
}

// Sizes that are not known yet must not contradict the sizes that come out.
TEST(Operators, InferenceWithUnknownSizesAgrees) {
  for_each_case([](const Case& c) {
    Graph graph;
    Node node = c.node;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      if (!c.inputs[i].defined()) continue;
      std::string name = fmt::format("x{}", i);
      node.inputs[i] = c.known(i) ? graph.add_constant(name, c.inputs[i])
                                  : graph.add_input(name, c.inputs[i].dtype(), Dims(c.inputs[i].shape().size()));
    }
    for (size_t j = 0; j < node.outputs.size(); ++j) node.outputs[j] = graph.add_value(fmt::format("y{}", j));
    Status status = infer_node(graph, node);
    ASSERT_TRUE(status.ok()) << status.to_string();
    for (size_t j = 0; j < node.outputs.size(); ++j) {
      const Value& value = graph.value(node.outputs[j]);
      if (!value.dims) continue;
      EXPECT_EQ(value.dtype, c.out_types[j].dtype) << "output " << j;
      ASSERT_EQ(value.dims->size(), c.out_types[j].shape.size()) << "rank of output " << j;
      for (size_t d = 0; d < value.dims->size(); ++d) {
        const Dim& dim = (*value.dims)[d];
        EXPECT_TRUE(!dim.known() || dim.size == c.out_types[j].shape[d]) << "output " << j << " dimension " << d;
      }
    }
  });
}

}  // namespace
}  // namespace slipway::walks
