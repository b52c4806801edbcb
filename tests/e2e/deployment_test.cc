// Deployments on a real server: a sick version is rolled back though the server is killed, and when a person says so.
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/http_client.h"
#include "support/deployment.h"
#include "support/program.h"

namespace slipway {
namespace {

using deployment::networks;
using ::testing::HasSubstr;

std::string url(uint16_t port) { return fmt::format("http://127.0.0.1:{}", port); }

// The answers contradict what they were: the last layer's columns have moved.
Graph permuted() {
  Graph g = networks().first;
  for (size_t v = 0; v < g.value_count(); ++v) {
    Value& value = g.value({static_cast<int32_t>(v)});
    const Tensor old = value.data;
    if (!old.defined() || old.rank() < 1 || old.dim(old.rank() - 1) != 10) continue;
    value.data = old.clone();
    std::span<float> to = value.data.mutable_data<float>();
    for (size_t i = 0; i < to.size(); ++i) to[i] = old.data<float>()[i / 10 * 10 + (i + 3) % 10];
  }
  return g;
}

class Deployment : public ::testing::Test {
 protected:
  Deployment() : store_(Store::open(folder_.path() / "store", true).value()) {}

  int64_t publish(const Graph& graph, bool labelled) {
    train::PublishNotes notes;
    notes.held_out = &networks().data.test;
    return train::publish(store_, "digits", graph, labelled ? &networks().published : nullptr, notes).value();
  }
  void serve(std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--poll-ms", "20"});
    server_ = std::make_unique<ServerProcess>(store_.root(), options);
    ASSERT_NE(server_->port(), 0) << server_->err();
    client_ = std::make_unique<HttpClient>(url(server_->port()));
  }
  void kill() {
    server_->signal(SIGKILL);
    server_->wait();
  }
  // Asks until `done`, at most `most` times and for 60 s; how often.
  int ask(
      int most, const std::function<bool()>& done = [] { return false; }) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    int asked = 0;
    while (asked < most && !done() && std::chrono::steady_clock::now() < end) {
      const std::string body = deployment::predict_body(deployment::test_row(next_++));
      Result<HttpReply> reply = client_->post("/v1/models/digits:predict", body);
      EXPECT_TRUE(reply.ok() && reply->status == 200);
      ++asked;
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    return asked;
  }
  int64_t production() const { return store_.state("digits").value().production; }
  Json diagnosis() { return Json::parse(client_->get("/v1/diagnosis").value().body).value(); }
  bool closed() {
    const Json all = diagnosis();
    for (const Json& r : all["repairs"].items()) {
      if (r["remedy"].as_string() == "rollback" && r["state"].as_string() == "closed") return true;
    }
    return false;
  }

  TemporaryDirectory folder_;
  Store store_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<HttpClient> client_;
  int64_t next_ = 0;
};

TEST_F(Deployment, ASickVersionIsRolledBackWhateverMomentTheServerIsKilledAt) {
  publish(networks().first, true);
  for (int answers : {0, 20, 60, 150}) {
    serve();
    ask(200);
    const int64_t sick = publish(permuted(), false);
    ask(answers);
    kill();
    serve();
    ask(1000, [&] { return production() != sick; });
    EXPECT_EQ(production(), 1) << answers << "\n" << run_slipway({"doctor", url(server_->port())}).out;
    EXPECT_TRUE(store_.state("digits").value().rejected.contains(sick));
    ask(3000, [&] { return next_ % 100 == 0 && closed(); });
    kill();
    serve();
    ask(50);
    const Json after = diagnosis();
    for (const Json& a : after["diagnosis"]["alarms"].items()) EXPECT_NE(a["version"].as_int(), sick);
    kill();
  }
}

TEST_F(Deployment, OneThatWasPromotedWhileNoServerRanIsRolledBack) {
  publish(networks().first, false);
  const int64_t sick = publish(permuted(), false);
  serve();
  const int asked = ask(1000, [&] { return production() != sick; });
  EXPECT_EQ(production(), 1) << asked << "\n" << run_slipway({"doctor", url(server_->port())}).out;
}

TEST_F(Deployment, AProposedRollbackIsMadeWhenAPersonSaysSo) {
  const std::string policy = (folder_.path() / "policy.toml").string();
  std::ofstream(policy) << "[rollback]\nautomatic = false\n";
  publish(networks().first, true);
  serve({"--policy", policy});
  ask(200);
  const int64_t sick = publish(permuted(), true);
  auto proposed = [&] { return next_ % 50 == 0 && !diagnosis()["repairs"].items().empty(); };
  ask(3000, proposed);
  const std::string report = run_slipway({"doctor", url(server_->port())}).out;
  EXPECT_THAT(report, HasSubstr("1 rollback of digits version 2: proposed"));
  EXPECT_THAT(report, HasSubstr("beside the version before, on the same inputs: worse"));
  EXPECT_EQ(production(), sick);
  const Outcome none = run_slipway({"doctor", url(server_->port()), "--approve", "7"});
  EXPECT_NE(none.exit, 0);
  EXPECT_THAT(none.err, HasSubstr("there is no repair 7"));
  const Outcome approved = run_slipway({"doctor", url(server_->port()), "--approve", "1", "--by", "ana"});
  EXPECT_EQ(approved.exit, 0) << approved.err;
  ask(1000, [&] { return production() != sick; });
  EXPECT_EQ(production(), 1);
  EXPECT_THAT(run_slipway({"doctor", url(server_->port())}).out, HasSubstr("approved by ana"));
  EXPECT_NE(run_slipway({"doctor", url(server_->port()), "--approve", "1"}).exit, 0);
}

TEST_F(Deployment, ARefusedRollbackIsNotMadeNorProposedAgain) {
  const std::string policy = (folder_.path() / "policy.toml").string();
  std::ofstream(policy) << "[rollback]\nautomatic = false\ncooldown_s = 0\n";
  publish(networks().first, true);
  serve({"--policy", policy});
  ask(200);
  const int64_t sick = publish(permuted(), true);
  ask(3000, [&] { return next_ % 50 == 0 && !diagnosis()["repairs"].items().empty(); });
  const std::string at = url(server_->port());
  EXPECT_THAT(run_slipway({"doctor", at}).out, HasSubstr("slipway doctor URL --approve 1 (or --refuse 1)"));
  EXPECT_EQ(run_slipway({"doctor", at, "--refuse", "1", "--approve", "1"}).exit, 2);
  const Outcome refused = run_slipway({"doctor", at, "--refuse", "1", "--by", "ana\n2026"});
  EXPECT_EQ(refused.exit, 0) << refused.err;
  EXPECT_THAT(refused.out, HasSubstr("not proposed again"));
  EXPECT_THAT(run_slipway({"doctor", at, "--approve", "1"}).err, HasSubstr("repair 1 is refused, not proposed"));
  ask(300);
  kill();  // and over a restart
  serve({"--policy", policy});
  ask(300);
  const Json after = diagnosis();
  ASSERT_EQ(after["repairs"].items().size(), 1u);
  EXPECT_EQ(after["repairs"].items()[0]["state"].as_string(), "refused");
  EXPECT_EQ(production(), sick);
  EXPECT_THAT(run_slipway({"doctor", url(server_->port())}).out, HasSubstr("refused by ana\\n2026")) << "in one line";
}

}  // namespace
}  // namespace slipway
