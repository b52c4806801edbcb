// Walk over every operator card: ONNX of every opset loads in ONNX Runtime with the same answers, or is refused with a
// reason.
#include <gtest/gtest.h>

#include "formats/onnx.h"
#include "onnx_runtime_limits.h"
#include "peer_walk.h"

namespace slipway::walks {
namespace {

class OnnxRuntime : public ::testing::TestWithParam<int> {};

TEST_P(OnnxRuntime, RunsWhatIsWrittenWithTheSameAnswers) {
  PeerWalk walk;
  WriteOptions options;
  options.opset = GetParam();
  for_each_variant(false, [&](const std::string& where, const Case& c) {
    if (has_strings(c) || runtime_differs(where, GetParam())) return;
    Graph graph = graph_of(c);
    if (!infer_types(graph).ok()) return;
    Result<std::string> bytes = write_onnx(graph, options);
    if (!bytes.ok()) return;
    std::optional<std::vector<Tensor>> expected = own_answers(graph, c);
    if (expected) walk.add(where, graph, free_inputs(c), std::move(*bytes), std::move(*expected));
  });
  RecordProperty("said", static_cast<int>(walk.jobs().size()));
  Result<PeerAnswers> answers = run_all_in_onnx_runtime(walk.jobs());
  if (answers.status().code() == Code::unavailable) GTEST_SKIP() << answers.status().message();
  ASSERT_TRUE(answers.ok()) << answers.status().to_string();
  walk.judge(*answers, [](const std::string&, const std::string& message) { return runtime_lacks_kernel(message); });
  EXPECT_GT(walk.jobs().size(), 100u);
}

INSTANTIATE_TEST_SUITE_P(Opsets, OnnxRuntime, ::testing::Values(9, 11, 13, 15, 17, 18, 19, 20, 21, 24));

}  // namespace
}  // namespace slipway::walks
