// Tests of dimension reordering.
#include "tensor/permute.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Permute, MovesElementsLikeNumPy) {
  Tensor x = Tensor::of<int32_t>({1, 2, 3}, {0, 1, 2, 3, 4, 5});
  const std::vector<int64_t> p{2, 0, 1};
  Tensor y = permuted(x, p);
  EXPECT_TRUE(identical(y, Tensor::of<int32_t>({3, 1, 2}, {0, 3, 1, 4, 2, 5}))) << to_string(y);
  EXPECT_TRUE(identical(permuted(y, inverse_permutation(p)), x));
}

TEST(Permute, ScalarAndEmptyStayThemselves) {
  EXPECT_TRUE(identical(permuted(Tensor::scalar(3.f), std::vector<int64_t>{}), Tensor::scalar(3.f)));
  Tensor empty(DType::i8, {0, 2});
  EXPECT_EQ(permuted(empty, std::vector<int64_t>{1, 0}).shape(), (Shape{2, 0}));
}

TEST(Permute, KnowsAPermutation) {
  EXPECT_TRUE(is_permutation(std::vector<int64_t>{1, 0}));
  EXPECT_FALSE(is_permutation(std::vector<int64_t>{1, 1}));
  EXPECT_FALSE(is_permutation(std::vector<int64_t>{0, 2}));
}

}  // namespace
}  // namespace slipway
