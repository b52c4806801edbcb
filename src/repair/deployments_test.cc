// Deployments: bad versions are rolled back whichever way they came and whenever the server was killed, good ones
// never.
#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repair/report.h"
#include "support/deployment.h"

namespace slipway::deployment {
namespace {

using ::testing::HasSubstr;

Tensor uniform(int64_t, Random& r) { return any_row(r); }
Tensor skewed(int64_t, Random& r) { return r.uniform() < 0.7 ? row_of({0, 1}, r) : any_row(r); }
Tensor few_classes(int64_t, Random& r) { return row_of({0, 1, 2, 3, 4}, r); }
Tensor one_class(int64_t, Random& r) { return row_of({7}, r); }
Tensor sorted(int64_t i, Random& r) { return row_of({i / 150 % 10}, r); }
Tensor duplicates(int64_t i, Random& r) { return i % 2 == 0 ? test_row(i % 3) : any_row(r); }
Tensor probes(int64_t i, Random& r) {
  return i % 2 == 0 ? changed(test_row(0), [](float) { return 0.f; }) : any_row(r);
}
Tensor zeros(int64_t, Random&) {
  return changed(test_row(0), [](float) { return 0.f; });
}
Tensor noisy(int64_t, Random& r) {
  return changed(any_row(r), [&r](float x) { return x + 0.3f * static_cast<float>(r.normal()); });
}
Tensor brighter(int64_t, Random& r) {
  return changed(any_row(r), [](float x) { return x + 0.35f; });
}
Tensor unscaled(int64_t, Random& r) {
  return changed(any_row(r), [](float x) { return x * 255; });
}

struct Pattern {
  const char* name;
  Tensor (*before)(int64_t, Random&);
  Tensor (*after)(int64_t, Random&);
  int64_t changes_s = 0;  // after the switch
  bool bursty = false;
};

const Pattern kPatterns[] = {
    {"uniform", uniform, uniform},
    {"skewed", skewed, skewed},
    {"one class", one_class, one_class},
    {"sorted", sorted, sorted},
    {"bursty", uniform, uniform, 0, true},
    {"duplicates", duplicates, duplicates},
    {"probes", probes, probes},
    {"noisy", noisy, noisy},
    {"to few classes", uniform, few_classes},
    {"to one class", uniform, one_class},
    {"to skewed", uniform, skewed},
    {"to sorted", uniform, sorted},
    {"to noisy", uniform, noisy},
    {"to brighter", uniform, brighter},
    {"to zeros", uniform, zeros},
    {"to x255", uniform, unscaled},
    {"to duplicates", uniform, duplicates},
    {"to probes", uniform, probes},
    {"60 s to few classes", uniform, few_classes, 60},
    {"60 s to noisy", uniform, noisy, 60},
    {"60 s to brighter", uniform, brighter, 60},
    {"60 s to skewed", uniform, skewed, 60},
    {"200 s to few classes", uniform, few_classes, 200},
    {"200 s to one class", uniform, one_class, 200},
};

// Answers `count` requests, `per_second` of them, ticking four times a second; stops early when `done`.
int64_t answer(Server& server, int64_t count, const Traffic& traffic, Random& random, int64_t per_second = 100,
               const std::function<bool()>& done = nullptr) {
  const int64_t gap = 1'000'000 / per_second;
  const int64_t every = std::max<int64_t>(1, 250'000 / gap);
  for (int64_t i = 0; i < count; ++i) {
    server.clock().advance_us(gap);
    server.ask(traffic(i, random));
    if (i % every == every - 1) server.tick();
    if (done && done()) return i + 1;
  }
  return count;
}

const Repair* rollback_of(const std::vector<Repair>& repairs, int64_t version) {
  for (const Repair& r : repairs) {
    if (r.remedy == "rollback" && r.version() == version) return &r;
  }
  return nullptr;
}

void expect_kept(const Pattern& p, uint64_t seed, bool quantized, bool labelled) {
  TemporaryDirectory folder;
  Server server(folder.path());
  server.publish(networks().first, labelled).value();
  server.start();
  Random random(seed);
  answer(server, 600, p.before, random, 50);
  const int64_t version = server.publish(quantized ? networks().int8 : networks().retrained, labelled).value();
  server.look();
  answer(server, p.changes_s * 20, p.before, random, 20);
  answer(server, 1500, p.after, random, p.bursty ? 1000 : 20);
  EXPECT_EQ(server.state().production, version) << p.name << "\n" << doctor_report(server.healer().to_json()).value();
  EXPECT_TRUE(server.state().rejected.empty()) << p.name;
}

TEST(GoodVersion, LearnedAnewIsNotRolledBack) {
  for (size_t i = 0; i < std::size(kPatterns); ++i) expect_kept(kPatterns[i], i, false, false);
}

TEST(GoodVersion, QuantizedIsNotRolledBack) {
  for (size_t i = 0; i < std::size(kPatterns); ++i) expect_kept(kPatterns[i], i, true, false);
}

TEST(GoodVersion, WithLabelledExamplesIsNotRolledBack) {
  for (size_t i = 0; i < std::size(kPatterns); ++i) expect_kept(kPatterns[i], i, i % 2 == 0, true);
}

std::vector<ValueId> matrices(const Graph& g) {
  std::vector<ValueId> found;
  for (size_t v = 0; v < g.value_count(); ++v) {
    const ValueId id{static_cast<int32_t>(v)};
    if (g.value(id).data.defined() && g.value(id).data.rank() == 2) found.push_back(id);
  }
  return found;
}

std::span<float> own(Graph& g, ValueId id) {
  g.value(id).data = g.value(id).data.clone();
  return g.value(id).data.mutable_data<float>();
}

bool is_last(const Graph& g, ValueId id) { return g.value(id).data.dim(1) == 10; }

ValueId last_bias(const Graph& g) {
  for (size_t v = 0; v < g.value_count(); ++v) {
    const ValueId id{static_cast<int32_t>(v)};
    if (g.value(id).data.defined() && g.value(id).data.rank() == 1 && g.value(id).data.dim(0) == 10) return id;
  }
  return {};
}

Graph random_weights(Graph g) {
  Random random(9);
  for (ValueId id : matrices(g)) {
    for (float& w : own(g, id)) w = static_cast<float>(0.1 * random.normal());
  }
  return g;
}

// The last layer's columns in another order.
Graph reordered(Graph g, const std::function<size_t(size_t)>& from) {
  for (size_t v = 0; v < g.value_count(); ++v) {
    const ValueId id{static_cast<int32_t>(v)};
    const Tensor old = g.value(id).data;
    if (!old.defined() || old.dtype() != DType::f32 || old.rank() < 1 || old.dim(old.rank() - 1) != 10) continue;
    std::span<float> to = own(g, id);
    for (size_t i = 0; i < to.size(); ++i) to[i] = old.data<float>()[i / 10 * 10 + from(i % 10)];
  }
  return g;
}
Graph permuted(Graph g) {
  return reordered(std::move(g), [](size_t c) { return (c + 3) % 10; });
}
Graph swapped(Graph g) {
  return reordered(std::move(g), [](size_t c) { return c == 3 ? 8 : c == 8 ? 3 : c; });
}
// The last layer's weights times `factor`.
Graph last_times(Graph g, float factor) {
  for (ValueId id : matrices(g)) {
    if (!is_last(g, id)) continue;
    for (float& w : own(g, id)) w *= factor;
  }
  for (float& b : own(g, last_bias(g))) b *= factor;
  return g;
}
Graph constant_class(Graph g) {
  g = last_times(std::move(g), 0);
  own(g, last_bias(g))[3] = 8;
  return g;
}
Graph zeroed(Graph g) { return last_times(std::move(g), 0); }
Graph unsure(Graph g) { return last_times(std::move(g), 0.15f); }
Graph with_noise(Graph g, double share) {
  Random random(4);
  for (ValueId id : matrices(g)) {
    double squares = 0;
    for (float w : g.value(id).data.data<float>()) squares += static_cast<double>(w) * w;
    const double size = std::sqrt(squares / static_cast<double>(g.value(id).data.count()));
    for (float& w : own(g, id)) w += static_cast<float>(share * size * random.normal());
  }
  return g;
}
Graph noise_much(Graph g) { return with_noise(std::move(g), 1.6); }
Graph noise_some(Graph g) { return with_noise(std::move(g), 0.8); }
Graph noise_little(Graph g) { return with_noise(std::move(g), 0.3); }
Graph invalid(Graph g) {
  own(g, last_bias(g))[2] = NAN;
  return g;
}
Graph same(Graph g) { return g; }
// Scales of the n-th node that quantizes activations, times `factor`.
Graph int8_scale(size_t n, float factor) {
  Graph g = networks().int8;
  for (const Node& node : networks().int8.nodes()) {
    if (node.op_type != "QuantizeLinear" || g.is_constant(node.inputs[0])) continue;
    if (n-- > 0) continue;
    for (float& s : own(g, node.inputs[1])) s *= factor;
    break;
  }
  return g;
}
Graph int8_input(Graph) { return int8_scale(0, 1.f / 8); }
Graph int8_hidden(Graph) { return int8_scale(1, 1.f / 16); }

struct Fault {
  const char* name;
  Graph (*make)(Graph);
  bool slow = false;
  bool needs_labels = false;  // without them nothing could know
};

const Fault kFaults[] = {
    {"random weights", random_weights},
    {"permuted classes", permuted},
    {"one class", constant_class},
    {"zeroed layer", zeroed},
    {"much noise", noise_much},
    {"some noise", noise_some},
    {"little noise", noise_little, false, true},
    {"swapped pair", swapped},
    {"int8 input scale", int8_input},
    {"int8 hidden scale", int8_hidden},
    {"unsure", unsure},
    {"NaN", invalid},
    {"slow", same, true},
};

enum class Way { labelled, first_labelled, second_labelled, unlabelled, promoted_later, while_down, restarted };
const char* const kWays[] = {"both with data",           "first with data",     "second with data",  "without data",
                             "published, then promoted", "promoted while down", "restarted after 30"};

struct Seen {
  int64_t answers = 0;
  bool rolled_back = false;
  bool refused = false;
  std::string why;
};

Seen deploy(const Fault& fault, Way way, const char* policy = "") {
  TemporaryDirectory folder;
  Server server(folder.path(), policy);
  const bool first = way != Way::second_labelled && way != Way::unlabelled;
  const bool second = way != Way::first_labelled && way != Way::unlabelled;
  server.publish(networks().first, first).value();
  server.start();
  Random random(11);
  answer(server, 400, uniform, random);
  Graph graph = fault.make(networks().first);
  if (way == Way::while_down) server.kill();
  Result<int64_t> published = server.publish(graph, second, way != Way::promoted_later);
  if (!published.ok()) return {.refused = true, .why = published.status().message()};
  const int64_t version = *published;
  if (fault.slow) server.slow().insert(version);
  if (way == Way::promoted_later) {
    server.look();
    answer(server, 100, uniform, random);
    EXPECT_TRUE(server.store().promote(Server::kModel, version).ok());
  }
  if (way == Way::while_down) server.start();
  server.look();
  auto back = [&] { return server.state().production != version; };
  Seen seen;
  if (way == Way::restarted) {
    seen.answers = answer(server, 30, uniform, random, 100, back);
    server.kill();
    server.start();
  }
  if (!back()) seen.answers += answer(server, 1000 - seen.answers, uniform, random, 100, back);
  seen.rolled_back = back();
  seen.why = server.monitor().judgement(Server::kModel, version)
                 ? server.monitor().judgement(Server::kModel, version)->summary
                 : "";
  if (!seen.rolled_back) return seen;
  answer(server, 400, uniform, random);
  const std::vector<Repair> repairs = server.healer().repairs();
  const Repair* repair = rollback_of(repairs, version);
  EXPECT_TRUE(repair != nullptr && repair->state == Repair::State::closed) << fault.name;
  return seen;
}

class BadVersion : public ::testing::TestWithParam<int> {};

// In three parts, which run side by side.
TEST_P(BadVersion, IsRolledBackHoweverItCame) {
  for (size_t f = static_cast<size_t>(GetParam()); f < std::size(kFaults); f += 3) {
    const Fault& fault = kFaults[f];
    for (size_t i = 0; i < std::size(kWays); ++i) {
      const Way way = static_cast<Way>(i);
      const Seen seen = deploy(fault, way);
      const bool unknowable = fault.needs_labels && way == Way::unlabelled;
      EXPECT_EQ(seen.rolled_back || seen.refused, !unknowable)
          << fault.name << ", " << kWays[i] << " after " << seen.answers << ": " << seen.why;
      if (unknowable) {
        EXPECT_THAT(seen.why, HasSubstr("without labelled examples"));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, BadVersion, ::testing::Range(0, 3));

// The repair goes on, or begins, after a kill, and is closed; the alarms of the version that is gone do not come back.
void expect_repaired(Server& server, Random& random, int64_t sick) {
  answer(server, 600, uniform, random);
  EXPECT_EQ(server.state().production, 1);
  EXPECT_TRUE(server.state().rejected.contains(sick));
  for (const Alarm& a : server.monitor().active_alarms()) EXPECT_NE(a.version, sick) << a.message;
  const std::vector<Json> open = server.monitor().journal()->open_repairs().value();
  for (const Json& repair : open) EXPECT_NE(repair["remedy"].as_string(), "rollback") << repair.dump();
}

// Serves the first network for 100 requests and publishes a sick version behind it; its number.
int64_t replaced_by_sick(Server& server, Random& random, bool production) {
  server.publish(networks().first, true).value();
  server.start();
  answer(server, 100, uniform, random);
  return server.publish(permuted(networks().first), production).value();
}

TEST(Deployments, AKillAtAnyMomentDelaysTheRepairOnly) {
  for (int64_t moment : {0, 1, 10, 24, 25, 26, 50, 51, 100, 200, 400}) {
    TemporaryDirectory folder;
    Server server(folder.path());
    Random random(static_cast<uint64_t>(moment) + 3);
    const int64_t sick = replaced_by_sick(server, random, false);
    server.look();
    answer(server, moment, uniform, random);
    server.kill();
    server.start();
    expect_repaired(server, random, sick);
  }
}

TEST(Deployments, AKillInTheMidstOfARollbackDelaysItOnly) {
  for (auto dies : {MortalActions::Dies::before_it, MortalActions::Dies::after_it}) {
    TemporaryDirectory folder;
    Server server(folder.path());
    Random random(8);
    const int64_t sick = replaced_by_sick(server, random, false);
    server.die(dies);
    server.look();
    EXPECT_THROW(answer(server, 300, uniform, random), Death);
    server.kill();
    server.start();
    expect_repaired(server, random, sick);
  }
}

TEST(Deployments, AVersionThatAPersonPromotesAgainIsNotRolledBackAgain) {
  TemporaryDirectory folder;
  Server server(folder.path());
  Random random(8);
  const int64_t sick = replaced_by_sick(server, random, true);
  server.look();
  answer(server, 500, uniform, random);
  ASSERT_EQ(server.state().production, 1);
  ASSERT_TRUE(server.store().promote(Server::kModel, sick, true).ok());
  server.clock().advance_us(400'000'000);  // beyond the cooldown
  server.look();
  answer(server, 500, uniform, random);
  EXPECT_EQ(server.state().production, sick);
  server.kill();
  server.start();
  answer(server, 500, uniform, random);
  EXPECT_EQ(server.state().production, sick);
  const std::vector<Repair> repairs = server.healer().repairs();
  EXPECT_TRUE(std::ranges::any_of(
      repairs, [&](const Repair& r) { return r.version() == sick && r.state == Repair::State::proposed; }));
}

}  // namespace
}  // namespace slipway::deployment
