// A small problem, models for it, and trainers of every kind.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "train/fit.h"
#include "train/layers.h"
#include "train/trainer.h"

namespace slipway::train {

// Three Gaussian clouds in four dimensions.
inline Dataset clouds(int64_t n, uint64_t seed) {
  Dataset data;
  data.name = "clouds";
  data.inputs = Tensor(DType::f32, {n, 4});
  data.labels = Tensor(DType::i64, {n});
  data.classes = {"a", "b", "c"};
  Random random(seed);
  for (int64_t i = 0; i < n; ++i) {
    int64_t label = static_cast<int64_t>(random.below(3));
    data.labels.mutable_data<int64_t>()[static_cast<size_t>(i)] = label;
    for (int64_t j = 0; j < 4; ++j) {
      double center = j == label ? 2 : 0;
      data.inputs.mutable_data<float>()[static_cast<size_t>(4 * i + j)] =
          static_cast<float>(center + 0.5 * random.normal());
    }
  }
  return data;
}

inline Graph model(std::vector<Layer> layers = {Dense(8, relu), Dropout(0.2), Dense(3, softmax)}) {
  Result<Graph> graph = build_model(layers, {4}, 1);
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  return *graph;
}

inline TrainerOptions options(int64_t epochs, const std::string& optimizer = "adam") {
  TrainerOptions o;
  o.epochs = epochs;
  o.training.optimizer = {.type = optimizer, .learning_rate = 0.02};
  return o;
}

// Every way of moving weights, with state of every kind.
inline std::vector<Optimizer> optimizers() {
  Optimizer clipped = Adam(0.02), gathered = Adam(0.02), averaged = SGD(0.05, 0.9), all = RMSprop(0.01, 0.9, 0.5);
  clipped.clipvalue = 0.1;
  clipped.clipnorm = 0.5;
  clipped.global_clipnorm = 0.5;
  gathered.gradient_accumulation_steps = 3;
  averaged.use_ema = true;
  averaged.ema_momentum = 0.9;
  all.weight_decay = 0.01;
  all.use_ema = true;
  all.ema_momentum = 0.9;
  all.gradient_accumulation_steps = 2;
  all.global_clipnorm = 1;
  return {SGD(0.1),
          SGD(0.05, 0.9),
          SGD(0.05, 0.9, true),
          RMSprop(0.01),
          RMSprop(0.01, 0.9, 0.9),
          Adagrad(0.1),
          Adam(0.02),
          AdamW(0.02, 0.01),
          Lion(0.005),
          Lamb(0.05, 0.01),
          clipped,
          gathered,
          averaged,
          all};
}

inline std::unique_ptr<Trainer> trainer(const TrainerOptions& o) {
  Result<std::unique_ptr<Trainer>> t = Trainer::create(model(), clouds(500, 1), clouds(200, 2), o);
  EXPECT_TRUE(t.ok()) << t.status().message();
  return *std::move(t);
}

inline void expect_same_weights(const Trainer& a, const Trainer& b) {
  Graph x = *a.model(), y = *b.model();
  for (const std::string& name : trained_weights(x, {})) {
    EXPECT_TRUE(identical(x.value(x.find(name)).data, y.value(y.find(name)).data)) << name;
  }
}

}  // namespace slipway::train
