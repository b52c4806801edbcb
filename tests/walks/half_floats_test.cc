// Walk over every operator card: where ONNX has float16 and bfloat16, a card computes with them as in float32 and
// rounds its results once, as ONNX Runtime does.
#include <algorithm>

#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include "formats/onnx.h"
#include "onnx_runtime_limits.h"
#include "peer_walk.h"

namespace slipway::walks {
namespace {

constexpr int kNewestSchema = 17;  // of libonnx 1.12

// Whether ONNX lets input i be float16. What came after libonnx 1.12 does for every float of the data's type.
bool takes_float16(const Operator& card, size_t i) {
  const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(card.name, kNewestSchema, card.domain);
  if (schema == nullptr || std::string(card.name) == "Range") return true;  // Range does since opset 27
  const auto& formal = schema->inputs();
  return std::ranges::any_of(formal[std::min(i, formal.size() - 1)].GetTypes(),
                             [](const std::string* type) { return *type == "tensor(float16)"; });
}

// The sample with float32 inputs in `floats` where ONNX has that; nullopt when it has none.
std::optional<Sample> in_floats(const Operator& card, const Sample& sample, DType floats) {
  Sample out = sample;
  bool any = false;
  for (size_t i = 0; i < out.inputs.size(); ++i) {
    Sample::Input& input = out.inputs[i];
    if (!is_float_input(input) || !takes_float16(card, i)) continue;
    input.type.dtype = floats;
    if (input.value.defined()) input.value = input.value.cast(floats);
    any = true;
  }
  return any ? std::optional(out) : std::nullopt;
}

// f(where, case) for every sample of ONNX's default domain that has inputs of this type.
template <typename F>
void for_each_half_case(DType floats, F&& f) {
  for (const Operator* card : all_operators().all()) {
    if (*card->domain != 0 || card->samples == nullptr || card->cpu == nullptr || !card->deterministic) continue;
    std::vector<Sample> samples = card->samples();
    for (size_t i = 0; i < samples.size(); ++i) {
      std::optional<Sample> sample = in_floats(*card, samples[i], floats);
      if (!sample) continue;
      const std::string where = fmt::format("{} sample {} in {}", card->name, i, dtype_name(floats));
      Result<Case> c = make_case(*card, *sample, 17 + i);
      EXPECT_TRUE(c.ok()) << where << ": " << c.status().to_string();
      if (c.ok()) f(where, *c);
    }
  }
}

std::vector<Tensor> outputs_of(const Case& c, const Kernel& kernel) {
  std::vector<Tensor> guarded = run(c, kernel, 0), outputs;
  for (size_t j = 0; j < guarded.size(); ++j) {
    outputs.emplace_back(c.out_types[j].dtype, c.out_types[j].shape);
    std::memcpy(outputs[j].mutable_raw(), guarded[j].raw(), c.out_types[j].bytes());
  }
  return outputs;
}

// The same numbers in float32.
Case widened(const Case& c, DType floats) {
  Case wide = c;
  for (size_t i = 0; i < wide.inputs.size(); ++i) {
    if (wide.inputs[i].dtype() != floats) continue;
    wide.inputs[i] = wide.inputs[i].cast(DType::f32);
    wide.in_types[i].dtype = DType::f32;
  }
  for (TensorType& type : wide.out_types) {
    if (type.dtype == floats) type.dtype = DType::f32;
  }
  return wide;
}

class HalfFloats : public ::testing::TestWithParam<DType> {};

TEST_P(HalfFloats, AreComputedInFloat32AndRoundedOnce) {
  const double step = GetParam() == DType::f16 ? 0x1p-10 : 0x1p-7;
  int asked = 0;
  for_each_half_case(GetParam(), [&](const std::string& where, const Case& c) {
    ++asked;
    Result<Kernel> kernel = prepare(c);
    ASSERT_TRUE(kernel.ok()) << where << ": " << kernel.status().to_string();
    Case wide = widened(c, GetParam());
    Result<Kernel> exact = prepare(wide);
    ASSERT_TRUE(exact.ok()) << where << ": " << exact.status().to_string();
    std::vector<Tensor> ours = outputs_of(c, *kernel), expected = outputs_of(wide, *exact);
    for (size_t j = 0; j < ours.size(); ++j) {
      if (!is_float(ours[j].dtype())) continue;  // an index may differ where rounding makes a tie
      auto apart = compare(ours[j].cast(DType::f32), expected[j].cast(DType::f32), step, 1e-5);
      ASSERT_TRUE(apart.ok()) << where << ": " << apart.status().to_string();
      EXPECT_EQ(apart->outside, 0) << where << " output " << j << ": " << to_string(ours[j]) << "; expected "
                                   << to_string(expected[j]);
    }
  });
  EXPECT_GT(asked, 150);
}

INSTANTIATE_TEST_SUITE_P(Types, HalfFloats, ::testing::Values(DType::f16, DType::bf16),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

Tensor drawn(Shape shape, uint64_t seed, DType dtype, double low = -0.5) {
  Sample::Input input{.type = {DType::f32, std::move(shape)}, .low = low, .high = 0.5};
  Random random(seed);
  return draw(input, random).cast(DType::f16).cast(dtype);
}

// A small network whose convolutions every fusion and layout rewrite may take up.
Graph network(DType dtype) {
  Graph g;
  Builder b(g, all_operators());
  uint64_t seed = 1;
  auto weight = [&](Shape shape, double low = -0.5) {
    return b.constant(drawn(std::move(shape), seed++, dtype, low), "w");
  };
  const Attributes same = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}};
  ValueId x = g.add_input("x", dtype, Dims{Dim::named("n"), 3, 12, 12});
  ValueId y = b.op("Conv", {x, weight({16, 3, 3, 3}), weight({16})}, same);
  y = b.op("BatchNormalization", {y, weight({16}), weight({16}), weight({16}), weight({16}, 0.1)});
  y = b.op("MaxPool", {b.op("Relu", {y})}, {{"kernel_shape", std::vector<int64_t>{2, 2}}});
  ValueId z = b.op("Conv", {y, weight({16, 16, 3, 3}), weight({16})}, same);
  y = b.op("Clip", {b.add(y, z), b.constant(drawn({}, 90, dtype)), b.constant(Tensor::scalar(6.f).cast(dtype), "six")});
  y = b.op("Flatten", {b.op("GlobalAveragePool", {y})});
  y = b.op("Gemm", {y, weight({16, 5}), weight({5})});
  g.outputs = {b.op("Softmax", {y})};
  EXPECT_TRUE(b.status().ok()) << b.status().to_string();
  return g;
}

TEST_P(HalfFloats, WholeNetworksAreOptimizedAndRun) {
  Result<std::unique_ptr<Session>> exact = Session::create(network(DType::f32)),
                                   half = Session::create(network(GetParam()));
  ASSERT_TRUE(exact.ok() && half.ok()) << half.status().to_string();
  for (int64_t rows : {1, 3}) {
    Tensor x = drawn({rows, 3, 12, 12}, 7, DType::f32);
    auto expected = (*exact)->run(std::vector<Tensor>{x}),
         found = (*half)->run(std::vector<Tensor>{x.cast(GetParam())});
    ASSERT_TRUE(expected.ok()) << expected.status().to_string();
    ASSERT_TRUE(found.ok()) << found.status().to_string();
    EXPECT_EQ((*found)[0].dtype(), GetParam());
    const double tolerance = GetParam() == DType::f16 ? 4e-3 : 3e-2;
    EXPECT_EQ(compare((*found)[0].cast(DType::f32), (*expected)[0], 0, tolerance)->outside, 0)
        << to_string((*found)[0]) << "; expected " << to_string((*expected)[0]);
  }
}

TEST(HalfFloatPeers, AnswersAsOnnxRuntimeDoes) {
  PeerWalk walk;
  WriteOptions options;
  options.opset = 21;
  for_each_half_case(DType::f16, [&](const std::string& where, const Case& c) {
    if (runtime_differs(where, static_cast<int>(options.opset))) return;
    Graph graph = graph_of(c);
    if (!infer_types(graph).ok()) return;
    Result<std::string> bytes = write_onnx(graph, options);
    if (!bytes.ok()) return;
    std::optional<std::vector<Tensor>> expected = own_answers(graph, c);
    ASSERT_TRUE(expected) << where;
    walk.add(where, graph, free_inputs(c), std::move(*bytes), std::move(*expected));
  });
  Result<PeerAnswers> answers = run_all_in_onnx_runtime(walk.jobs());
  if (answers.status().code() == Code::unavailable) GTEST_SKIP() << answers.status().message();
  ASSERT_TRUE(answers.ok()) << answers.status().to_string();
  int answered = 0;
  for (const auto& answer : *answers) answered += answer.ok() ? 1 : 0;
  RecordProperty("answered", answered);
  walk.judge(*answers, [](const std::string&, const std::string& message) { return runtime_lacks_kernel(message); });
  EXPECT_GT(answered, 100);
}

}  // namespace
}  // namespace slipway::walks
