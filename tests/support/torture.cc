// Killing, loading and stopping real processes, and expecting what must hold after each.
#include "support/torture.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "formats/onnx.h"
#include "graph/port.h"
#include "store/store.h"
#include "support/live_server.h"
#include "train/layers.h"

namespace slipway {

using testing::Client;
using testing::eventually;
using testing::Reply;

namespace {

// Four numbers in, three out, a megabyte of weights between.
Draft heavy_draft() {
  auto dense = [](int64_t units) { return Layer{"Dense", {{"units", units}}}; };
  Graph model = *train::build_model(std::vector<Layer>{dense(1024), dense(256), dense(3)}, {4}, 1);
  Draft draft;
  draft.signature.inputs = input_ports(model);
  draft.signature.outputs = output_ports(model);
  draft.files["model.onnx"] = *write_onnx(model);
  return draft;
}

// How long a life must be for its counts to be in the journal, which is written every ten seconds.
constexpr std::chrono::seconds kJournaled{12};

// The number behind `prefix` at the beginning of a line of /metrics; -1 when there is none.
int64_t metric(uint16_t port, const std::string& prefix) {
  std::string text = "\n" + Client(port).get("/metrics").body;
  size_t at = text.find("\n" + prefix + " ");
  return at == std::string::npos ? -1 : std::atoll(text.c_str() + at + prefix.size() + 2);
}

int64_t serving(uint16_t port) { return metric(port, "slipway_model_serving_version{model_name=\"m\"}"); }

// Connections that ask the same again and again, each on a thread of its own, until stop() or the server's end.
class Askers {
 public:
  Askers(uint16_t port, int connections) {
    for (int i = 0; i < connections; ++i) threads_.emplace_back([this, port] { ask(port); });
  }
  ~Askers() { stop(); }

  // Requests sent from here on may go unanswered.
  void pardon() { pardoned_ = true; }
  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  int64_t answered() const { return answered_; }
  // Answers other than 200, and none where there had to be one.
  int64_t failed() const { return failed_; }

 private:
  void ask(uint16_t port) {
    Client client(port);
    const std::string body = kGoodRow;
    const std::string request =
        fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{}", kPredict, body.size(), body);
    while (!stopping_) {
      client.send(request);
      bool must_be_answered = !pardoned_;
      Reply reply = client.receive();
      if (reply.status == 200) {
        ++answered_;
        if (reply.head.find("Connection: close") != std::string::npos) return;
        continue;
      }
      if (must_be_answered || reply.status != 0) ++failed_;
      return;
    }
  }

  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> pardoned_{false};
  std::atomic<int64_t> answered_{0};
  std::atomic<int64_t> failed_{0};
};

}  // namespace

void kill_publishers(int rounds, uint64_t seed) {
  TemporaryDirectory folder;
  publish_small(folder.path(), "m");
  Store store = *Store::open(folder.path());
  Draft draft = heavy_draft();
  std::mt19937_64 random(seed);
  int64_t highest = 1;
  double window_us = 20'000;  // follows the speed of the machine, so that kills fall before, in and after publishing
  for (int round = 0; round < rounds; ++round) {
    pid_t id = ::fork();
    if (id == 0) {
      for (;;) static_cast<void>(store.publish("m", draft));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<uint64_t>(window_us)));
    ::kill(id, SIGKILL);
    ASSERT_EQ(::waitpid(id, nullptr, 0), id);
    Result<std::vector<int64_t>> versions = store.versions("m");
    ASSERT_TRUE(versions.ok()) << versions.status().message();
    Result<ModelState> state = store.state("m");
    ASSERT_TRUE(state.ok()) << state.status().message();
    Status sound = store.verify("m", state->production);
    ASSERT_TRUE(sound.ok()) << sound.message();
    EXPECT_GE(versions->back(), highest);
    window_us = std::max(100.0, window_us * (versions->back() > highest + 1 ? 0.8 : 1.25));
    highest = versions->back();
  }
  Result<int64_t> next = store.publish("m", draft);
  ASSERT_TRUE(next.ok()) << next.status().message();
  EXPECT_GT(*next, highest);
  EXPECT_GT(highest, 1) << "the publishers were killed before they did anything";
  std::vector<int64_t> all = *store.versions("m");
  for (int64_t version : all) EXPECT_TRUE(store.verify("m", version).ok()) << version;
}

