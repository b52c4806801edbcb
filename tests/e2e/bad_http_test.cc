// Bad HTTP and bad starts of a real server: bytes that are no request, lengths that lie, bodies too large, clients that
// stop or dawdle, flags and files that cannot be used.
#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/live_server.h"

namespace slipway {
namespace {

using testing::Client;
using testing::eventually;
using testing::Reply;

std::string head(const std::string& more, const std::string& path = kPredict) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: t\r\n{}\r\n", path, more);
}

TEST(BadHttp, MalformedRequestsAreAnsweredAndClosed) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  struct Row {
    std::string bytes;
    int status;
    std::vector<std::string> says;
  };
  const Row rows[] = {
      {"hello\r\n\r\n", 400, {"malformed HTTP request", "expected HTTP/1.1"}},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400, {"found TLS", "use http://"}},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, {"bad version"}},
      {"GET /\r\n\r\n", 400, {"malformed HTTP request"}},
      {head("Content-Length: -5\r\n"), 400, {"bad Content-Length"}},
      {head("Content-Length: x\r\n"), 400, {"bad Content-Length"}},
      {head("Content-Length: 99999999999999999999999\r\n"), 400, {"bad Content-Length"}},
      {head("Content-Length: 2\r\nContent-Length: 3\r\n") + "{}", 400, {"multiple Content-Length"}},
      {head("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + "2\r\n{}\r\n0\r\n\r\n",
       400,
       {"Transfer-Encoding"}},
      {head("Transfer-Encoding: chunked\r\n") + "ZZ\r\n{}\r\n0\r\n\r\n", 400, {"bad chunk"}},
      {head("X: " + std::string(1 << 20, 'a') + "\r\n"), 431, {"headers are larger than the limit of 65536 bytes"}},
      {"GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\n\r\n", 431, {"larger than the limit of 65536 bytes"}},
  };
  for (const Row& row : rows) expect_error(server.raw(row.bytes), row.status, row.says, row.bytes.substr(0, 80));
  std::mt19937 random(11);
  for (int i = 0; i < 50; ++i) {
    std::string noise;
    for (int n = 0; n < 300; ++n) noise += static_cast<char>(random());
    Reply reply = server.raw(noise + "\r\n\r\n");
    EXPECT_TRUE(reply.status == 400 || reply.status == 0) << reply.status;
  }
  server.expect_well();
}

TEST(BadHttp, BodiesOverTheLimit) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  int64_t before = server.process().resident_bytes();
  const std::string megabyte(1 << 20, ' ');
  for (bool chunked : {false, true}) {
    Client client(server.port());
    client.send(head(chunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: 104857600\r\n"));
    std::string piece = chunked ? fmt::format("{:x}\r\n{}\r\n", megabyte.size(), megabyte) : megabyte;
    for (int i = 0; i < 100 && client.send(piece); ++i) {
    }
    expect_error(client.receive(), 413, {"larger than the limit of 67108864 bytes", "--body-limit", "fewer rows"},
                 chunked ? "chunked" : "Content-Length");
  }
  int64_t grown = server.process().resident_bytes() - before;
#ifdef __SANITIZE_ADDRESS__
  grown -= int64_t{256} << 20;  // its quarantine keeps so much of what was freed
#endif
  EXPECT_LT(grown, int64_t{100} << 20) << "the memory of a refused body is kept";
  server.expect_well();
}

TEST(BadHttp, ALargeBodyWithinTheLimitIsAnswered) {
  LiveServer server({"--body-limit", "128MB"});
  ASSERT_NE(server.port(), 0);
  std::string body = kGoodRow;
  body.insert(body.size() - 1, std::string(100'000'000, ' '));
  EXPECT_EQ(server.post(kPredict, body).status, 200);
  server.expect_well();
}

TEST(BadHttp, LengthsThatLie) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  {
    Client client(server.port());
    client.send(head("Content-Length: 200\r\n") + "{}");
    client.end();
    expect_error(client.receive(), 400, {"cut off", "198 bytes of its body are missing", "Content-Length"}, "too long");
  }
  {
    Client client(server.port());
    client.send("POST /v1/models");
    client.end();
    expect_error(client.receive(), 400, {"cut off"}, "half a line");
  }
  // What is behind a body that was said to be short is taken for the next request, and refused as such.
  std::string all;
  {
    Client client(server.port());
    client.send(head("Content-Length: 2\r\n") + kGoodRow);
    all = client.receive_all();
  }
  EXPECT_NE(all.find("400 Bad Request"), std::string::npos) << all;
  EXPECT_NE(all.find("malformed HTTP request"), std::string::npos) << all;
  for (int i = 0; i < 200; ++i) {
    Client client(server.port());
    client.send(head("Content-Length: 4000\r\n").substr(0, static_cast<size_t>(20 + i % 60)));
  }
  server.expect_well();
}

TEST(BadHttp, DawdlersDoNotHoldUpOthers) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  std::vector<std::unique_ptr<Client>> dawdlers;
  for (int i = 0; i < 300; ++i) {
    dawdlers.push_back(std::make_unique<Client>(server.port()));
    ASSERT_TRUE(dawdlers.back()->connected());
    dawdlers.back()->send(i % 2 == 0 ? "POST /v1/mod" : head("Content-Length: 400\r\n") + "{\"ins");
  }
  Client good(server.port());
  for (int i = 0; i < 200; ++i) {
    for (size_t d = static_cast<size_t>(i) % 10; d < dawdlers.size(); d += 10) dawdlers[d]->send("e");
    ASSERT_EQ(good.post(kPredict, kGoodRow).status, 200);
  }
  dawdlers.clear();
  server.expect_well();
}

