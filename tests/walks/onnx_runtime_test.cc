// Walk over every operator card: ONNX of every opset loads in ONNX Runtime with the same answers, or is refused with a
// reason.
#include <algorithm>

#include <gtest/gtest.h>

#include "formats/onnx.h"
#include "kernels/widened_int8.h"
#include "peer_walk.h"

namespace slipway::walks {
namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// The file is right, but this runtime has no kernel for such types.
bool has_no_kernel(const std::string&, const std::string& message) {
  return contains(message, "layout_ == 0") || contains(message, "NOT_IMPLEMENTED") ||
         contains(message, "Could not find an implementation");
}

// What ONNX has and this runtime refuses, or answers by chance or otherwise; by the sample's name.
struct Limit {
  std::string_view sample, why;
};
constexpr Limit kLimits[] = {
    {"Dropout", "drops at random"},
    {"LRN sample 1", "an even size"},
    {"Mod sample 1", "floats without fmod"},
    {"Mod sample 2", "floats without fmod"},
    {"ai.onnx.ml.FeatureVectorizer", "inputs of several types"},
    {"ai.onnx.ml.Scaler", "one offset for all features"},
    {"ai.onnx.ml.ZipMap", "its results do not reach JavaScript"},
    {"ai.onnx.preview.training", "not built in"},
    {"slipway.data", "operators of our own"},
    {"MaxUnpool sample 1", "other numbers"},
    {"Resize sample 3", "antialiasing at borders"},
};
// Its 8-bit products, like oneDNN's, saturate in 16 bits on processors without VNNI (its own advice: reduce_range).
// Ours are exact there (MatMulInteger.IsExact, ConvInteger.IsExact… hold them to the definition).
constexpr std::string_view kSaturating[] = {"ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul"};

bool is_limit(const std::string& where) {
  auto begins = [&](std::string_view sample) { return where.starts_with(sample); };
  if (!kernels::sums_bytes_exactly() && std::ranges::any_of(kSaturating, begins)) return true;
  return std::ranges::any_of(kLimits, begins, &Limit::sample);
}

class OnnxRuntime : public ::testing::TestWithParam<int> {};

TEST_P(OnnxRuntime, RunsWhatIsWrittenWithTheSameAnswers) {
  PeerWalk walk;
  WriteOptions options;
  options.opset = GetParam();
  for_each_variant(false, [&](const std::string& where, const Case& c) {
    if (has_strings(c) || is_limit(where)) return;
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
  walk.judge(*answers, has_no_kernel);
  EXPECT_GT(walk.jobs().size(), 100u);
}

INSTANTIATE_TEST_SUITE_P(Opsets, OnnxRuntime, ::testing::Values(9, 11, 13, 15, 17, 18, 19, 20, 21, 24));

}  // namespace
}  // namespace slipway::walks
