// Attention, rotary embedding and the normalizations around them: hand-worked numbers, and attention against its
// definition in simpler operators.
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "support/run_card.h"

namespace slipway::ops {
namespace {

Tensor random_tensor(Shape shape, uint64_t seed) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.uniform() * 2 - 1);
  return t;
}

Tensor only(Result<std::vector<Tensor>> y) {
  EXPECT_TRUE(y.ok()) << y.status().to_string();
  return y.ok() ? (*y)[0] : Tensor();
}

void expect_same(const Tensor& a, const Tensor& b) {
  Result<Difference> difference = compare(a, b, 1e-5, 1e-5);
  ASSERT_TRUE(difference.ok()) << difference.status().to_string();
  EXPECT_EQ(difference->outside, 0) << to_string(a) << " and " << to_string(b);
}

TEST(Attention, IsSoftmaxOfProductsTimesValues) {
  // Over two blocks of queries: 64 and 6.
  Tensor q = random_tensor({2, 2, 70, 8}, 1), k = random_tensor({2, 2, 9, 8}, 2), v = random_tensor({2, 2, 9, 5}, 3);
  Tensor mask = random_tensor({70, 9}, 4);
  Tensor turned = only(run_card("Transpose", {k}, {{"perm", std::vector<int64_t>{0, 1, 3, 2}}}));
  Tensor scores = only(run_card("MatMul", {q, turned}));
  scores = only(run_card("Mul", {scores, Tensor::scalar(1 / std::sqrt(8.f))}));
  scores = only(run_card("Softmax", {only(run_card("Add", {scores, mask}))}));
  expect_same(only(run_card("Attention", {q, k, v, mask})), only(run_card("MatMul", {scores, v})));
}

TEST(Attention, CausalQueriesSeeThePastAndThemselves) {
  Tensor q = random_tensor({1, 1, 3, 4}, 1), k = random_tensor({1, 1, 3, 4}, 2), v = random_tensor({1, 1, 3, 4}, 3);
  Tensor past_k = random_tensor({1, 1, 2, 4}, 4), past_v = random_tensor({1, 1, 2, 4}, 5), none;
  std::vector<bool> seen;
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 5; ++j) seen.push_back(j <= 2 + i);
  }
  Tensor mask(DType::boolean, {3, 5});
  for (size_t i = 0; i < seen.size(); ++i) mask.mutable_data<bool>()[i] = seen[i];
  Tensor causal = only(run_card("Attention", {q, k, v, none, past_k, past_v}, {{"is_causal", int64_t{1}}}, 3));
  expect_same(causal, only(run_card("Attention", {q, k, v, mask, past_k, past_v}, {}, 3)));
}