TEST(BadHttp, PipelinedRequestsAndAnEarlyEnd) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  std::string one = head(fmt::format("Content-Length: {}\r\n", std::string(kGoodRow).size())) + kGoodRow;
  Client client(server.port());
  std::string many;
  for (int i = 0; i < 100; ++i) many += one;
  client.send(many + "POST /v1");
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.receive().status, 200) << i;
  server.expect_well();
}

// Starts that must fail, with the same server running all the while.
TEST(BadServe, StartsThatCannotBe) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  TemporaryDirectory folder;
  auto put = [&](const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file_atomic(folder.path() / name, text).ok());
    return (folder.path() / name).string();
  };
  std::string store = server.store().string();
  std::string journal = (folder.path() / "j.sqlite").string();
  auto serve = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"serve", store};
    words.insert(words.end(), more.begin(), more.end());
    bool named = std::ranges::find(more, "--journal") != more.end();  // not the one that is in use
    if (!named) words.insert(words.end(), {"--journal", journal});
    return words;
  };
  std::string port = fmt::format("{}", server.port());
  const BadInput rows[] = {
      {serve({"--address", "127.0.0.1", "--http", port}),
       1,
       {"127.0.0.1:" + port, "in use", "Choose another port with --http"}},
      {serve({"--http", "1", "--http", "2"}), 2, {"--http: given more than once", "give it once"}},
      {serve({"--http", "70000"}), 2, {"--http", "70000"}},
      {serve({"--http", "x"}), 2, {"--http", "'x'"}},
      {serve({"--address", "here"}), 2, {"--address \"here\"", "not an IP address", "127.0.0.1"}},
      {serve({"--threads", "-1"}), 2, {"--threads", "[0 - 1024]", "found '-1'"}},
      {serve({"--batch-rows", "0"}), 2, {"--batch-rows", "[1 - 65536]", "found '0'"}},
      {serve({"--queue", "0"}), 2, {"--queue: expected a number above 0, found '0'"}},
      {serve({"--body-limit", "lots"}), 2, {"--body-limit", "lots"}},
      {serve({"--poll-ms", "-3"}), 2, {"--poll-ms: expected a number above 0, found '-3'"}},
      {serve({"--polly", "x"}), 2, {"unknown option --polly", "did you mean --policy?"}},
      {serve({"--policy", (folder.path() / "none.toml").string()}), 3, {"none.toml", "No such file", "check the path"}},
      {serve({"--policy", put("a.toml", "[rollback\n")}), 2, {"a.toml:1: not TOML"}},
      {serve({"--policy", put("b.toml", "[rolback]\n")}), 2, {"b.toml:1:", "\"rolback\"", "did you mean rollback?"}},
      {serve({"--policy", put("c.toml", "[rollback]\nmin_confidence = 3\n")}), 2, {"c.toml:2:", "[0, 1]", "found 3"}},
      {serve({"--policy", put("d.toml", "[rollback]\nautomatik = true\n")}),
       2,
       {"d.toml:2:", "did you mean automatic?"}},
      {serve({"--threshold", (folder.path() / "none.json").string()}), 3, {"none.json", "check the path"}},
      {serve({"--threshold", put("t.json", "{")}), 2, {"t.json", "JSON"}},
      {serve({"--webhook", "ftp://x"}), 2, {"webhook", "http:// or https://", "found \"ftp://x\""}},
      {serve({"--journal", (folder.path() / "no/j.sqlite").string()}),
       1,
       {"no/j.sqlite", "unable to open", "--journal"}},
      {serve({"--journal", put("bad.sqlite", std::string(8192, 'x'))}),
       4,
       {"bad.sqlite", "not a database", "move the"}},
  };
  for (const BadInput& row : rows) expect_refused(row);
  EXPECT_EQ(*read_file(folder.path() / "bad.sqlite"), std::string(8192, 'x'));
  server.expect_well();
}

// Raises the alarm of a client that sends nonsense; its id.
int64_t raise_alarm(const LiveServer& server) {
  for (int i = 0; i < 60; ++i) static_cast<void>(server.post(kPredict, "nonsense"));
  int64_t id = 0;
  EXPECT_TRUE(eventually([&] {
    Result<Json> alarms = Json::parse(server.get("/v1/alarms").body);
    if (alarms.ok() && !(*alarms)["active"].items().empty()) id = (*alarms)["active"].items()[0]["id"].as_int();
    return id > 0;
  }));
  return id;
}

TEST(BadServe, AnUnreachableWebhookIsToldAndHarmsNothing) {
  LiveServer server({"--webhook", "http://127.0.0.1:1/alarms"});
  ASSERT_NE(server.port(), 0);
  EXPECT_GT(raise_alarm(server), 0);
  EXPECT_TRUE(eventually([&] {
    std::string log = server.process().err();
    return log.find("webhook http://127.0.0.1:1/alarms: ") != std::string::npos &&
           log.find("check the URL of --webhook") != std::string::npos;
  })) << server.process().err();
  server.expect_well();
  EXPECT_EQ(server.process().stop(), 0);
}

}  // namespace
}  // namespace slipway
