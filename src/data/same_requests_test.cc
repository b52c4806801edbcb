// Whether a model takes what another one's clients send.
#include "data/same_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using ::testing::HasSubstr;

Graph with_inputs(const std::vector<std::pair<std::string, Dims>>& inputs, DType dtype = DType::f32) {
  Graph graph;
  for (const auto& [name, dims] : inputs) graph.add_input(name, dtype, dims);
  return graph;
}

const Dim kBatch = Dim::named("batch");

TEST(SameRequests, OneTensorMayBeCalledOtherwise) {
  const Graph served = with_inputs({{"input_1", {kBatch, Dim(4)}}});
  EXPECT_EQ(other_requests(served, with_inputs({{"x", {Dim::named("n"), Dim(4)}}})), "");
  EXPECT_EQ(other_requests(served, with_inputs({{"x", {kBatch, Dim::named("any")}}})), "");
  EXPECT_EQ(other_requests(served, with_inputs({{"x", {kBatch, Dim(5)}}})),
            "it takes x float32[batch, 5]; that one input_1 float32[batch, 4]");
  EXPECT_NE(other_requests(served, with_inputs({{"x", {kBatch, Dim(4)}}}, DType::i64)), "");
}

TEST(SameRequests, SeveralAreToldByTheirNames) {
  const Graph served = with_inputs({{"ids", {kBatch, Dim(8)}}, {"mask", {kBatch, Dim(8)}}});
  EXPECT_EQ(other_requests(served, served), "");
  EXPECT_THAT(other_requests(served, with_inputs({{"ids", {kBatch, Dim(8)}}, {"types", {kBatch, Dim(8)}}})),
              HasSubstr("\"types\" is new to it"));
  EXPECT_NE(other_requests(served, with_inputs({{"ids", {kBatch, Dim(8)}}})), "") << "tensors too many are refused";
}

}  // namespace
}  // namespace slipway
