// Walk over every operator card, in other types, ranks and sizes too: what is written as .tflite runs in TensorFlow
// Lite with the same answers, or is refused with a reason.
#include <algorithm>

#include <gtest/gtest.h>

#include "convert/tflite_lowering.h"
#include "peer_walk.h"

namespace slipway::walks {
namespace {

// The build for JavaScript carries no halves in and out.
bool has_halves(const Case& c) {
  auto half = [](const TensorType& type) { return type.dtype == DType::f16; };
  return std::any_of(c.in_types.begin(), c.in_types.end(), half) ||
         std::any_of(c.out_types.begin(), c.out_types.end(), half);
}

TEST(TfliteRuntime, RunsWhatIsWrittenWithTheSameAnswers) {
  PeerWalk walk;
  int refused = 0;
  for_each_variant(true, [&](const std::string& where, const Case& c) {
    if (has_strings(c)) return;
    Graph whole = graph_of(c);
    if (!infer_types(whole).ok()) return;
    Graph graph = narrowed(whole);
    if (!infer_types(graph).ok()) return;
    Result<TfliteModel> model = lower_to_tflite(graph);
    Result<std::string> bytes = model.ok() ? write_tflite(*model) : Result<std::string>(model.status());
    if (!bytes.ok()) {
      ++refused;
      EXPECT_EQ(bytes.status().code(), Code::unimplemented) << where << ": " << bytes.status().to_string();
      return;
    }
    std::optional<std::vector<Tensor>> expected = own_answers(whole, c);
    if (expected && !has_halves(c))
      walk.add(where, graph, narrowed(free_inputs(c)), std::move(*bytes), narrowed(std::move(*expected)));
  });
  RecordProperty("said", static_cast<int>(walk.jobs().size()));
  RecordProperty("refused", refused);
  Result<PeerAnswers> answers = run_all_in_tflite(walk.jobs());
  if (answers.status().code() == Code::unavailable) GTEST_SKIP() << answers.status().message();
  ASSERT_TRUE(answers.ok()) << answers.status().to_string();
  walk.judge(*answers, [](const std::string&, const std::string&) { return false; });
  EXPECT_GT(walk.jobs().size(), 500u);
}

}  // namespace
}  // namespace slipway::walks
