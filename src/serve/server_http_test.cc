// The server's HTTP: codings, methods, heads, and limits that keep it answering.
#include <condition_variable>
#include <future>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/utf8.h"
#include "serve/http/coding.h"
#include "serve/server.h"
#include "support/serving.h"

namespace slipway {
namespace {

using http::Coding;
using http::encode;
using testing::Client;
using testing::eventually;
using testing::FakeSession;
using testing::FakeSource;
using testing::Reply;

// Runs for as long as the test wants.
class HeldSession final : public FakeSession {
 public:
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    if (inputs[0].dim(0) > 1000) {
      std::unique_lock lock(mutex);
      started = true;
      changed.notify_all();
      changed.wait(lock, [this] { return released; });
    }
    return FakeSession::run(inputs);
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool started = false;
  bool released = false;
};

class ServerHttp : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.http.threads = 1;
    options.manager.poll_ms = 5;
    source_.publish("m");
    Result<std::unique_ptr<Server>> server =
        Server::start(options, &source_, [this](const std::string&, int64_t) -> Result<LoadedModel> {
          auto session = std::make_unique<HeldSession>();
          session_ = session.get();
          return LoadedModel{std::move(session)};
        });
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }
  uint16_t port() const { return server_->port(); }
  Reply raw(const std::string& bytes) const {
    Client client(port());
    client.send(bytes);
    return client.receive();
  }

  FakeSource source_;
  HeldSession* session_ = nullptr;
  std::unique_ptr<Server> server_;
};

constexpr const char* kPredict = "/v1/models/m:predict";
constexpr const char* kInfer = "/v2/models/m/infer";
constexpr const char* kRows = R"({"instances":[[1,2,3]]})";
constexpr const char* kAnswer = R"({"predictions":[[2.0,4.0,6.0]]})";

std::string many_rows(int rows) {
  std::string body = R"({"instances":[[1,2,3])";
  for (int i = 1; i < rows; ++i) body += ",[1,2,3]";
  return body + "]}";
}

std::string unpacked(Coding coding, std::string_view bytes) {
  http::BodyBudget budget(uint64_t{1} << 30);
  http::Body out(&budget);
  Status status = http::decode(coding, bytes, uint64_t{1} << 30, out);
  return status.ok() ? std::string(out.view()) : status.message();
}

TEST_F(ServerHttp, PackedRequestsAreUnpacked) {
  start();
  Client client(port());
  EXPECT_EQ(client.post(kPredict, encode(Coding::gzip, kRows), "Content-Encoding: gzip\r\n").body, kAnswer);
  EXPECT_EQ(client.post(kPredict, encode(Coding::deflate, kRows), "content-encoding: Deflate\r\n").body, kAnswer);
  EXPECT_EQ(client.post(kPredict, kRows, "Content-Encoding: identity\r\n").body, kAnswer);
  // As tritonclient packs: JSON and tensors together, the length of the JSON before packing.
  float x[3] = {1, 2, 3};
  std::string json =
      R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]})";
  std::string body = json + std::string(reinterpret_cast<const char*>(x), sizeof(x));
  Reply reply =
      client.post(kInfer, encode(Coding::gzip, body),
                  fmt::format("Content-Encoding: gzip\r\nInference-Header-Content-Length: {}\r\n", json.size()));
  EXPECT_NE(reply.body.find(R"("data":[2.0,4.0,6.0])"), std::string::npos) << reply.body;
}

TEST_F(ServerHttp, RequestsThatDoNotUnpackAreRefused) {
  ServerOptions options;
  options.http.body_limit = 1 << 20;
  start(options);
  Client client(port());
  Reply reply = client.post(kPredict, kRows, "Content-Encoding: gzip\r\n");
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("is not gzip as its Content-Encoding says"), std::string::npos) << reply.body;
  reply = client.post(kPredict, encode(Coding::gzip, std::string(100 << 20, ' ')), "Content-Encoding: gzip\r\n");
  EXPECT_EQ(reply.status, 413);
  EXPECT_NE(reply.body.find("unpacks to more than the limit of 1048576 bytes"), std::string::npos) << reply.body;
  EXPECT_EQ(client.post(kPredict, kRows).body, kAnswer) << "the connection goes on";
  reply = client.post(kPredict, kRows, "Content-Encoding: br\r\n");
  EXPECT_EQ(reply.status, 415);
  EXPECT_NE(reply.head.find("Accept-Encoding: gzip, deflate, identity"), std::string::npos) << reply.head;
  EXPECT_NE(reply.body.find("expected gzip, deflate or identity"), std::string::npos) << reply.body;
}

