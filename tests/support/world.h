// A small world of inputs and a classifier that answers them, with everything that can go wrong as a knob.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/random.h"
#include "monitor/recorder.h"
#include "runtime/observation.h"
#include "sketch/baseline_builder.h"

namespace slipway {

struct Trouble {
  float shift = 0;           // added to every feature
  float noise = 0;           // deviation of normal noise added to every feature
  bool one_feature = false;  // feature 3 gets 2 added
  int truth = -1;            // the class of every input
  double random_class = 0;   // share of answers with a class chosen at random
  int collapsed = -1;        // the class of every answer
  float confidence = 0;      // lowers the confidence by this
  double nan_output = 0;     // share of answers that are NaN
  double fault = 0;          // share of requests that fail inside
  double full = 0;           // share of requests that find the queue full
  double compute_us = 300;   // mean time in the engine
  double queue_us = 100;     // mean time in the queue
};

// 4 classes; a class's examples have feature means that depend on it, so answers belong to inputs. Feature 5 is
// constant, feature 6 mostly 0.
class World {
 public:
  static constexpr int64_t kWidth = 12;
  static constexpr int64_t kClasses = 4;

  explicit World(uint64_t seed) : random_(seed) {}

  std::pair<std::vector<float>, std::vector<float>> row(const Trouble& t = {}) {
    const uint64_t luck = random_.below(kClasses);
    const uint64_t truth = t.truth >= 0 ? static_cast<uint64_t>(t.truth) : luck;
    std::vector<float> x(kWidth), y(kClasses);
    for (float& v : x) v = static_cast<float>(0.5 * static_cast<double>(truth) + random_.normal());
    x[5] = 7;
    x[6] = random_.uniform() < 0.8 ? 0 : static_cast<float>(random_.uniform());
    for (float& v : x) v += t.shift + t.noise * static_cast<float>(random_.normal());
    if (t.one_feature) x[3] += 2;
    size_t answer = random_.uniform() < std::max(0.03, t.random_class) ? random_.below(kClasses) : truth;
    if (t.collapsed >= 0) answer = static_cast<size_t>(t.collapsed);
    float confidence = 1 - 0.15f * static_cast<float>(random_.uniform());
    confidence = std::max(0.3f, confidence - t.confidence);
    for (float& v : y) v = (1 - confidence) / (kClasses - 1);
    y[answer] = confidence;
    if (random_.uniform() < t.nan_output) y[0] = std::numeric_limits<float>::quiet_NaN();
    return {x, y};
  }

  Observation observe(int64_t version, int64_t time_us, int64_t rows = 1, const Trouble& t = {}) {
    Observation o{.model = "digits", .version = version, .endpoint = "test", .time_us = time_us, .rows = rows};
    o.compute_ns = static_cast<int64_t>(1000 * t.compute_us * (0.8 + 0.4 * random_.uniform()));
    o.queue_ns = static_cast<int64_t>(1000 * t.queue_us * (0.5 + random_.uniform()));
    o.total_ns = o.compute_ns + o.queue_ns + 50'000;
    const double luck = random_.uniform();
    o.code = luck < t.fault ? Code::internal : luck < t.fault + t.full ? Code::resource_exhausted : Code::ok;
    std::vector<float> inputs, outputs;
    for (int64_t r = 0; r < rows; ++r) {
      auto [x, y] = row(t);
      inputs.insert(inputs.end(), x.begin(), x.end());
      outputs.insert(outputs.end(), y.begin(), y.end());
    }
    o.input = Tensor::of<float>({rows, kWidth}, inputs);
    if (o.code == Code::ok) o.output = Tensor::of<float>({rows, kClasses}, outputs);
    return o;
  }

  std::shared_ptr<const Baseline> baseline(int64_t rows = 6000) {
    BaselineBuilder builder(kWidth, kClasses, {.class_names = {"zero", "one", "two", "three"}});
    for (int64_t r = 0; r < rows; ++r) {
      auto [x, y] = row();
      CHECK(builder.add(x, y, 1).ok(), "a row fits");
    }
    return std::make_shared<const Baseline>(builder.build().value());
  }

 private:
  Random random_;
};

}  // namespace slipway
