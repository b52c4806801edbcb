// Tests of the LSTM over constant weights against the general one.
#include "kernels/lstm.h"

#include <gtest/gtest.h>

#include "support/run_nodes.h"

namespace slipway::kernels {
namespace {

struct Case {
  int64_t steps, batch, input, hidden, directions;
  bool reverse, batch_first, biases, states;
  std::vector<int32_t> lengths;
};

std::vector<Tensor> run(const Primitive& primitive, const std::vector<Tensor>& inputs, std::vector<Tensor> outputs) {
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const Tensor& t : inputs) in.push_back(t.defined() ? t.raw() : nullptr);
  for (Tensor& t : outputs) out.push_back(t.mutable_raw());
  out.resize(5, nullptr);  // no tape
  std::shared_ptr<std::byte> scratch = allocate_bytes(primitive.scratch_bytes());
  primitive.run(primitive.make_instance().get(), in.data(), out.data(), scratch.get());
  return outputs;
}

void expect_same(const Case& c) {
  const int64_t width = 4 * c.hidden, states = c.batch * c.directions;
  const Tensor w = random_floats({c.directions, width, c.input}, 1),
               r = random_floats({c.directions, width, c.hidden}, 2);
  std::vector<Tensor> inputs(8);
  inputs[0] = random_floats({c.steps, c.batch, c.input}, 3);
  inputs[1] = w;
  inputs[2] = r;
  if (c.biases) inputs[3] = random_floats({c.directions, 2 * width}, 4);
  if (!c.lengths.empty()) inputs[4] = Tensor::of<int32_t>({c.batch}, c.lengths);
  if (c.states) inputs[5] = random_floats({states, c.hidden}, 5);
  if (c.states) inputs[6] = random_floats({states, c.hidden}, 6);
  auto outputs = [&] {
    return std::vector<Tensor>{Tensor(DType::f32, {c.steps, states, c.hidden}), Tensor(DType::f32, {states, c.hidden}),
                               Tensor(DType::f32, {states, c.hidden})};
  };
  RecurrentSpec spec{.steps = c.steps,
                     .batch = c.batch,
                     .input = c.input,
                     .hidden = c.hidden,
                     .directions = c.directions,
                     .reverse = c.reverse,
                     .batch_first = c.batch_first};
  for (int64_t d = 0; d < c.directions; ++d) {
    spec.gates.insert(spec.gates.end(), {{GateFunction::sigmoid}, {GateFunction::tanh}, {GateFunction::tanh}});
  }
  auto pack = [](const Tensor&, const std::string&, const std::function<Tensor()>& make) { return make(); };
  ASSERT_FALSE(plain_lstm(spec));
  Result<std::shared_ptr<const Primitive>> general = make_recurrent(spec, pack);
  spec.constant_w = &w;
  spec.constant_r = &r;
  ASSERT_TRUE(plain_lstm(spec));
  Result<std::shared_ptr<const Primitive>> fast = make_lstm(spec, pack);
  ASSERT_TRUE(general.ok() && fast.ok());
  std::vector<Tensor> expected = run(**general, inputs, outputs()), found = run(**fast, inputs, outputs());
  for (size_t i = 0; i < expected.size(); ++i) {
    Result<Difference> d = compare(found[i], expected[i], 1e-4, 1e-5);
    ASSERT_TRUE(d.ok());
    EXPECT_EQ(d->outside, 0) << "output " << i << ": " << d->max_absolute;
  }
}

TEST(Lstm, IsTheGeneralOneWhateverTheShape) {
  for (int64_t batch : {1, 2, 3, 5, 6, 7, 8, 13}) {
    for (int64_t hidden : {1, 5, 16, 37}) {
      SCOPED_TRACE(testing::Message() << "batch " << batch << ", hidden " << hidden);
      expect_same({4, batch, 3, hidden, 1, false, false, true, true, {}});
    }
  }
}

TEST(Lstm, IsTheGeneralOneInEveryDirectionAndLayout) {
  for (bool batch_first : {false, true}) {
    expect_same({5, 3, 4, 20, 1, true, batch_first, true, false, {}});
    expect_same({5, 3, 4, 20, 2, false, batch_first, false, true, {}});
    expect_same({5, 3, 4, 20, 2, false, batch_first, true, true, {5, 0, 3}});
    expect_same({5, 3, 4, 20, 1, true, batch_first, true, true, {2, 7, 1}});
  }
}

TEST(Lstm, IsTheGeneralOneOnSeveralThreads) { expect_same({7, 4, 8, 200, 1, false, false, true, true, {}}); }

}  // namespace
}  // namespace slipway::kernels
