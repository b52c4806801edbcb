// Every sample of every card with one input of another type or another shape: refused, or answered as rounding allows.
#include <gtest/gtest.h>

#include "support/random_graph.h"
#include "tensor/memory.h"
#include "walks/sample_case.h"

namespace slipway {
namespace {

constexpr DType kTypes[] = {DType::f32, DType::f64, DType::f16,     DType::i64,   DType::i32,
                            DType::u8,  DType::i8,  DType::boolean, DType::string};
const Shape kShapes[] = {{}, {0}, {1}, {3, 2}, {2, 0, 3}, {1, 1, 1, 1, 1}};
constexpr size_t kMostBytes = size_t{1} << 30;  // of one allocation

void expect_no_trouble(walks::Case c, size_t i, Tensor input) {
  c.inputs[i] = std::move(input);
  const RandomGraph strange{walks::graph_of(c), walks::free_inputs(c)};
  EXPECT_EQ(judge(strange).trouble, "") << to_text(strange.graph);
}

TEST(StrangeInputs, OfAnotherTypeAreRefusedOrAnswered) {
  limit_allocations(kMostBytes);
  walks::for_each_case([](const walks::Case& c) {
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const bool numbers = c.inputs[i].defined() && c.inputs[i].dtype() != DType::string;
      for (DType type : kTypes) {
        if (!c.inputs[i].defined() || type == c.inputs[i].dtype()) continue;
        const bool cast = numbers && type != DType::string && is_tensor(c.inputs[i].dtype());
        expect_no_trouble(c, i, cast ? c.inputs[i].cast(type) : Tensor(type, c.inputs[i].shape()));
      }
    }
  });
}

TEST(StrangeInputs, OfAnotherShapeAreRefusedOrAnswered) {
  limit_allocations(kMostBytes);
  walks::for_each_case([](const walks::Case& c) {
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      if (!c.inputs[i].defined() || !is_tensor(c.inputs[i].dtype())) continue;
      for (const Shape& shape : kShapes) expect_no_trouble(c, i, Tensor(c.inputs[i].dtype(), shape));
    }
  });
}

}  // namespace
}  // namespace slipway