TEST_F(ServerHttp, AnswersArePackedWhenAskedAndNotSmall) {
  start();
  Client client(port());
  const std::string plain = client.post(kPredict, many_rows(200)).body;
  for (const auto& [coding, name] : {std::pair(Coding::gzip, "gzip"), std::pair(Coding::deflate, "deflate")}) {
    Reply reply = client.post(kPredict, many_rows(200), fmt::format("Accept-Encoding: {}\r\n", name));
    EXPECT_NE(reply.head.find(fmt::format("Content-Encoding: {}", name)), std::string::npos) << reply.head;
    EXPECT_NE(reply.head.find("Vary: Accept-Encoding"), std::string::npos) << reply.head;
    EXPECT_LT(reply.body.size(), plain.size() / 4);
    EXPECT_EQ(unpacked(coding, reply.body), plain);
  }
  Reply small = client.post(kPredict, kRows, "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(small.body, kAnswer);
  EXPECT_EQ(small.head.find("Content-Encoding"), std::string::npos);
  EXPECT_EQ(client.post(kPredict, many_rows(200), "Accept-Encoding: gzip;q=0, br\r\n").body, plain);
}

TEST_F(ServerHttp, OptionsAndMethodsThatAreNotThere) {
  start();
  auto ask = [&](const std::string& method, const std::string& path, const std::string& headers = "") {
    return raw(fmt::format("{} {} HTTP/1.1\r\nHost: t\r\n{}\r\n", method, path, headers));
  };
  Reply reply = ask("OPTIONS", kPredict, "Origin: http://a.b\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.head.find("Allow: POST, OPTIONS\r\n"), std::string::npos) << reply.head;
  EXPECT_EQ(reply.head.find("Access-Control-Allow-Origin"), std::string::npos) << "only --cors lets browsers in";
  reply = ask("OPTIONS", kPredict);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, R"({"error":"Origin header is missing in CORS preflight"})");
  EXPECT_EQ(ask("OPTIONS", kInfer).status, 200);
  EXPECT_EQ(ask("OPTIONS", "*").status, 200);
  EXPECT_EQ(ask("OPTIONS", "/nowhere").status, 404);
  const std::tuple<const char*, const char*, int, const char*> table[] = {
      {"GET", kPredict, 400, "Allow: POST, OPTIONS\r\n"},
      {"DELETE", "/v1/models/m", 400, "Allow: GET, HEAD, OPTIONS\r\n"},
      {"GET", kInfer, 405, "Allow: POST, OPTIONS\r\n"},
      {"PUT", "/v2/models/m/versions/1/infer", 405, "Allow: POST, OPTIONS\r\n"},
      {"POST", "/metrics", 405, "Allow: GET, HEAD, OPTIONS\r\n"},
      {"POST", "/v2", 405, "Allow: GET, HEAD, OPTIONS\r\n"},
      {"POST", "/v2/health/live", 405, "Allow: GET, HEAD, OPTIONS\r\n"},
      {"POST", "/v2/models/m", 405, "Allow: GET, HEAD, OPTIONS\r\n"},
      {"POST", "/v2/models/m/ready", 405, "Allow: GET, HEAD, OPTIONS\r\n"},
      {"POST", "/v1/models/m/metadata", 400, "Allow: GET, HEAD, OPTIONS\r\n"},
  };
  for (const auto& [method, path, status, allow] : table) {
    reply = ask(method, path);
    EXPECT_EQ(reply.status, status) << method << " " << path;
    EXPECT_NE((reply.head + "\r\n").find(allow), std::string::npos) << method << " " << path << "\n" << reply.head;
  }
}

TEST_F(ServerHttp, BrowsersOfAnAllowedOriginMayAsk) {
  ServerOptions options;
  options.http.allow_origin = "http://a.b";
  start(options);
  Reply reply = Client(port()).post(kPredict, kRows, "Origin: http://a.b\r\n");
  EXPECT_EQ(reply.body, kAnswer);
  EXPECT_NE(reply.head.find("Access-Control-Allow-Origin: http://a.b"), std::string::npos) << reply.head;
}

TEST_F(ServerHttp, HeadsThatCouldBeMisreadAreRefused) {
  start();
  const std::string length = fmt::format("Content-Length: {}\r\n\r\n{}", std::string(kRows).size(), kRows);
  auto post = [&](const std::string& headers, const std::string& rest, const std::string& target = kPredict) {
    return raw(fmt::format("POST {} HTTP/1.1\r\n{}{}", target, headers, rest));
  };
  EXPECT_EQ(post("Host: t\r\n", length).body, kAnswer);
  EXPECT_EQ(post("Host: t\r\n", length, "http://other:99/v1/models/m:predict").body, kAnswer) << "absolute form";
  EXPECT_EQ(post("", length).status, 400);
  EXPECT_EQ(post("Host: t\r\nHost: t\r\n", length).status, 400);
  Reply folded = post("Host: t\r\nX: a\r\n b\r\n", length);
  EXPECT_EQ(folded.status, 400);
  EXPECT_NE(folded.body.find("obs-fold"), std::string::npos) << folded.body;
  // What follows an unknown transfer coding is nobody's request.
  Client client(port());
  client.send(
      fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\nGET /v2 HTTP/1.1\r\nHost: "
                  "t\r\n\r\n",
                  kPredict));
  client.end();
  std::string all = client.receive_all();
  EXPECT_NE(all.find("501 Not Implemented"), std::string::npos) << all;
  EXPECT_NE(all.find("Connection: close"), std::string::npos) << all;
  EXPECT_EQ(all.find("200 OK"), std::string::npos) << all;
}