namespace {

// The answers counted as wrong requests for version 1, over all lives of the journal.
int64_t refusals(uint16_t port) {
  return metric(port, "slipway_monitor_requests_total{model=\"m\",version=\"1\",code=\"INVALID_ARGUMENT\"}");
}

Json alarms(uint16_t port) {
  Result<Json> page = Json::parse(Client(port).get("/v1/alarms").body);
  return page.ok() ? (*page)["active"] : Json::array();
}

bool has_alarm(uint16_t port, const Json& wanted) {
  const Json all = alarms(port);
  return std::ranges::any_of(all.items(), [&](const Json& alarm) {
    return alarm["id"].as_int() == wanted["id"].as_int() && alarm["start_us"].as_int() == wanted["start_us"].as_int();
  });
}

}  // namespace

void kill_servers(int rounds, std::chrono::seconds life) {
  constexpr int64_t kRefusals = 60;  // sent in each life
  TemporaryDirectory folder;
  publish_small(folder.path(), "m");
  Json raised = Json::object();
  for (int round = 0; round < rounds; ++round) {
    ServerProcess server(folder.path(), {"--poll-ms", "50"});
    ASSERT_NE(server.port(), 0) << server.err();
    ASSERT_EQ(serving(server.port()), 1);
    EXPECT_EQ(Client(server.port()).post(kPredict, kGoodRow).status, 200);
    if (round > 0) {
      EXPECT_TRUE(has_alarm(server.port(), raised)) << alarms(server.port()).dump();
    }
    Client client(server.port());
    for (int64_t i = 0; i < kRefusals; ++i) ASSERT_EQ(client.post(kPredict, "nonsense").status, 400);
    ASSERT_TRUE(eventually([&] { return !alarms(server.port()).items().empty(); })) << server.err();
    raised = alarms(server.port()).items()[0];
    int64_t lives = life >= kJournaled ? round + 1 : 1;
    EXPECT_TRUE(eventually([&] { return refusals(server.port()) >= lives * kRefusals; }))
        << "expected the " << lives * kRefusals << " of all lives, found " << refusals(server.port());
    std::this_thread::sleep_for(life);
    server.signal(SIGKILL);
    EXPECT_EQ(server.wait(), 128 + SIGKILL);
  }
}

void stop_and_restart() {
  TemporaryDirectory folder;
  publish_small(folder.path(), "m");
  for (int64_t life = 0; life < 3; ++life) {
    ServerProcess server(folder.path());
    ASSERT_NE(server.port(), 0) << server.err();
    EXPECT_EQ(std::max<int64_t>(refusals(server.port()), 0), 20 * life) << "a clean stop lost counts";
    Client client(server.port());
    for (int i = 0; i < 20; ++i) ASSERT_EQ(client.post(kPredict, "nonsense").status, 400);
    EXPECT_EQ(server.stop(), 0) << server.err();
  }
}

LoadFigures publish_under_load(int publishes, int settled, int connections, int64_t growth_bytes) {
  LoadFigures figures;
  TemporaryDirectory folder;
  Draft draft = heavy_draft();
  Store store = *Store::open(folder.path());
  EXPECT_TRUE(store.publish("m", draft).ok());
  ServerProcess server(folder.path(), {"--poll-ms", "20"});
  EXPECT_NE(server.port(), 0) << server.err();
  if (server.port() == 0) return figures;
  Askers askers(server.port(), connections);
  for (int i = 1; i <= publishes; ++i) {
    Result<int64_t> version = store.publish("m", draft);
    EXPECT_TRUE(version.ok()) << version.status().message();
    EXPECT_TRUE(eventually([&] { return serving(server.port()) == *version; })) << server.err();
    if (i == settled) figures.resident_settled = server.resident_bytes();
  }
  figures.resident_end = server.resident_bytes();
  askers.stop();
  figures.requests = askers.answered();
  EXPECT_EQ(askers.failed(), 0) << server.err();
  EXPECT_GT(figures.requests, publishes) << "there was hardly any load";
  EXPECT_LT(figures.resident_end - figures.resident_settled, growth_bytes)
      << figures.resident_settled << " bytes after " << settled << " publishes, " << figures.resident_end << " after "
      << publishes;
  EXPECT_EQ(server.stop(), 0);
  return figures;
}

void stop_under_load(int rounds, int connections) {
  TemporaryDirectory folder;
  publish_small(folder.path(), "m");
  for (int round = 0; round < rounds; ++round) {
    ServerProcess server(folder.path(), {});
    ASSERT_NE(server.port(), 0) << server.err();
    Askers askers(server.port(), connections);
    ASSERT_TRUE(eventually([&] { return askers.answered() > 20 * connections; }));
    askers.pardon();
    EXPECT_EQ(server.stop(), 0) << server.err();
    askers.stop();
    EXPECT_EQ(askers.failed(), 0) << "requests sent before SIGTERM went unanswered";
    EXPECT_NE(server.err().find("SIGTERM: finishing what is under way"), std::string::npos);
  }
}

}  // namespace slipway
