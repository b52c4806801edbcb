// Tensors: sharing, conversion, comparison, printing.
#include "tensor/tensor.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "tensor/raw.h"

namespace slipway {
namespace {

TEST(Tensor, CopiesShareAndClonesDoNot) {
  Tensor a = Tensor::of<float>({2, 2}, {1, 2, 3, 4});
  Tensor shared = a;
  Tensor clone = a.clone();
  a.mutable_data<float>()[0] = 9;
  EXPECT_EQ(shared.data<float>()[0], 9);
  EXPECT_EQ(clone.data<float>()[0], 1);
}

// Around the size from which on memory lies in large pages.
TEST(Tensor, MemoryOfEverySizeIsAlignedAndWhole) {
  for (size_t size : {size_t{1}, (size_t{4} << 20) - 1, size_t{4} << 20, (size_t{4} << 20) + 1, size_t{9} << 20}) {
    std::shared_ptr<std::byte> bytes = allocate_bytes(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.get()) % 64, 0u) << size;
    std::memset(bytes.get(), 7, size);
    EXPECT_EQ(std::to_integer<int>(bytes.get()[size - 1]), 7) << size;
  }
}

TEST(Tensor, RowsAreAViewOfDimensionZero) {
  Tensor a = Tensor::of<int64_t>({3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(to_string(a.rows(1, 3)), "int64[2, 2] [[3, 4], [5, 6]]");
}

TEST(Tensor, HalfRoundsToNearestEvenAndKeepsEveryValue) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    Half h{static_cast<uint16_t>(bits)};
    float x = to_float(h);
    if (std::isnan(x)) continue;
    EXPECT_EQ(to_half(x).bits, bits) << x;
  }
  EXPECT_EQ(to_half(65520.f).bits, 0x7C00);
  EXPECT_EQ(to_half(1.f + 0x1p-11f).bits, 0x3C00);
  EXPECT_EQ(to_half(1.f + 0x3p-11f).bits, 0x3C02);
}

TEST(Tensor, CompareCountsWhatIsOutside) {
  Tensor a = Tensor::of<float>({3}, {1, 2, NAN});
  Tensor b = Tensor::of<float>({3}, {1, 2.1f, NAN});
  Result<Difference> d = compare(a, b, 1e-3, 0);
  ASSERT_TRUE(d.ok());
  EXPECT_EQ(d->outside, 1);
  EXPECT_EQ(d->where, 1);
  EXPECT_EQ(compare(a, b.reshaped({1, 3}), 1, 1).status().message(), "expected float32[1, 3], found float32[3]");
}

TEST(Tensor, PrintsFewEmptyListsOfMany) {
  EXPECT_EQ(to_string(Tensor(DType::f32, {2, 0})), "float32[2, 0] [[], []]");
  EXPECT_EQ(to_string(Tensor(DType::f32, {int64_t{1} << 40, 0}), 2), "float32[1099511627776, 0] [[], [], ...]");
}

TEST(Tensor, AnyByteButZeroIsTrue) {
  Tensor t = tensor_from_raw(DType::boolean, {4}, std::string_view("\x00\x01\x02\xFF", 4));
  EXPECT_TRUE(identical(t, Tensor::of<bool>({4}, {false, true, true, true})));
}

TEST(Shape, CheckedCountBoundsWhatStridesMultiply) {
  constexpr int64_t kHuge = int64_t{1} << 40;
  EXPECT_EQ(checked_count(Shape{3, 0, 4}).value(), 0);
  EXPECT_EQ(checked_count(Shape{}).value(), 1);
  EXPECT_FALSE(checked_count(Shape{kHuge, kHuge}).ok());
  EXPECT_FALSE(checked_count(Shape{0, kHuge, kHuge}).ok());
  EXPECT_FALSE(checked_count(Shape{kHuge, kHuge, 0}).ok());
  EXPECT_FALSE(checked_count(Shape{0, -1}).ok());
}

TEST(Shape, BroadcastNamesWhatDoesNotFit) {
  Result<Shape> shape = broadcast(Shape{2, 1, 4}, Shape{3, 1});
  ASSERT_TRUE(shape.ok());
  EXPECT_EQ(*shape, (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast(Shape{2, 3}, Shape{2}).status().message(),
            "shapes [2, 3] and [2] do not broadcast: 3 against 2 in dimension -1");
}

TEST(Shape, AZeroDoesNotHideSizesThatOverflow) {
  constexpr int64_t kHuge = int64_t{1} << 40;
  EXPECT_EQ(*checked_count(Shape{0, 3, kHuge}), 0);
  EXPECT_EQ(*checked_count(Shape{2, 3, 4}), 24);
  for (const Shape& shape :
       {Shape{0, kHuge, kHuge}, Shape{kHuge, kHuge, 0}, Shape{kHuge, 0, kHuge}, Shape{kHuge, kHuge}}) {
    EXPECT_FALSE(checked_count(shape).ok()) << to_string(shape);
  }
  EXPECT_FALSE(checked_count(Shape{2, -1}).ok());
}

}  // namespace
}  // namespace slipway
