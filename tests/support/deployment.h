// Real networks in a real store, answered by a server that is one loop with a clock moved by hand, watched
// and repaired as `slipway serve` does it. Kill it at any moment and start it again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/events.h"
#include "base/file.h"
#include "base/random.h"
#include "data/batches.h"
#include "data/digits.h"
#include "formats/onnx.h"
#include "monitor/trials.h"
#include "optimize/optimize.h"
#include "repair/follower.h"
#include "repair/healer.h"
#include "repair/store_actions.h"
#include "runtime/session.h"
#include "train/fit.h"
#include "train/layers.h"
#include "train/publish.h"

namespace slipway::deployment {

// Digits, a network that has learned them, another one that has done so from other weights, and its int8 version.
struct Networks {
  DataPair data;
  Dataset published;  // what goes with a labelled version
  Tensor inputs;      // of the test data, as the networks take them
  std::vector<int64_t> labels;
  Graph first, retrained, int8;
};

inline Tensor scaled(const Dataset& data) {
  Shape shape = data.example_shape();
  shape.insert(shape.begin(), data.size());
  Tensor x(DType::f32, shape), no_labels;
  BatchStream stream(data, {.size = data.size(), .shuffle = false});
  stream.start(0);
  stream.next(x, no_labels);
  return x;
}

inline Graph trained(const Dataset& data, uint64_t seed) {
  using namespace train;
  const std::vector<Layer> layers{Flatten(), Dense(32, relu), Dense(10, softmax)};
  TrainerOptions options;
  options.epochs = 4;
  options.seed = seed;
  options.threads = 1;
  options.training.loss = "sparse_categorical_crossentropy";
  options.training.optimizer = {.type = "adam", .learning_rate = 0.003};
  auto trainer = Trainer::create(build_model(layers, data, seed).value(), data, std::nullopt, options).value();
  CHECK(fit(*trainer, {}).ok(), "training runs");
  return trainer->model().value();
}

inline const Networks& networks() {
  static const Networks n = [] {
    Networks made{.data = generate_digits({.train = 6000, .test = 4000, .seed = 3})};
    made.published = slice(made.data.train, 0, 1500);
    made.inputs = scaled(made.data.test);
    made.labels = made.data.test.labels.to_ints();
    made.first = trained(made.data.train, 1);
    made.retrained = trained(made.data.train, 2);
    OptimizeOptions options;
    options.quantize = "static";
    options.pass.samples = {{made.inputs.rows(0, 300)}};
    SystemClock clock;
    made.int8 = optimize_model(made.first, options, clock).value().graph;
    return made;
  }();
  return n;
}

// The store's actions, with a process that may die in the midst of a rollback.
struct Death {};
class MortalActions final : public Actions {
 public:
  enum class Dies { never, before_it, after_it };
  MortalActions(Store& store, StoreSource* source, Dies& dies) : actions_(store, source), dies_(dies) {}
  Result<int64_t> roll_back(const std::string& model, int64_t version, const std::string& reason) override {
    if (std::exchange(dies_, dies_ == Dies::before_it ? Dies::never : dies_) == Dies::before_it) throw Death();
    Result<int64_t> to = actions_.roll_back(model, version, reason);
    if (std::exchange(dies_, Dies::never) == Dies::after_it) throw Death();
    return to;
  }
  Status restore(const std::string& model, int64_t version, int64_t instead) override {
    return actions_.restore(model, version, instead);
  }
  Status settle() override { return actions_.settle(); }
  std::string recipe(const std::string& model, int64_t version) override { return actions_.recipe(model, version); }

 private:
  StoreActions actions_;
  Dies& dies_;
};

// Everything the loop around a server's requests consists of.
class Server final {
 public:
  static constexpr const char* kModel = "digits";

  explicit Server(const std::filesystem::path& folder, const char* policy = "")
      : folder_(folder), policy_(policy), store_(Store::open(folder / "store", true).value()) {}
  ~Server() { kill(); }

  Store& store() { return store_; }
  ManualClock& clock() { return clock_; }
  Healer& healer() { return *healer_; }
  Monitor& monitor() { return *monitor_; }
  ModelState state() const { return store_.state(kModel).value(); }
  // The next rollback throws Death.
  void die(MortalActions::Dies when) { dies_ = when; }
  // Versions whose engine takes 5 ms more.
  std::set<int64_t>& slow() { return slow_; }

  // `labelled`: with data, and so with a baseline and a holdout.
  Result<int64_t> publish(const Graph& graph, bool labelled, bool promote = true) {
    train::PublishNotes notes;
    notes.held_out = &networks().data.test;
    return train::publish(store_, kModel, graph, labelled ? &networks().published : nullptr, notes, promote);
  }

