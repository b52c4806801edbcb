// What the batch rules of the cards say is so: wherever a card's sample may be taken apart into rows, every row alone
// gives what it gives among the others.
#include <set>

#include <gtest/gtest.h>

#include "ops/batch_axis.h"
#include "sample_case.h"

namespace slipway::walks {
namespace {

// How one input holds rows; none: it is whole.
struct Part {
  bool split = false;
  BatchAxis at;
  int64_t rows = 0;
};

std::vector<Part> parts_of(const Case& c, size_t i) {
  std::vector<Part> parts = {{}};
  if (!c.inputs[i].defined()) return parts;
  const Shape& shape = c.in_types[i].shape;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    for (const auto& [outer, inner] : {std::pair<int64_t, int64_t>{1, 1}, {2, 1}, {1, 2}}) {
      const int64_t rows = shape[axis] / outer / inner;
      if (rows >= 2 && rows * outer * inner == shape[axis]) parts.push_back({true, {axis, outer, inner}, rows});
    }
  }
  return parts;
}

// Elements of row `row` along the axis, in order.
Tensor row_of(const Tensor& whole, const BatchAxis& at, int64_t rows, int64_t row) {
  const std::span<const int64_t> sizes = whole.shape();
  const int64_t before = element_count(sizes.first(at.axis)) * at.outer;
  const int64_t after = at.inner * element_count(sizes.subspan(at.axis + 1));
  Shape shape = whole.shape();
  shape[at.axis] = at.outer * at.inner;
  Tensor one(whole.dtype(), shape);
  for (int64_t o = 0; o < before; ++o) {
    const int64_t from = (o * rows + row) * after, to = o * after;
    if (whole.dtype() == DType::string) {
      for (int64_t e = 0; e < after; ++e) {
        one.mutable_data<std::string>()[static_cast<size_t>(to + e)] =
            whole.data<std::string>()[static_cast<size_t>(from + e)];
      }
    } else {
      const size_t size = size_of(whole.dtype());
      std::memcpy(static_cast<char*>(one.mutable_raw()) + static_cast<size_t>(to) * size,
                  static_cast<const char*>(whole.raw()) + static_cast<size_t>(from) * size,
                  static_cast<size_t>(after) * size);
    }
  }
  return one;
}

std::string told(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& p : parts) {
    text += p.split ? fmt::format(" [axis {} outer {} inner {}]", p.at.axis, p.at.outer, p.at.inner) : " whole";
  }
  return text;
}

class Walk {
 public:
  explicit Walk(const Case& c) : c_(c), parts_(c.inputs.size()) {}

  // How many ways to hold rows were proved to keep them apart.
  int run() {
    choose(0, 0);
    return proved_;
  }

 private:
  void choose(size_t i, int64_t rows) {
    if (i == c_.inputs.size()) {
      if (rows > 0) check(rows);
      return;
    }
    for (const Part& part : parts_of(c_, i)) {
      if (part.split && rows > 0 && part.rows != rows) continue;
      parts_[i] = part;
      choose(i + 1, part.split ? part.rows : rows);
    }
  }

  BatchFact fact(size_t i) const {
    if (c_.known(i) && !parts_[i].split) return ops::known_fact(c_.inputs[i]);
    BatchFact fact{.type = c_.in_types[i]};
    if (!parts_[i].split) return fact;
    fact.kind = BatchFact::Kind::split;
    fact.at = parts_[i].at;
    fact.type->shape[fact.at.axis] = kBatchRows * fact.at.outer * fact.at.inner;
    return fact;
  }

  void check(int64_t rows) {
    std::vector<BatchFact> facts;
    for (size_t i = 0; i < c_.inputs.size(); ++i) facts.push_back(c_.inputs[i].defined() ? fact(i) : BatchFact());
    std::vector<const BatchFact*> inputs;
    for (size_t i = 0; i < c_.inputs.size(); ++i) inputs.push_back(c_.inputs[i].defined() ? &facts[i] : nullptr);
    const std::vector<BatchFact> found = ops::batch_facts(c_.node, inputs);
    for (const BatchFact& out : found) {
      if (out.kind != BatchFact::Kind::split) return;
    }
    ++proved_;
    for (int64_t row = 0; row < rows; ++row) check_row(found, rows, row);
  }

