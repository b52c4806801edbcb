// Trains a classifier on a made-up task through the public interface: which quadrant is a point in?
#include <cstdio>
#include <random>

#include "slipway/model.h"

int main() {
  using namespace slipway;

  constexpr int64_t kPoints = 4000;
  Tensor x(DType::f32, {kPoints, 2}), y(DType::i64, {kPoints});
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (int64_t i = 0; i < kPoints; ++i) {
    float a = normal(random), b = normal(random);
    x.mutable_data<float>()[static_cast<size_t>(2 * i)] = a;
    x.mutable_data<float>()[static_cast<size_t>(2 * i + 1)] = b;
    y.mutable_data<int64_t>()[static_cast<size_t>(i)] = (a > 0 ? 1 : 0) + (b > 0 ? 2 : 0);
  }

  Sequential model({Dense(32, relu), Dense(4, softmax)});
  if (Status s = model.compile({.optimizer = Adam(0.01)}); !s.ok()) return std::puts(s.message().c_str()), 1;

  FitArguments arguments{.epochs = 10, .validation_split = 0.2};
  arguments.on_epoch = [](const Epoch& epoch) {
    std::printf("epoch %2ld  loss %.4f  val_accuracy %.4f\n", static_cast<long>(epoch.number), epoch.train.loss,
                *epoch.validation->accuracy);
  };
  Result<History> history = model.fit(x, y, arguments);
  if (!history.ok()) return std::puts(history.status().message().c_str()), 1;

  Result<Tensor> answers = model.predict(Tensor::of<float>({1, 2}, {0.5f, -0.5f}));
  if (!answers.ok()) return std::puts(answers.status().message().c_str()), 1;
  std::printf("(0.5, -0.5) is in quadrant 1 with probability %.3f\n", answers->data<float>()[1]);
  return 0;
}