TEST_F(ServerHttp, WhatClientsSendIsEchoedAsUtf8Only) {
  start();
  Client client(port());
  for (const Reply& reply :
       {client.post("/v1/models/a%FFb:predict", kRows), client.post("/v2/models/a%C3/infer", "{}"),
        client.post(kPredict, "{\"instances\":[\"\xFF\"]}"),
        client.post(kInfer,
                    R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}],"outputs":[{"name":")"
                    "\xFF\"}]}")}) {
    EXPECT_GE(reply.status, 400);
    EXPECT_FALSE(invalid_utf8(reply.body)) << reply.body;
    EXPECT_TRUE(Json::parse(reply.body).ok()) << reply.body;
  }
}

TEST_F(ServerHttp, ARepeatedOutputIsRefused) {
  start();
  std::string outputs = R"({"name":"y"})";
  for (int i = 0; i < 10000; ++i) outputs += R"(,{"name":"y"})";
  Reply reply = Client(port()).post(
      kInfer,
      R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}],"outputs":[)" + outputs + "]}");
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("inference output 'y' is asked for more than once"), std::string::npos) << reply.body;
}

TEST_F(ServerHttp, AnswersAreLimited) {
  ServerOptions options;
  options.answer_limit = 2000;
  start(options);
  Client client(port());
  EXPECT_EQ(client.post(kPredict, many_rows(100)).status, 200);
  Reply reply = client.post(kPredict, many_rows(200));
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("the answer is larger than the limit of 2000 bytes"), std::string::npos) << reply.body;
}