  void start() {
    source_ = std::make_unique<StoreSource>(store_);
    actions_ = std::make_unique<MortalActions>(store_, source_.get(), dies_);
    monitor_ = Monitor::create({.journal = folder_ / "journal.sqlite"}, clock_).value();
    healer_ = Healer::create(*monitor_, *actions_, Policy::parse(policy_, "policy").value()).value();
    trials_ = std::make_unique<Trials>(*monitor_, clock_);
    follower_ = std::make_unique<Follower>(
        store_, *monitor_, *trials_, [this](const std::string&, int64_t version) { return contender(version); },
        [](const std::string&) {});
    versions_ = changes_.subscribe([this](const VersionChange& change) { follower_->follow(change); });
    told_ = {};
    look();
  }
  // As kill -9 does: what is not on disk is gone.
  void kill() {
    versions_.reset();
    follower_.reset();
    trials_.reset();
    healer_.reset();
    monitor_.reset();
    actions_.reset();
    source_.reset();
    sessions_.clear();
  }

  // The server looks at the store.
  void look() {
    const PublishedModel published = source_->published(kModel).value();
    production_ = published.production;
    VersionChange now{.model = kModel, .serving = production_};
    for (int64_t version : published.versions) {
      if (!published.rejected.contains(version)) now.loaded.push_back(version);
    }
    if (now == told_) return;
    told_ = now;
    changes_.tell(now);
  }
  // What happens four times a second.
  void tick() {
    for (int i = 0; i < 400 && trials_->step(); ++i) {
    }
    journal_ = monitor_->tick();
    Status healed = healer_->step(clock_.now_us());
    if (journal_.ok()) journal_ = healed;
    look();
  }
  const Status& journal() const { return journal_; }

  // A request of one row [1, 28, 28]; the class it is answered with, -1 for NaN.
  int64_t ask(const Tensor& row) {
    const int64_t version = production_;
    std::vector<Tensor> outputs = session(version).run({&row, 1}).value();
    const int64_t compute =
        20'000 + static_cast<int64_t>(random_.below(5'000)) + (slow_.contains(version) ? 5'000'000 : 0);
    Observation o{.model = kModel, .version = version, .endpoint = "test", .time_us = clock_.now_us(), .rows = 1};
    o.compute_ns = compute;
    o.queue_ns = 3'000 + static_cast<int64_t>(random_.below(1'000));
    o.total_ns = o.compute_ns + o.queue_ns + 30'000;
    o.input = row;
    o.output = outputs[0];
    trials_->observe(o);
    std::vector<Observation> batch;
    batch.push_back(std::move(o));
    monitor_->observe(std::move(batch));
    std::span<const float> y = outputs[0].data<float>();
    return std::isfinite(y[0]) ? std::max_element(y.begin(), y.end()) - y.begin() : -1;
  }

  std::optional<Contender> contender(int64_t version) const {
    Contender c{.version = version};
    c.ask = [this, version](std::span<const Tensor> inputs) {
      clock_.advance_us(slow_.contains(version) ? 5'020 : 20);
      return session(version).run(inputs);
    };
    return c;
  }

 private:
  Session& session(int64_t version) const {
    std::unique_ptr<Session>& s = sessions_[version];
    if (s == nullptr) {
      s = Session::create(read_onnx(store_.read(kModel, version, "model.onnx").value()).value(), {.threads = 1})
              .value();
    }
    return *s;
  }

  const std::filesystem::path folder_;
  const char* policy_;
  Store store_;
  mutable ManualClock clock_{1'700'000'000'000'000};
  Random random_{5};
  std::set<int64_t> slow_;
  mutable std::map<int64_t, std::unique_ptr<Session>> sessions_;
  std::unique_ptr<StoreSource> source_;
  MortalActions::Dies dies_ = MortalActions::Dies::never;
  std::unique_ptr<MortalActions> actions_;
  std::unique_ptr<Monitor> monitor_;
  std::unique_ptr<Healer> healer_;
  std::unique_ptr<Trials> trials_;
  std::unique_ptr<Follower> follower_;
  int64_t production_ = 0;
  VersionChange told_;  // last
  Events<VersionChange> changes_;
  Subscription versions_;
  Status journal_;
};

// Clients: which row comes next. `i` counts requests.
using Traffic = std::function<Tensor(int64_t i, Random& random)>;

inline Tensor test_row(int64_t i) {
  return networks().inputs.rows(i % networks().data.test.size(), i % networks().data.test.size() + 1);
}

inline Tensor any_row(Random& random) {
  return test_row(static_cast<int64_t>(random.below(static_cast<uint64_t>(networks().data.test.size()))));
}

// The request of TensorFlow Serving's predict for a row.
inline std::string predict_body(const Tensor& row) {
  constexpr size_t kSide = 28;
  std::string rows;
  for (size_t y = 0; y < kSide; ++y) {
    rows += fmt::format("{}[{}]", y == 0 ? "" : ",", fmt::join(row.data<float>().subspan(kSide * y, kSide), ","));
  }
  return "{\"instances\":[[" + rows + "]]}";
}

// A row of one of `classes`.
inline Tensor row_of(std::set<int64_t> classes, Random& random) {
  for (;;) {
    const int64_t i = static_cast<int64_t>(random.below(static_cast<uint64_t>(networks().data.test.size())));
    if (classes.contains(networks().labels[static_cast<size_t>(i)])) return test_row(i);
  }
}

inline Tensor changed(const Tensor& row, const std::function<float(float)>& change) {
  Tensor copy = row.clone();
  for (float& x : copy.mutable_data<float>()) x = change(x);
  return copy;
}

}  // namespace slipway::deployment
