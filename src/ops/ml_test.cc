// Cards of ONNX-ML: literal tables of what its documentation says.
#include <cmath>

#include <gtest/gtest.h>

#include "ops/ml.h"
#include "support/run_card.h"

namespace slipway::ops {
namespace {

using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;
using Strings = std::vector<std::string>;

Tensor matrix(int64_t rows, int64_t columns, const Floats& values) {
  return Tensor::of<float>({rows, columns}, values);
}

std::string text(std::string_view op, const std::vector<Tensor>& inputs, Attributes attributes, int outputs = 1) {
  Result<std::vector<Tensor>> y = run_card(op, inputs, std::move(attributes), outputs, kMl);
  if (!y.ok()) return y.status().message();
  std::string all;
  for (const Tensor& tensor : *y) all += (all.empty() ? "" : "; ") + to_string(tensor);
  return all;
}

// x0 <= 0 ? leaf 1 : (x1 < 2 ? leaf 3 : leaf 4), and a second tree of one leaf.
Attributes trees() {
  return {{"nodes_treeids", Ints{0, 0, 0, 0, 0, 1}},
          {"nodes_nodeids", Ints{0, 1, 2, 3, 4, 0}},
          {"nodes_featureids", Ints{0, 0, 1, 0, 0, 0}},
          {"nodes_truenodeids", Ints{1, 0, 3, 0, 0, 0}},
          {"nodes_falsenodeids", Ints{2, 0, 4, 0, 0, 0}},
          {"nodes_values", Floats{0, 0, 2, 0, 0, 0}},
          {"nodes_modes", Strings{"BRANCH_LEQ", "LEAF", "BRANCH_LT", "LEAF", "LEAF", "LEAF"}}};
}

Attributes regression() {
  Attributes a = trees();
  a.set("n_targets", int64_t{1});
  a.set("target_treeids", Ints{0, 0, 0, 1});
  a.set("target_nodeids", Ints{1, 3, 4, 0});
  a.set("target_ids", Ints{0, 0, 0, 0});
  a.set("target_weights", Floats{10, 20, 30, 4});
  return a;
}

const Tensor kRows = matrix(4, 2, {0, 9, 1, 1, 1, 2, NAN, 0});

// ONNX's own example: one tree of three branches over feature 0.
Attributes rooted() {
  return {{"n_targets", int64_t{2}},
          {"tree_roots", Ints{0}},
          {"nodes_modes", Tensor::of<uint8_t>({3}, {0, 0, 0})},
          {"nodes_splits", Tensor::of<double>({3}, {3.14, 1.2, 4.2})},
          {"nodes_featureids", Ints{0, 0, 0}},
          {"nodes_truenodeids", Ints{1, 0, 1}},
          {"nodes_trueleafs", Ints{0, 1, 1}},
          {"nodes_falsenodeids", Ints{2, 2, 3}},
          {"nodes_falseleafs", Ints{0, 1, 1}},
          {"leaf_targetids", Ints{0, 1, 0, 1}},
          {"leaf_weights", Tensor::of<double>({4}, {5.23, 12.12, -12.23, 7.21})}};
}

TEST(Trees, EnsembleKeepsBranchesAndLeavesApart) {
  Tensor rows = Tensor::of<double>({3, 2}, {1.2, 3.4, -0.12, 1.66, 4.14, 1.77});
  EXPECT_EQ(text("TreeEnsemble", {rows}, rooted()), "float64[3, 2] [[5.23, 0], [5.23, 0], [0, 12.12]]");
  Attributes a = rooted();
  a.set("leaf_weights", Tensor::of<double>({4}, {1 + 1e-12, 0, 0, 0}));
  Result<std::vector<Tensor>> fine = run_card("TreeEnsemble", {rows}, a, 1, kMl);
  ASSERT_TRUE(fine.ok()) << fine.status().message();
  EXPECT_EQ((*fine)[0].data<double>()[0], 1 + 1e-12);
  a = rooted();
  a.set("tree_roots", Ints{1, 2});
  a.set("aggregate_function", int64_t{0});
  EXPECT_EQ(text("TreeEnsemble", {matrix(1, 1, {0})}, a), "float32[1, 2] [[2.615, 6.06]]");
  a.set("post_transform", int64_t{5});
  EXPECT_EQ(text("TreeEnsemble", {matrix(1, 1, {0})}, a),
            "post_transform is 5; expected 0 (none), 1 (softmax), 2 (logistic), 3 (softmax_zero) or 4 (probit)");
}

// Feature 0 is one of {1, 3}, or else one of {2}; a missing value tracks true where the node says so.
TEST(Trees, BranchesAskWhetherAValueIsAMember) {
  Attributes a = rooted();
  a.set("n_targets", int64_t{1});
  a.set("nodes_modes", Tensor::of<uint8_t>({2}, {6, 6}));
  a.set("nodes_splits", Tensor::of<float>({2}, {0, 0}));
  a.set("nodes_featureids", Ints{0, 0});
  a.set("nodes_truenodeids", Ints{0, 1});
  a.set("nodes_trueleafs", Ints{1, 1});
  a.set("nodes_falsenodeids", Ints{1, 2});
  a.set("nodes_falseleafs", Ints{0, 1});
  a.set("nodes_missing_value_tracks_true", Ints{0, 1});
  a.set("membership_values", Tensor::of<float>({5}, {3, 1, NAN, 2, NAN}));
  a.set("leaf_targetids", Ints{0, 0, 0});
  a.set("leaf_weights", Tensor::of<float>({3}, {10, 20, 30}));
  EXPECT_EQ(text("TreeEnsemble", {matrix(6, 1, {1, 2, 3, 2.5f, 0, NAN})}, a),
            "float32[6, 1] [[10], [20], [10], [30], [30], [20]]");
  a.set("membership_values", Tensor::of<float>({3}, {3, 1, NAN}));
  EXPECT_EQ(text("TreeEnsemble", {matrix(1, 1, {1})}, a),
            "membership_values has fewer sets than nodes of mode BRANCH_MEMBER");
}

TEST(Trees, EnsembleRefusesWhatIsNoTree) {
  auto with = [](const char* name, Attribute value) {
    Attributes a = rooted();
    a.set(name, std::move(value));
    return text("TreeEnsemble", {matrix(1, 2, {0, 0})}, a);
  };
  EXPECT_EQ(with("nodes_truenodeids", Ints{0, 0, 1}), "node 0 is reached twice; expected trees");
  EXPECT_EQ(with("nodes_truenodeids", Ints{7, 0, 1}), "tree 0 leads to node 7; there are 3");
  EXPECT_EQ(with("nodes_falsenodeids", Ints{2, 2, -1}), "tree 0 leads to leaf -1; there are 4");
  EXPECT_EQ(with("nodes_trueleafs", Ints{0, 1}), "nodes_modes has 3 entries, another nodes_ attribute 2");
  EXPECT_EQ(with("leaf_targetids", Ints{0, 1, 0}), "4 leaf_weights and 3 leaf_targetids");
  EXPECT_EQ(with("leaf_targetids", Ints{0, 1, 0, 2}), "a leaf has weight for target 2; there are 2");
  EXPECT_EQ(with("nodes_featureids", Ints{0, 0, 2}), "the trees read feature 2; X has 2");
  EXPECT_EQ(with("nodes_modes", Tensor::of<uint8_t>({3}, {0, 7, 0})), "nodes_modes holds 7; expected 0 to 6");
  EXPECT_EQ(with("aggregate_function", int64_t{4}),
            "aggregate_function is 4; expected 0 (average), 1 (sum), 2 (min) or 3 (max)");
}

TEST(Trees, RegressorAggregatesLeaves) {
  // NaN <= 0 is false, 0 < 2 true.
  EXPECT_EQ(text("TreeEnsembleRegressor", {kRows}, regression()), "float32[4, 1] [[14], [24], [34], [24]]");
  Attributes a = regression();
  a.set("aggregate_function", std::string("AVERAGE"));
  a.set("base_values", Floats{100});
  EXPECT_EQ(text("TreeEnsembleRegressor", {kRows}, a), "float32[4, 1] [[107], [112], [117], [112]]");
  a.set("aggregate_function", std::string("MIN"));
  EXPECT_EQ(text("TreeEnsembleRegressor", {kRows}, a), "float32[4, 1] [[104], [104], [104], [104]]");
  a = regression();
  a.set("nodes_missing_value_tracks_true", Ints{1, 0, 0, 0, 0, 0});
  EXPECT_EQ(text("TreeEnsembleRegressor", {kRows}, a), "float32[4, 1] [[14], [24], [34], [14]]");
}

TEST(Trees, ClassifierGivesLabelsAndScores) {
  Attributes a = trees();
  a.set("class_treeids", Ints{0, 0, 0, 0, 1});
  a.set("class_nodeids", Ints{1, 3, 3, 4, 0});
  a.set("class_ids", Ints{0, 1, 2, 2, 0});
  a.set("class_weights", Floats{2, 3, 1, 5, 1});
  a.set("classlabels_strings", Strings{"a", "b", "c"});
  EXPECT_EQ(text("TreeEnsembleClassifier", {kRows}, a, 2),
            "string[4] [\"a\", \"b\", \"c\", \"b\"]; float32[4, 3] [[3, 0, 0], [1, 3, 1], [1, 0, 5], [1, 3, 1]]");
}

TEST(Trees, OneScoreOfTwoClasses) {
  Attributes a = trees();
  a.set("class_treeids", Ints{0, 0, 0});
  a.set("class_nodeids", Ints{1, 3, 4});
  a.set("class_ids", Ints{1, 1, 1});
  a.set("class_weights", Floats{0.25f, 0.75f, 1});
  a.set("classlabels_int64s", Ints{3, 5});
  Tensor rows = matrix(2, 2, {0, 0, 1, 1});
  EXPECT_EQ(text("TreeEnsembleClassifier", {rows}, a, 2),
            "int64[2] [3, 5]; float32[2, 2] [[0.75, 0.25], [0.25, 0.75]]");
  a.set("class_weights", Floats{-2, 1, 1});  // no longer shares: the sign decides
  EXPECT_EQ(text("TreeEnsembleClassifier", {rows}, a, 2), "int64[2] [3, 5]; float32[2, 2] [[2, -2], [-1, 1]]");
}

TEST(Trees, BrokenTreesAreRefused) {
  Attributes a = regression();
  a.set("nodes_falsenodeids", Ints{2, 0, 0, 0, 0, 0});  // back to the root
  EXPECT_NE(text("TreeEnsembleRegressor", {kRows}, a).find("is reached twice; expected a tree"), std::string::npos);
  a.set("nodes_falsenodeids", Ints{2, 0, 9, 0, 0, 0});
  EXPECT_NE(text("TreeEnsembleRegressor", {kRows}, a).find("leads to node 9, which is not there"), std::string::npos);
  a = regression();
  a.set("target_ids", Ints{0, 0, 0, 7});
  EXPECT_NE(text("TreeEnsembleRegressor", {kRows}, a).find("target 7"), std::string::npos);
  EXPECT_NE(text("TreeEnsembleRegressor", {matrix(1, 1, {0})}, regression()).find("the trees read feature 1"),
            std::string::npos);
}

TEST(Linear, RegressorAndClassifier) {
  Tensor x = matrix(2, 2, {1, 2, 3, -1});
  EXPECT_EQ(text("LinearRegressor", {x}, {{"coefficients", Floats{2, 1}}, {"intercepts", Floats{0.5f}}}),
            "float32[2, 1] [[4.5], [5.5]]");
  Attributes two = {{"coefficients", Floats{1, 0, 0, 1}}, {"classlabels_ints", Ints{7, 8}}};
  EXPECT_EQ(text("LinearClassifier", {x}, two, 2), "int64[2] [8, 7]; float32[2, 2] [[1, 2], [3, -1]]");
  two.set("post_transform", std::string("SOFTMAX"));
  Result<std::vector<Tensor>> y = run_card("LinearClassifier", {x}, two, 2, kMl);
  ASSERT_TRUE(y.ok());
  EXPECT_NEAR((*y)[1].data<float>()[1], 1 / (1 + std::exp(-1.f)), 1e-6);
  Attributes one = {{"coefficients", Floats{1, -1}}, {"classlabels_ints", Ints{0, 1}}};
  EXPECT_EQ(text("LinearClassifier", {x}, one, 2), "int64[2] [0, 1]; float32[2, 2] [[1, -1], [-4, 4]]");
}

TEST(Features, ScaledNormalizedAndImputed) {
  Tensor x = matrix(2, 2, {3, 4, 0, 0});
  EXPECT_EQ(text("Scaler", {x}, {{"offset", Floats{1, 2}}, {"scale", Floats{2, 0.5f}}}),
            "float32[2, 2] [[4, 1], [-2, -1]]");
  EXPECT_EQ(text("Normalizer", {x}, {{"norm", std::string("L2")}}), "float32[2, 2] [[0.6, 0.8], [0, 0]]");
  EXPECT_EQ(text("Normalizer", {x}, {}), "float32[2, 2] [[0.75, 1], [0, 0]]");
  EXPECT_EQ(text("Binarizer", {x}, {{"threshold", 3.f}}), "float32[2, 2] [[0, 1], [0, 0]]");
  EXPECT_EQ(text("Imputer", {x}, {{"imputed_value_floats", Floats{7, 8}}}), "float32[2, 2] [[3, 4], [7, 8]]");
  EXPECT_EQ(text("FeatureVectorizer", {x, Tensor::of<int64_t>({2, 1}, {5, 6})}, {}),
            "float32[2, 3] [[3, 4, 5], [0, 0, 6]]");
  EXPECT_EQ(text("ArrayFeatureExtractor", {x, Tensor::of<int64_t>({1, 1}, {1})}, {}), "float32[2, 1] [[4], [0]]");
}

TEST(Labels, MappedBothWays) {
  Tensor words = Tensor::of<std::string>({3}, {"b", "a", "z"}), numbers = Tensor::of<int64_t>({3}, {1, 0, 9});
  EXPECT_EQ(text("LabelEncoder", {words}, {{"keys_strings", Strings{"a", "b"}}, {"values_int64s", Ints{10, 20}}}),
            "int64[3] [20, 10, -1]");
  EXPECT_EQ(text("LabelEncoder", {numbers}, {{"classes_strings", Strings{"a", "b"}}}),
            "string[3] [\"b\", \"a\", \"_Unused\"]");
  EXPECT_EQ(text("CategoryMapper", {words}, {{"cats_strings", Strings{"a", "b"}}, {"cats_int64s", Ints{1, 2}}}),
            "int64[3] [2, 1, -1]");
  EXPECT_EQ(text("OneHotEncoder", {numbers}, {{"cats_int64s", Ints{0, 1}}}), "float32[3, 2] [[0, 1], [1, 0], [0, 0]]");
}

TEST(OneHotEncoder, IsAsWideAsTheListOfItsTypeWhenBothAreGiven) {
  const Attributes both = {{"cats_int64s", Ints{0, 1}}, {"cats_strings", Strings{"a"}}};
  EXPECT_EQ(text("OneHotEncoder", {Tensor::of<int64_t>({1}, {1})}, both), "float32[1, 2] [[0, 1]]");
  EXPECT_EQ(text("OneHotEncoder", {Tensor::of<std::string>({1}, {"a"})}, both), "float32[1, 1] [[1]]");
}

TEST(OneHotEncoder, AnUnknownCategoryIsAnErrorWhereZerosIsZero) {
  const Attributes numbers = {{"cats_int64s", Ints{0, 1}}, {"zeros", int64_t{0}}};
  EXPECT_EQ(text("OneHotEncoder", {Tensor::of<int64_t>({2}, {1, 0})}, numbers), "float32[2, 2] [[0, 1], [1, 0]]");
  EXPECT_EQ(
      text("OneHotEncoder", {Tensor::of<int64_t>({2}, {1, 7})}, numbers),
      "ai.onnx.ml.OneHotEncoder node (unnamed): 7 (element 1) is none of the 2 categories, and zeros = 0 allows no "
      "other");
  const Attributes words = {{"cats_strings", Strings{"a"}}, {"zeros", int64_t{0}}};
  EXPECT_NE(text("OneHotEncoder", {Tensor::of<std::string>({1}, {"b"})}, words).find("b (element 0)"),
            std::string::npos);
}

// ai.onnx.ml 4: keys, values and defaults of any of its types as tensors.
TEST(Labels, TensorsOfKeysAndValuesKeepTheirTypes) {
  const Tensor keys = Tensor::of<double>({2}, {0.1, 1e300}), values = Tensor::of<int16_t>({2}, {7, -8});
  const Tensor x = Tensor::of<double>({3}, {1e300, 0.1, static_cast<double>(0.1f)});
  EXPECT_EQ(text("LabelEncoder", {x}, {{"keys_tensor", keys}, {"values_tensor", values}}), "int16[3] [-8, 7, -1]");
  EXPECT_EQ(text("LabelEncoder", {Tensor::of<int32_t>({2}, {5, 6})},
                 {{"keys_tensor", Tensor::of<int32_t>({1}, {5})},
                  {"values_tensor", Tensor::of<double>({1}, {0.1})},
                  {"default_tensor", Tensor::of<double>({1}, {-2.5})}}),
            "float64[2] [0.1, -2.5]");
  EXPECT_EQ(text("LabelEncoder", {Tensor::of<int16_t>({2}, {5, 6})},
                 {{"keys_tensor", Tensor::of<int16_t>({1}, {5})}, {"values_strings", Strings{"five"}}}),
            "string[2] [\"five\", \"_Unused\"]");
  EXPECT_EQ(text("LabelEncoder", {Tensor::of<float>({1}, {5})}, {{"keys_tensor", keys}, {"values_tensor", values}}),
            "ai.onnx.ml.LabelEncoder node (unnamed): x is of float32 and the keys of float64; expected one type");
}

// 0.1 and the float32 next to it stand on two sides of a threshold of doubles.
TEST(Trees, ThresholdsOfDoublesAreNotRounded) {
  Attributes a = {{"nodes_treeids", Ints{0, 0, 0}},
                  {"nodes_nodeids", Ints{0, 1, 2}},
                  {"nodes_featureids", Ints{0, 0, 0}},
                  {"nodes_truenodeids", Ints{1, 0, 0}},
                  {"nodes_falsenodeids", Ints{2, 0, 0}},
                  {"nodes_values_as_tensor", Tensor::of<double>({3}, {0.1, 0, 0})},
                  {"nodes_modes", Strings{"BRANCH_LEQ", "LEAF", "LEAF"}},
                  {"target_treeids", Ints{0, 0}},
                  {"target_nodeids", Ints{1, 2}},
                  {"target_ids", Ints{0, 0}},
                  {"target_weights", Floats{1, 2}}};
  const Tensor x = Tensor::of<double>({3, 1}, {0.1, static_cast<double>(0.1f), 0.1 + 1e-12});
  EXPECT_EQ(text("TreeEnsembleRegressor", {x}, a), "float32[3, 1] [[1], [2], [2]]");
}

}  // namespace
}  // namespace slipway::ops
