// What a server does at the edges of its world: half requests at its end, stores that are empty, deleted, shared or not
// writable, and who may reach it.
#include <csignal>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/live_server.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::Client;
using testing::eventually;
using testing::Reply;

TEST(ServeLimits, HalfARequestDoesNotHoldSigterm) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  Client half(server.port());
  half.send(fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: 400\r\n\r\n{{\"ins", kPredict));
  ASSERT_EQ(server.post(kPredict, kGoodRow).status, 200);
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(server.process().stop(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  EXPECT_EQ(half.receive().status, 503);
}

TEST(ServeLimits, OnlyThisMachineIsAnsweredUnlessAsked) {
  TemporaryDirectory folder;
  publish_small(folder.path(), "m");
  Process server({"serve", folder.path().string(), "--http", "0"});
  EXPECT_TRUE(eventually([&] { return server.err().find("listening on") != std::string::npos; }));
  EXPECT_NE(server.err().find("http://127.0.0.1:"), std::string::npos) << server.err();
  EXPECT_NE(server.err().find("(this machine only; --address 0.0.0.0 for all)"), std::string::npos) << server.err();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

// A journal tells of the past; models are served without it.
TEST(ServeLimits, ADamagedJournalIsSetAsideAndTheModelsAreServed) {
  TemporaryDirectory folder;
  publish_small(folder.path(), "m");
  const std::filesystem::path journal = folder.path() / ".slipway/journal.sqlite";
  {
    ServerProcess server(folder.path());
    ASSERT_NE(server.port(), 0) << server.err();
    EXPECT_EQ(Client(server.port()).post(kPredict, kGoodRow).status, 200);
    EXPECT_EQ(server.stop(), 0);
  }
  const std::string whole = *read_file(journal);
  std::string rotten = whole;
  for (size_t at = 4096; at < rotten.size(); at += 97) rotten[at] = static_cast<char>(rotten[at] ^ 0x55);
  for (const std::string& bytes : {std::string(9000, 'x'), whole.substr(0, 5000), rotten}) {
    ASSERT_TRUE(write_file_atomic(journal, bytes).ok());
    ServerProcess server(folder.path());
    ASSERT_NE(server.port(), 0) << server.err();
    EXPECT_NE(server.err().find("the journal is damaged"), std::string::npos) << server.err();
    EXPECT_EQ(Client(server.port()).post(kPredict, kGoodRow).status, 200);
    EXPECT_EQ(Client(server.port()).get("/v1/diagnosis").status, 200);
    EXPECT_EQ(server.stop(), 0);
    EXPECT_EQ(*read_file(journal.string() + ".damaged"), bytes) << "kept for whoever wants to look";
  }
}

TEST(ServeLimits, AModelWithADamagedStateHindersNoOtherOne) {
  TemporaryDirectory folder;
  publish_small(folder.path(), "broken");
  publish_small(folder.path(), "m");
  ASSERT_TRUE(write_file_atomic(folder.path() / "broken/state.json", "").ok());
  ServerProcess server(folder.path());
  ASSERT_NE(server.port(), 0) << server.err();
  EXPECT_EQ(Client(server.port()).post(kPredict, kGoodRow).status, 200);
  EXPECT_EQ(Client(server.port()).post("/v1/models/broken:predict", kGoodRow).status, 404);
  EXPECT_NE(server.err().find("broken/state.json"), std::string::npos) << server.err();
  EXPECT_EQ(server.stop(), 0);
}

TEST(ServeLimits, PagesOfAnotherOriginDecideNothing) {
  TemporaryDirectory folder;
  publish_small(folder.path(), "m");
  ServerProcess server(folder.path());
  ASSERT_NE(server.port(), 0) << server.err();
  Client client(server.port());
  for (const std::string path : {"/v1/repairs/approve", "/v1/repairs/refuse"}) {
    const std::string repair = R"({"repair": 1})";
    EXPECT_EQ(client.post(path, repair, "Origin: http://evil.example\r\n").status, 403) << path;
    EXPECT_EQ(client.post(path, repair, "Origin: null\r\n").status, 403) << path << ": a file, a sandbox";
    EXPECT_EQ(client.post(path, repair).status, 404) << path << ": there is no such repair";
    EXPECT_EQ(client.post(path, "{}").status, 400) << path;
  }
  EXPECT_EQ(server.stop(), 0);
}

TEST(ServeLimits, AStoreThatCannotBeWrittenIsServed) {
  TemporaryDirectory folder;
  publish_small(folder.path(), "m");
  // Where the journal's folder should be: not even root can write a file into a file.
  ASSERT_TRUE(write_file_atomic(folder.path() / ".slipway", "in the way").ok());
  ServerProcess server(folder.path());
  ASSERT_NE(server.port(), 0) << server.err();
  EXPECT_NE(server.err().find("the store cannot be written"), std::string::npos) << server.err();
  EXPECT_NE(server.err().find("--journal"), std::string::npos) << server.err();
  Client client(server.port());
  EXPECT_EQ(client.post(kPredict, kGoodRow).status, 200);
  for (int i = 0; i < 60; ++i) static_cast<void>(client.post(kPredict, "nonsense"));
  EXPECT_TRUE(eventually([&] {
    Result<Json> alarms = Json::parse(Client(server.port()).get("/v1/alarms").body);
    return alarms.ok() && !(*alarms)["active"].items().empty();
  })) << "it watches all the same";
  EXPECT_EQ(server.stop(), 0);
}

TEST(ServeLimits, WhatIsDeletedFromTheStoreIsServedNoMore) {
  TemporaryDirectory folder;
  publish_small(folder.path(), "m", 1);
  publish_small(folder.path(), "m", 2);
  publish_small(folder.path(), "kept", 3);
  ServerProcess server(folder.path(), {"--poll-ms", "20"});
  ASSERT_NE(server.port(), 0) << server.err();
  Client client(server.port());
  EXPECT_EQ(client.post(kPredict, kGoodRow).status, 200);
  auto state = [&](int version) {
    Result<Json> page = Json::parse(client.get(fmt::format("/v1/models/m/versions/{}", version)).body);
    return page.ok() ? (*page)["model_version_status"].items()[0]["state"].as_string() : "";
  };
  fs::remove_all(folder.path() / "m" / "2");
  EXPECT_TRUE(eventually([&] { return state(2) == "END"; })) << server.err();
  EXPECT_EQ(client.post("/v1/models/m/versions/2:predict", kGoodRow).status, 404);
  EXPECT_EQ(client.post(kPredict, kGoodRow).status, 200) << "the version before answers";
  fs::remove_all(folder.path() / "m");
  EXPECT_TRUE(eventually([&] { return state(1) == "END"; })) << server.err();
  EXPECT_EQ(client.post(kPredict, kGoodRow).status, 404);
  EXPECT_EQ(client.post(kInfer, "{}").status, 404);
  EXPECT_EQ(client.get("/v2/models/m/ready").status, 400);
  EXPECT_NE(server.err().find("version 1 is unloaded: it was deleted from the store"), std::string::npos)
      << server.err();
  EXPECT_EQ(client.post("/v1/models/kept:predict", kGoodRow).status, 200);
  publish_small(folder.path(), "m", 4);
  EXPECT_TRUE(eventually([&] { return client.post(kPredict, kGoodRow).status == 200; })) << server.err();
}

TEST(ServeLimits, ClientsAreNotToldWhereTheStoreLies) {
  TemporaryDirectory folder;
  publish_small(folder.path(), "m");
  std::ofstream(folder.path() / "m" / "1" / "model.onnx", std::ios::app) << "x";
  ServerProcess server(folder.path());
  ASSERT_NE(server.port(), 0) << server.err();
  Client client(server.port());
  for (const Reply& reply :
       {client.get("/v1/models/m"), client.post("/v1/models/m/versions/1:predict", kGoodRow),
        client.post("/v2/models/m/versions/1/infer", "{}"), client.get("/v2/models/m/versions/1")}) {
    EXPECT_NE(reply.body.find("m/1/model.onnx: expected SHA-256"), std::string::npos) << reply.body;
    EXPECT_EQ(reply.body.find(folder.path().string()), std::string::npos) << reply.body;
  }
  EXPECT_NE(server.err().find(folder.path().string() + "/m/1/model.onnx"), std::string::npos) << "the log tells";
}

// The folder's name would forge a line of the log.
TEST(ServeLimits, AnEmptyStoreIsRemarkedInOneLineAndServesWhatComes) {
  TemporaryDirectory folder;
  fs::path store = folder.path() / "a\n2026-01-01T00:00:00Z model m serves version 666\x1B[2J";
  ASSERT_TRUE(make_directories(store).ok());
  ServerProcess server(store, {"--poll-ms", "20"});
  ASSERT_NE(server.port(), 0) << server.err();
  EXPECT_NE(server.err().find("holds no model yet"), std::string::npos) << server.err();
  EXPECT_NE(server.err().find("a\\n2026-01-01T00:00:00Z model m serves version 666\\x1b[2J"), std::string::npos);
  EXPECT_EQ(server.err().find("\n2026-01-01T00:00:00Z"), std::string::npos) << server.err();
  publish_small(store, "m");
  EXPECT_TRUE(eventually([&] { return Client(server.port()).post(kPredict, kGoodRow).status == 200; }));
}

TEST(ServeLimits, ASecondServerOnAStoreIsRemarked) {
  LiveServer first;
  ASSERT_NE(first.port(), 0);
  EXPECT_EQ(first.process().err().find("another server"), std::string::npos);
  TemporaryDirectory folder;
  ServerProcess second(first.store(), {"--journal", (folder.path() / "j.sqlite").string()});
  ASSERT_NE(second.port(), 0) << second.err();
  EXPECT_NE(second.err().find("another server watches"), std::string::npos) << second.err();
  ServerProcess third(first.store(), {"--no-monitor"});
  ASSERT_NE(third.port(), 0) << third.err();
  EXPECT_EQ(third.err().find("another server"), std::string::npos) << third.err();
  EXPECT_EQ(second.stop(), 0);
  EXPECT_EQ(third.stop(), 0);
  first.expect_well();
}

}  // namespace
}  // namespace slipway
