// Inference over sizes that no tensor has: an error, whatever the file says.
#include "ops/sizes.h"

#include <gtest/gtest.h>

#include <limits>

#include "ops/all.h"
#include "ops/movement.h"

namespace slipway {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kHuge = int64_t{1} << 48;

struct Case {
  const char* name;
  const char* op_type;
  std::vector<Dims> inputs;                     // float32 graph inputs
  std::vector<std::vector<int64_t>> constants;  // int64 inputs that follow
  Attributes attributes;
  int outputs = 1;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

Status inferred(const Case& c) {
  Graph graph;
  Builder b(graph, all_operators());
  Values inputs;
  for (const Dims& dims : c.inputs) {
    inputs.push_back(graph.add_input("x" + std::to_string(inputs.size()), DType::f32, dims));
  }
  for (const std::vector<int64_t>& values : c.constants) inputs.push_back(b.ints(values));
  b.ops(c.op_type, inputs, c.outputs, c.attributes);
  return b.status();
}

class ImpossibleSizes : public ::testing::TestWithParam<Case> {};

TEST_P(ImpossibleSizes, AreAnError) {
  Status status = inferred(GetParam());
  EXPECT_EQ(status.code(), Code::invalid_argument) << status.to_string();
}

INSTANTIATE_TEST_SUITE_P(
    , ImpossibleSizes,
    ::testing::Values(Case{"TileByTheMost", "Tile", {{kHuge}}, {{kMost}}, {}},
                      Case{"FlattenOfHuge", "Flatten", {{kHuge, kHuge}}, {}, {{"axis", int64_t{2}}}},
                      Case{"ReshapeOfHuge", "Reshape", {{kHuge, kHuge}}, {{-1}}, {}},
                      Case{"ReshapeToHuge", "Reshape", {{4}}, {{kMost, 2, -1}}, {}},
                      Case{"PadByTheMost", "Pad", {{4}}, {{kMost, kMost}}, {}},
                      Case{"PadByTheLeast", "Pad", {{4}}, {{kLeast, kLeast}}, {}},
                      Case{"SplitWithWrappingSum", "Split", {{4}}, {{kMost, kMost, 6}}, {}, 3},
                      Case{"DepthToSpaceOfTheMost", "DepthToSpace", {{1, 4, 2, 2}}, {}, {{"blocksize", kMost}}},
                      Case{"SpaceToDepthOfTheMost", "SpaceToDepth", {{1, 4, 0, 0}}, {}, {{"blocksize", kMost}}},
                      Case{"PoolPadsOfTheMost",
                           "MaxPool",
                           {{1, 1, 4, 4}},
                           {},
                           {{"kernel_shape", std::vector<int64_t>{2, 2}},
                            {"pads", std::vector<int64_t>{kMost, kMost, kMost, kMost}}}},
                      Case{"PoolWindowOfTheMost",
                           "MaxPool",
                           {{1, 1, 4, 4}},
                           {},
                           {{"kernel_shape", std::vector<int64_t>{kMost, 2}},
                            {"dilations", std::vector<int64_t>{kMost, 1}}}},
                      Case{"ConvInGroupsOfTheMost", "Conv", {{1, 4, 4, 4}, {0, 2, 1, 1}}, {}, {{"group", kMost}}}),
    [](const auto& info) { return info.param.name; });

// A shape that is not known yet, of a length that no rank has.
TEST(ImpossibleRanks, AreAnError) {
  for (const char* op_type : {"Reshape", "Expand", "Unsqueeze", "ConstantOfShape"}) {
    Graph graph;
    Builder b(graph, all_operators());
    Values inputs{graph.add_input("x", DType::f32, Dims{4})};
    if (std::string_view(op_type) == "ConstantOfShape") inputs.clear();
    inputs.push_back(graph.add_input("shape", DType::i64, Dims{kHuge}));
    b.op(op_type, inputs);
    EXPECT_EQ(b.status().code(), Code::invalid_argument) << op_type << ": " << b.status().to_string();
  }
}

}  // namespace
}  // namespace slipway