TEST_F(ServerHttp, BodiesUnderWayHaveATotalLimit) {
  ServerOptions options;
  options.http.body_memory = 1 << 20;
  start(options);
  const std::string body = many_rows(87'000);  // 700 kB
  ASSERT_LT(body.size(), size_t{1} << 20);
  std::string head = fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n", kPredict, body.size());
  session_->released = true;
  Client first(port());
  first.send(head + body.substr(0, body.size() - 1));
  ASSERT_TRUE(eventually([&] {
    return Client(port()).get("/metrics").body.find(fmt::format("slipway_http_body_bytes {}\n", body.size() - 1)) !=
           std::string::npos;
  }));
  Client second(port());
  second.send(head + body);
  Reply refused = second.receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.head.find("Retry-After: 1"), std::string::npos) << refused.head;
  EXPECT_NE(refused.body.find("--max-body-memory"), std::string::npos) << refused.body;
  EXPECT_EQ(Client(port()).post(kPredict, kRows).body, kAnswer) << "small bodies have room";
  first.send(body.substr(body.size() - 1));
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(Client(port()).post(kPredict, body).status, 200);
  EXPECT_TRUE(eventually(
      [&] { return Client(port()).get("/metrics").body.find("slipway_http_body_bytes 0\n") != std::string::npos; }));
}

// One loop, and a large request that does not end until a small one was answered.
TEST_F(ServerHttp, LargeBodiesAreReadOffTheLoop) {
  ServerOptions options;
  options.batch.max_rows = 1;
  start(options);
  auto large = std::async(std::launch::async, [&] { return Client(port()).post(kPredict, many_rows(50'000)).status; });
  {
    std::unique_lock lock(session_->mutex);
    session_->changed.wait(lock, [&] { return session_->started; });
  }
  EXPECT_EQ(Client(port()).post(kPredict, kRows).body, kAnswer);
  {
    std::lock_guard lock(session_->mutex);
    session_->released = true;
  }
  session_->changed.notify_all();
  EXPECT_EQ(large.get(), 200);
}

TEST_F(ServerHttp, ABodySentByteByByteIsNotWaitedForForever) {
  ServerOptions options;
  options.http.request_timeout_s = 1;
  start(options);
  Client client(port());
  client.send(fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n", kPredict));
  std::atomic<bool> answered{false};
  std::thread dripping([&] {
    while (!answered && client.send("x")) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  });
  Reply reply = client.receive();
  EXPECT_EQ(reply.status, 408);
  EXPECT_NE(reply.body.find("within 1 s and at 500 bytes per second"), std::string::npos) << reply.body;
  answered = true;
  dripping.join();
}

// Three times as many slow clients as connections, each back as soon as it is cut off.
TEST_F(ServerHttp, SlowClientsLockNobodyOut) {
  ServerOptions options;
  options.http.max_connections = 40;
  start(options);
  const std::string head = fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: 400\r\n\r\n{{", kPredict);
  std::atomic<bool> done{false};
  std::vector<std::unique_ptr<Client>> dribblers(120);
  for (auto& dribbler : dribblers) {
    dribbler = std::make_unique<Client>(port());
    dribbler->send(head);
  }
  std::thread dribbling([&] {
    while (!done) {
      for (auto& dribbler : dribblers) {
        if (dribbler->send("1")) continue;
        dribbler = std::make_unique<Client>(port());
        dribbler->send(head);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(eventually([&] { return Client(port()).get("/v2/health/ready").status == 200; }));
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(eventually([&] { return Client(port()).post(kPredict, kRows).body == kAnswer; }));
  done = true;
  dribbling.join();
  std::string metrics;
  EXPECT_TRUE(eventually([&] { return !(metrics = Client(port()).get("/metrics").body).empty(); }));
  EXPECT_EQ(metrics.find("slipway_http_evicted_total 0\n"), std::string::npos);
}

TEST_F(ServerHttp, HalfARequestDoesNotHoldUpAStop) {
  start();
  Client head(port());
  head.send("POST /v1/models/m:predict HTTP/1.1\r\nHo");
  Client body(port());
  body.send(fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: 400\r\n\r\n{{", kPredict));
  ASSERT_EQ(Client(port()).post(kPredict, kRows).status, 200);
  auto begin = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  for (Client* client : {&head, &body}) {
    Reply reply = client->receive();
    EXPECT_EQ(reply.status, 503);
    EXPECT_NE(reply.body.find("the server is stopping"), std::string::npos) << reply.body;
  }
}

}  // namespace
}  // namespace slipway
