// Eleven minutes of healthy traffic on real servers: hardly an alarm.
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/http_client.h"
#include "support/deployment.h"
#include "support/program.h"

namespace slipway {
namespace {

using deployment::networks;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kLong{11};

// A client that comes with a pause between requests, and sometimes not at all.
struct Traffic {
  const char* name;
  std::chrono::milliseconds pause;
  std::chrono::seconds busy, silent;  // in turns
};

constexpr Traffic kTraffic[] = {
    {"steady", std::chrono::milliseconds(20), std::chrono::seconds(60), std::chrono::seconds(0)},
    {"bursty", std::chrono::milliseconds(5), std::chrono::seconds(10), std::chrono::seconds(20)},
    {"tiny", std::chrono::milliseconds(1000), std::chrono::seconds(60), std::chrono::seconds(0)},
};

struct Heard {
  int64_t answers = 0, failed = 0;
  std::string alarms;  // all that were raised, the page of the server
  size_t raised = 0;
};

// Rows of the test data in a random order, to a server of its own.
Heard ask(const Traffic& traffic, uint64_t seed) {
  TemporaryDirectory folder;
  Store store = Store::open(folder.path(), true).value();
  train::PublishNotes notes;
  notes.held_out = &networks().data.test;
  train::publish(store, "digits", networks().first, &networks().published, notes).value();
  ServerProcess server(folder.path());
  Heard heard;
  HttpClient client(fmt::format("http://127.0.0.1:{}", server.port()));
  Random random(seed);
  for (const auto begin = Clock::now(); Clock::now() - begin < kLong;) {
    for (const auto from = Clock::now(); Clock::now() - from < traffic.busy && Clock::now() - begin < kLong;) {
      const std::string body = deployment::predict_body(deployment::any_row(random));
      const Result<HttpReply> reply = client.post("/v1/models/digits:predict", body);
      ++(reply.ok() && reply->status == 200 ? heard.answers : heard.failed);
      std::this_thread::sleep_for(traffic.pause);
    }
    std::this_thread::sleep_for(traffic.silent);
  }
  heard.alarms = client.get("/v1/alarms").value().body;
  const Json page = Json::parse(heard.alarms).value();
  heard.raised = page["active"].items().size() + page["cleared"].items().size();
  return heard;
}

TEST(Soak, ElevenMinutesOfHealthyTrafficRaiseAtMostOneAlarm) {
  networks();  // trained once, before the clients begin
  std::vector<Heard> heard(std::size(kTraffic));
  {
    std::vector<std::jthread> clients;
    for (size_t i = 0; i < heard.size(); ++i) clients.emplace_back([&, i] { heard[i] = ask(kTraffic[i], i); });
  }
  for (size_t i = 0; i < heard.size(); ++i) {
    EXPECT_EQ(heard[i].failed, 0) << kTraffic[i].name;
    EXPECT_GT(heard[i].answers, 500) << kTraffic[i].name;
    EXPECT_LE(heard[i].raised, 1u) << kTraffic[i].name << ": " << heard[i].alarms;
    fmt::print("{}: {} answers, {} alarms\n", kTraffic[i].name, heard[i].answers, heard[i].raised);
  }
}

}  // namespace
}  // namespace slipway
