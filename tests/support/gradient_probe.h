// The gradient of a loss by a weight, against central differences.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "ops/all.h"
#include "rewrite/autodiff.h"
#include "runtime/session.h"
#include "train/layers.h"
#include "train/losses.h"

namespace slipway::train {

inline Tensor random_tensor(Shape shape, uint64_t seed) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.normal());
  return t;
}

// A model of some layers with a loss, and data for both.
struct GradientProbe {
  std::vector<Layer> layers;
  Tensor x, y;
  Loss loss;

  // {loss, gradient} with `value` as the weight called so.
  Result<std::vector<Tensor>> run(const std::string& weight, const Tensor& value) const {
    Shape example(x.shape().begin() + 1, x.shape().end());
    Graph graph = TRY(build_model(layers, example, 3));
    Builder b(graph, all_operators());
    LossValues values = TRY(add_loss(b, graph.outputs[0], loss));
    ValueId w = graph.find(weight);
    if (!w.valid()) return not_found("no weight " + weight + "\n" + to_text(graph));
    auto gradients = TRY(rewrite::add_gradients(b, values.loss, b.scalar(1), std::vector<ValueId>{w}));
    if (!gradients.contains(w)) return not_found("no gradient of " + weight);
    graph.outputs = {values.loss, gradients.at(w)};
    if (value.defined()) graph.value(w).data = value;
    Tensor initial = graph.value(w).data;
    auto session = TRY(Session::create(graph, {.threads = 1}));
    std::vector<Tensor> outputs = TRY(session->run(std::vector<Tensor>{x, y}));
    outputs.push_back(initial);
    return outputs;
  }

  void expect_gradient(const std::string& weight) const {
    Result<std::vector<Tensor>> at = run(weight, {});
    ASSERT_TRUE(at.ok()) << at.status().message();
    const Tensor &gradient = (*at)[1], &value = (*at)[2];
    ASSERT_EQ(gradient.shape(), value.shape());
    constexpr float kStep = 2e-3f;
    for (int64_t i = 0; i < value.count(); i += 1 + value.count() / 7) {
      auto loss_at = [&](float step) {
        Tensor moved = value.clone();
        moved.mutable_data<float>()[static_cast<size_t>(i)] += step;
        return (*run(weight, moved))[0].data<float>()[0];
      };
      float slope = (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
      EXPECT_NEAR(gradient.data<float>()[static_cast<size_t>(i)], slope, 2e-3 + 0.02 * std::abs(slope))
          << weight << " " << i;
    }
  }
};

}  // namespace slipway::train
