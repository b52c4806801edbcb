// Walk over every operator card: TensorFlow Lite says it and gives the same numbers, or the refusal says why not.
#include <algorithm>

#include <gtest/gtest.h>

#include "convert/tflite_lowering.h"
#include "convert/verify.h"
#include "sample_case.h"

namespace slipway::walks {
namespace {

void expect_same_numbers(const Case& c, const Graph& graph, const TfliteModel& model) {
  Result<std::string> bytes = write_tflite(model);
  ASSERT_TRUE(bytes.ok()) << bytes.status().to_string();
  Result<Graph> back = read_tflite(*bytes);
  ASSERT_TRUE(back.ok()) << back.status().to_string() << "\n" << to_text(model.graph);
  VerifyOptions options;
  options.data = {free_inputs(c)};
  Result<VerifyReport> report = verify_conversion(graph, *back, options);
  ASSERT_TRUE(report.ok()) << report.status().to_string() << "\n" << to_text(model.graph) << to_text(*back);
  for (const OutputDifference& output : report->outputs) {
    EXPECT_EQ(output.mismatched_nan, 0) << to_text(*back);
    EXPECT_LE(output.max_absolute, 1e-5 * std::max(1.0, output.largest)) << to_text(*back);
  }
}

TEST(Tflite, EveryCardRoundTripsOrIsRefusedWithAReason) {
  int said = 0, refused = 0;
  for_each_case([&](const Case& c) {
    if (has_strings(c) || !c.card->deterministic) return;
    Graph graph = graph_of(c);
    ASSERT_TRUE(infer_types(graph).ok());
    Result<TfliteModel> model = lower_to_tflite(graph);
    if (model.ok()) {
      ++said;
      expect_same_numbers(c, graph, *model);
      return;
    }
    ++refused;
    EXPECT_EQ(model.status().code(), Code::unimplemented) << model.status().to_string();
    std::string prefix = "node \"n\": ";
    size_t at = model.status().message().find(prefix);
    ASSERT_NE(at, std::string::npos) << model.status().message();
    EXPECT_GT(model.status().message().size(), at + prefix.size() + 10) << "no reason";
  });
  RecordProperty("said", said);
  RecordProperty("refused", refused);
  EXPECT_GT(said, 100);
}

}  // namespace
}  // namespace slipway::walks