TEST(Attention, HeadsShareKeysAndLayoutsAgree) {
  // Two query heads over one key head: the same as that key head twice.
  Tensor q = random_tensor({1, 2, 3, 4}, 1), k = random_tensor({1, 1, 5, 4}, 2), v = random_tensor({1, 1, 5, 4}, 3);
  Tensor twice_k = only(run_card("Concat", {k, k}, {{"axis", int64_t{1}}}));
  Tensor twice_v = only(run_card("Concat", {v, v}, {{"axis", int64_t{1}}}));
  Tensor y = only(run_card("Attention", {q, k, v}));
  expect_same(y, only(run_card("Attention", {q, twice_k, twice_v})));
  auto flat = [&](const Tensor& x, int64_t steps, int64_t width) {
    return only(run_card("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 1, 3}}})).reshaped({1, steps, width});
  };
  Attributes heads = {{"q_num_heads", int64_t{2}}, {"kv_num_heads", int64_t{1}}};
  expect_same(flat(y, 3, 8), only(run_card("Attention", {flat(q, 3, 8), flat(k, 5, 4), flat(v, 5, 4)}, heads)));
}

// ONNX Runtime's answer. The first query may see the first key only: its row is the first value's.
TEST(Attention, TheCapComesBeforeTheMask) {
  const Shape shape = {1, 1, 3, 4};
  const Tensor q =
      Tensor::of<float>(shape, {4.87303638f, -1.83526921f, -1.58451533f, -3.21890593f, 2.59622288f, -6.90461636f,
                                5.23443508f, -2.28362083f, 0.957117319f, -0.748111129f, 4.38632393f, -6.18042183f});
  const Tensor k =
      Tensor::of<float>(shape, {-1.25027359f, -0.168800473f, -6.40858841f, 4.92081261f, -5.38030672f, -2.52524209f,
                                1.50864422f, -3.7358644f, -3.1738565f, -2.72702289f, 1.6543622f, 6.87662411f});
  const Tensor v = Tensor::of<float>(
      shape, {1.78862846f, 0.436509848f, 0.0964974687f, -1.86349273f, -0.277388215f, -0.354758978f, -0.082741484f,
              -0.62700069f, -0.0438181683f, -0.477218032f, -1.31386471f, 0.884622395f});
  const Tensor expected = Tensor::of<float>(
      shape, {1.78862846f, 0.436509848f, 0.0964974687f, -1.86349273f, -0.240221426f, -0.340524375f, -0.0795170516f,
              -0.649244666f, -0.236757845f, -0.342942059f, -0.101326741f, -0.622139454f});
  expect_same(only(run_card("Attention", {q, k, v}, {{"is_causal", int64_t{1}}, {"softcap", 2.f}})), expected);
}

TEST(Attention, ARowWithoutKeysGivesZero) {
  Tensor x = Tensor::of<float>({1, 1, 1, 1}, {2}), never(DType::boolean, {1, 1});
  EXPECT_EQ(card_text("Attention", {x, x, x, never}), "float32[1, 1, 1, 1] [[[[0]]]]");
}

TEST(RotaryEmbedding, TurnsPairs) {
  Tensor x = Tensor::of<float>({1, 1, 1, 4}, {1, 2, 3, 4});
  // A quarter turn of the first pair, none of the second.
  Tensor cosine = Tensor::of<float>({1, 1, 2}, {0, 1}), sine = Tensor::of<float>({1, 1, 2}, {1, 0});
  EXPECT_EQ(card_text("RotaryEmbedding", {x, cosine, sine}), "float32[1, 1, 1, 4] [[[[-3, 2, 1, 4]]]]");
  EXPECT_EQ(card_text("RotaryEmbedding", {x, cosine, sine}, {{"interleaved", int64_t{1}}}),
            "float32[1, 1, 1, 4] [[[[-2, 1, 3, 4]]]]");
}

TEST(Normalization, GroupsAndRootMeanSquare) {
  Tensor x = Tensor::of<float>({1, 4, 1}, {1, 3, 10, 30}), one = Tensor::of<float>({4}, {1, 1, 1, 2}),
         zero = Tensor::of<float>({4}, {0, 0, 0, 5});
  EXPECT_EQ(card_text("GroupNormalization", {x, one, zero}, {{"num_groups", int64_t{2}}, {"epsilon", 0.f}}),
            "float32[1, 4, 1] [[[-1], [1], [-1], [7]]]");
  Tensor row = Tensor::of<float>({1, 2}, {1, 7}), scale = Tensor::of<float>({2}, {1, 10});
  EXPECT_EQ(card_text("RMSNormalization", {row, scale}, {{"epsilon", 0.f}}), "float32[1, 2] [[0.2, 14]]");
}

// Values around 10^6, one apart: what a mean of float32 loses is as large as the deviations.
TEST(Normalization, OfGroupsAndInstancesFarFromZero) {
  Tensor x(DType::f32, {1, 4, 64});
  for (size_t i = 0; i < 256; ++i) x.mutable_data<float>()[i] = 1e6f + static_cast<float>(i % 4);
  const Tensor ones = Tensor::of<float>({4}, {1, 1, 1, 1}), zeros(DType::f32, {4});
  const Tensor of_groups = only(run_card("GroupNormalization", {x, ones, zeros}, {{"num_groups", int64_t{2}}}));
  const Tensor of_instances = only(run_card("InstanceNormalization", {x, ones, zeros}));
  const float expected[] = {-1.341635f, -0.447212f, 0.447212f, 1.341635f};
  for (size_t i = 0; i < 256; ++i) {
    ASSERT_NEAR(of_groups.data<float>()[i], expected[i % 4], 2e-6) << i;
    ASSERT_NEAR(of_instances.data<float>()[i], expected[i % 4], 2e-6) << i;
  }
}

}  // namespace
}  // namespace slipway::ops
