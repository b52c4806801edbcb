// Strided copies against single steps.
#include "kernels/strided_copy.h"

#include <numeric>

#include <gtest/gtest.h>

#include "base/random.h"
#include "tensor/tensor.h"

namespace slipway::kernels {
namespace {

// Copies element by element, one dimension of recursion at a time.
template <typename T>
void copy_plainly(const StridedCopy& p, int d, const T* x, T* y) {
  if (d == p.rank) {
    *y = *x;
    return;
  }
  for (int64_t i = 0; i < p.size[d]; ++i) copy_plainly(p, d + 1, x + i * p.in_stride[d], y + i * p.out_stride[d]);
}

template <typename T>
void expect_same(const StridedCopy& p, int64_t in, int64_t out, int threads) {
  std::vector<T> x(static_cast<size_t>(in)), found(static_cast<size_t>(out)), expected(static_cast<size_t>(out));
  std::iota(x.begin(), x.end(), T{1});
  strided_copy(p, dtype_of<T>, x.data(), found.data(), threads);
  copy_plainly(p, 0, x.data() + p.in_offset, expected.data() + p.out_offset);
  EXPECT_EQ(found, expected) << "element size " << sizeof(T) << ", " << threads << " threads";
}

// Two to four planes woven into one run, in several pictures, on one thread and on two.
TEST(StridedCopy, PlanesWovenIntoOneRun) {
  for (int64_t planes : {2, 3, 4}) {
    for (int64_t size : {32, 100, 1013, 40000}) {
      StridedCopy p;
      p.push(2, planes * size, planes * size);
      p.push(size, 1, planes);
      p.push(planes, size, 1);
      for (int threads : {1, 2}) {
        expect_same<uint8_t>(p, 2 * planes * size, 2 * planes * size, threads);
        expect_same<float>(p, 2 * planes * size, 2 * planes * size, threads);
      }
    }
  }
}

// Rows of up to 64 bytes, each of one piece, further apart on one side or both.
TEST(StridedCopy, ShortRows) {
  for (int64_t row : {1, 2, 3, 5, 8, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65}) {
    StridedCopy p;
    p.push(3, 41 * (row + 2), 41 * (row + 3));
    p.push(40, row + 2, row + 3);
    p.push(row, 1, 1);
    for (int threads : {1, 2}) {
      expect_same<uint8_t>(p, 3 * 41 * (row + 2), 3 * 41 * (row + 3), threads);
      expect_same<float>(p, 3 * 41 * (row + 2), 3 * 41 * (row + 3), threads);
    }
  }
  StridedCopy many;
  many.push(70000, 7, 9);
  many.push(7, 1, 1);
  for (int threads : {1, 2, 3}) expect_same<uint8_t>(many, 70000 * 7, 70000 * 9, threads);
}

// Permutations of random boxes, some of their dimensions stretched or reversed.
TEST(StridedCopy, AnyOrderOfAnyBox) {
  Random random(29);
  for (int round = 0; round < 300; ++round) {
    int rank = 1 + static_cast<int>(random.below(4));
    Shape x(static_cast<size_t>(rank));
    for (int64_t& size : x) size = 1 + static_cast<int64_t>(random.below(rank < 3 ? 150 : 20));
    Shape strides = row_major_strides(x);
    std::vector<uint32_t> order = permutation(static_cast<uint32_t>(rank), random);
    StridedCopy p;
    for (uint32_t d : order) p.push(x[d], strides[d], 0);
    int64_t out = 1;
    for (int d = rank; d-- > 0;) {
      p.out_stride[d] = out;
      out *= p.size[d];
    }
    auto turned = static_cast<size_t>(random.below(static_cast<uint64_t>(rank)));
    if (random.below(3) == 0) {
      p.in_offset = (p.size[turned] - 1) * p.in_stride[turned];
      p.in_stride[turned] = -p.in_stride[turned];
    } else if (random.below(4) == 0) {
      p.in_stride[turned] = 0;
    }
    int64_t in = element_count(x);
    int threads = 1 + static_cast<int>(random.below(3));
    expect_same<uint8_t>(p, in, out, threads);
    expect_same<uint16_t>(p, in, out, threads);
    expect_same<float>(p, in, out, threads);
    expect_same<int64_t>(p, in, out, threads);
  }
}

TEST(StridedCopy, SimplifyJoinsWhatStepsAsOne) {
  StridedCopy p = contiguous_copy(Shape{2, 1, 3, 4});
  p.simplify();
  EXPECT_EQ(p.rank, 1);
  EXPECT_EQ(p.size[0], 24);
}

TEST(StridedCopy, NothingToCopy) {
  StridedCopy p = contiguous_copy(Shape{3, 0, 2});
  strided_copy(p, DType::f32, nullptr, nullptr, 2);
}

}  // namespace
}  // namespace slipway::kernels
