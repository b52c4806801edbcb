// Walk over every operator card: ONNX of old and new opsets says it, the checker is content and the numbers stay, or
// the refusal says why not.
#include <algorithm>

#include <gtest/gtest.h>

#include "convert/verify.h"
#include "sample_case.h"
#include "support/onnx_text.h"

namespace slipway::walks {
namespace {

void expect_same_numbers(const Case& c, const Graph& graph, const std::string& bytes) {
  Result<Graph> back = read_onnx(bytes);
  ASSERT_TRUE(back.ok()) << back.status().to_string();
  if (has_strings(c)) return;
  VerifyOptions options;
  options.data = {free_inputs(c)};
  Result<VerifyReport> report = verify_conversion(graph, *back, options);
  ASSERT_TRUE(report.ok()) << report.status().to_string() << "\n" << to_text(graph) << to_text(*back);
  for (const OutputDifference& output : report->outputs) {
    EXPECT_EQ(output.mismatched_nan, 0) << to_text(*back);
    EXPECT_LE(output.max_absolute, 1e-5 * std::max(1.0, output.largest)) << to_text(*back);
  }
}

class OnnxWalk : public ::testing::TestWithParam<int> {};

TEST_P(OnnxWalk, EveryCardRoundTripsOrIsRefusedWithAReason) {
  int said = 0;
  WriteOptions options;
  options.opset = GetParam();
  for_each_case([&](const Case& c) {
    if (!c.card->deterministic) return;
    Graph graph = graph_of(c);
    ASSERT_TRUE(infer_types(graph).ok());
    Result<std::string> bytes = write_onnx(graph, options);
    if (bytes.ok()) {
      ++said;
      EXPECT_NE(std::string_view(c.card->domain), "slipway");
      const bool newer_ml = std::string_view(c.card->domain) == "ai.onnx.ml" && c.card->since > 3;
      if (options.opset <= 17 && !newer_ml) {  // what libonnx 1.12 has schemas of
        EXPECT_EQ(testing::checker_complaint(*bytes), "");
      }
      expect_same_numbers(c, graph, *bytes);
      return;
    }
    EXPECT_EQ(bytes.status().code(), Code::unimplemented) << bytes.status().to_string();
    // Names the node, or the one it was lowered to that the opset refuses, whose name begins with its own.
    EXPECT_NE(bytes.status().message().find(" node \"" + graph.nodes()[0].name), std::string::npos)
        << bytes.status().message();
    bool expected = std::string_view(c.card->domain) == "slipway" || options.opset < std::max(21, c.card->since);
    EXPECT_TRUE(expected) << bytes.status().message();
  });
  EXPECT_GT(said, 100);
}

INSTANTIATE_TEST_SUITE_P(Opsets, OnnxWalk, ::testing::Values(9, 11, 13, 15, 17, 21));

}  // namespace
}  // namespace slipway::walks