  void check_row(const std::vector<BatchFact>& found, int64_t rows, int64_t row) {
    if (whole_.empty()) {
      Result<std::vector<Tensor>> whole = ops::evaluate(c_.node, c_.inputs);
      ASSERT_TRUE(whole.ok()) << whole.status().to_string();
      whole_ = *whole;
    }
    std::vector<Tensor> one = c_.inputs;
    for (size_t i = 0; i < one.size(); ++i) {
      if (parts_[i].split) one[i] = row_of(one[i], parts_[i].at, rows, row);
    }
    Result<std::vector<Tensor>> alone = ops::evaluate(c_.node, one);
    ASSERT_TRUE(alone.ok()) << told(parts_) << ": " << alone.status().to_string();
    for (size_t o = 0; o < whole_.size(); ++o) {
      if (!whole_[o].defined()) continue;
      const Tensor wanted = row_of(whole_[o], found[o].at, rows, row);
      Result<Difference> apart = compare((*alone)[o], wanted, 1e-5, 1e-6);
      ASSERT_TRUE(apart.ok()) << told(parts_) << ": " << apart.status().to_string();
      EXPECT_EQ(apart->outside, 0) << "output " << o << " row " << row << told(parts_);
    }
  }

  const Case& c_;
  std::vector<Part> parts_;
  std::vector<Tensor> whole_;
  int proved_ = 0;
};

// The same with two examples in dimension 0 where the sample has one, the second one backwards.
std::optional<Case> doubled(const Case& c) {
  Case twice = c;
  bool any = false;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const Tensor& one = c.inputs[i];
    const bool alone = one.defined() && one.rank() > 1 && one.dim(0) == 1 && one.dtype() != DType::string &&
                       one.rank() == c.inputs[0].rank() && !c.sample->inputs[i].constant;
    if (!alone) continue;
    any = true;
    twice.in_types[i].shape[0] = 2;
    twice.inputs[i] = Tensor(one.dtype(), twice.in_types[i].shape);
    const auto count = static_cast<size_t>(one.count()), size = size_of(one.dtype());
    auto* to = static_cast<char*>(twice.inputs[i].mutable_raw());
    std::memcpy(to, one.raw(), one.bytes());
    for (size_t e = 0; e < count; ++e) {
      std::memcpy(to + (count + e) * size, static_cast<const char*>(one.raw()) + (count - 1 - e) * size, size);
    }
  }
  Result<std::vector<TensorType>> types = ops::infer_output_types(twice.node, twice.inputs);
  if (!any || !types.ok()) return std::nullopt;
  twice.out_types = *types;
  return twice;
}

// Its input holds sizes, not rows; see RowProof.ARecurrentNetworkIsProvedInBothLayouts.
const std::set<std::string> kNotShown = {"ConstantOfShape"};

TEST(BatchRules, KeepRowsApartWhereTheySaySo) {
  std::map<std::string, int> proved;
  for_each_case([&](const Case& c) {
    if (c.card->batch == nullptr || (c.card->cpu == nullptr && !c.card->view)) return;
    proved[card_name(*c.card)] += Walk(c).run();
    if (std::optional<Case> twice = doubled(c)) proved[card_name(*c.card)] += Walk(*twice).run();
  });
  EXPECT_GT(proved.size(), 140u);
  for (const auto& [name, times] : proved) {
    EXPECT_EQ(times > 0, !kNotShown.contains(name)) << name << " was taken apart " << times << " times";
  }
}

// A card without a rule is never taken apart; one with a rule exists.
TEST(BatchRules, EveryOtherCardMixes) {
  for_each_case([&](const Case& c) {
    if (c.card->batch != nullptr) return;
    std::vector<BatchFact> facts;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      BatchFact fact{.type = c.in_types[i]};
      const bool split = !c.known(i) && !c.in_types[i].shape.empty();
      if (split) fact = {.kind = BatchFact::Kind::split, .type = c.in_types[i]};
      if (split) fact.type->shape[0] = kBatchRows;
      facts.push_back(fact);
    }
    std::vector<const BatchFact*> inputs;
    bool any = false;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      inputs.push_back(c.inputs[i].defined() ? &facts[i] : nullptr);
      any |= c.inputs[i].defined() && facts[i].kind == BatchFact::Kind::split;
    }
    if (!any) return;
    for (const BatchFact& out : ops::batch_facts(c.node, inputs)) EXPECT_NE(out.kind, BatchFact::Kind::split);
  });
}

}  // namespace
}  // namespace slipway::walks
