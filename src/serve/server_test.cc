// The server over loopback sockets: both protocols, bad input of every kind, reloads and stops under load.
#include "serve/server.h"

#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

#include "base/json.h"
#include "support/serving.h"

namespace slipway {
namespace {

using testing::Client;
using testing::eventually;
using testing::FakeSession;
using testing::FakeSource;
using testing::Reply;

// The factor of a version is the version itself: answers tell who made them.
class ServerTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.http.address = "127.0.0.1";
    options.http.threads = 2;
    options.manager.poll_ms = 5;
    if (source_.models()->empty()) source_.publish("m");
    Result<std::unique_ptr<Server>> server = Server::start(
        options, &source_,
        [this](const std::string&, int64_t version) -> Result<LoadedModel> {
          auto session = std::make_unique<FakeSession>(static_cast<float>(version));
          if (delay_us_ > 0) session->delay_us = delay_us_.load();
          return LoadedModel{std::move(session), testing::rows_of_fake(), {"a", "b", "c"}};
        },
        [this](Observation seen) {
          std::lock_guard lock(seen_mutex_);
          seen_.push_back(std::move(seen));
          return true;
        });
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }
  uint16_t port() { return server_->port(); }
  std::vector<Observation> seen() {
    std::lock_guard lock(seen_mutex_);
    return seen_;
  }

  FakeSource source_;
  std::atomic<int64_t> delay_us_{0};
  std::mutex seen_mutex_;
  std::vector<Observation> seen_;
  std::unique_ptr<Server> server_;
};

constexpr const char* kPredict = "/v1/models/m:predict";
constexpr const char* kRows = R"({"instances":[[1,2,3]]})";

TEST_F(ServerTest, PredictsByRowAndColumn) {
  start();
  Client client(port());
  Reply reply = client.post(kPredict, kRows);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"predictions":[[1.0,2.0,3.0]]})");
  EXPECT_NE(reply.head.find("Content-Type: application/json"), std::string::npos);
  EXPECT_EQ(client.post(kPredict, R"({"inputs":[[1,2,3]]})").body, R"({"outputs":[[1.0,2.0,3.0]]})");
  EXPECT_EQ(client.post(kPredict, R"({"instances":[[NaN,Infinity,-Infinity]]})").body,
            R"({"predictions":[[NaN,Infinity,-Infinity]]})");
}

TEST_F(ServerTest, AddressesVersionsAndLabels) {
  for (int i = 0; i < 3; ++i) source_.publish("m");
  start();
  Client client(port());
  EXPECT_EQ(client.post(kPredict, kRows).body, R"({"predictions":[[3.0,6.0,9.0]]})");
  EXPECT_EQ(client.post("/v1/models/m/versions/2:predict", kRows).body, R"({"predictions":[[2.0,4.0,6.0]]})");
  EXPECT_EQ(client.post("/v1/models/m/labels/production:predict", kRows).body, R"({"predictions":[[3.0,6.0,9.0]]})");
  Reply reply = client.post("/v1/models/m/labels/blue:predict", kRows);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, R"({"error":"Unrecognized servable version label: blue"})");
  reply = client.post("/v1/models/m/versions/99:predict", kRows);
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "{\"error\":\"Servable not found for request: Specific(m, 99)\"}");
  reply = client.post("/v1/models/half:predict", kRows);
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "{\"error\":\"Servable not found for request: Latest(half)\"}");
  reply = client.post("/v1/models/m/versions/99999999999999999999:predict", kRows);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, R"({"error":"Failed to convert version: 99999999999999999999 to numeric."})");
}

TEST_F(ServerTest, RefusesWrongRequestsWithAReason) {
  start();
  Client client(port());
  Reply reply = client.post(kPredict, "{nonsense");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, R"({"error":"JSON Parse error: Missing a name for object member. at offset: 1"})");
  EXPECT_EQ(client.post(kPredict, "").body, R"({"error":"JSON Parse error: The document is empty"})");
  reply = client.post(kPredict, R"({"instances":[[1,2]]})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("expected float32[batch, 3], found float32[1, 2]"), std::string::npos) << reply.body;
  reply = client.get(kPredict);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, R"({"error":"Malformed request: GET /v1/models/m:predict"})");
  EXPECT_EQ(client.get("/v1/models").body, R"({"error":"Missing model name in request."})");
  EXPECT_EQ(client.get("/nowhere").status, 404);
  EXPECT_EQ(client.get("/v2/models/m/infer").status, 405);
}

TEST_F(ServerTest, AHeadSentByteByByteIsNotWaitedForForever) {
  ServerOptions options;
  options.http.request_timeout_s = 1;
  start(options);
  Client client(port());
  std::atomic<bool> answered{false};
  std::thread dripping([&] {
    client.send("GET /v1/models/m HTTP/1.1\r\nX: ");
    while (!answered && client.send("x")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  Reply reply = client.receive();
  EXPECT_EQ(reply.status, 408);
  EXPECT_NE(reply.body.find("did not arrive within 1 s"), std::string::npos) << reply.body;
  answered = true;
  dripping.join();
}

TEST_F(ServerTest, TellsStatusAndMetadataAsTensorFlowServingDoes) {
  start();
  Client client(port());
  Json status = *Json::parse(client.get("/v1/models/m").body);
  const Json& version = status["model_version_status"].items()[0];
  EXPECT_EQ(version["version"].as_string(), "1");
  EXPECT_EQ(version["state"].as_string(), "AVAILABLE");
  EXPECT_EQ(version["status"]["error_code"].as_string(), "OK");
  EXPECT_EQ(version["status"]["error_message"].as_string(), "");
  EXPECT_EQ(client.get("/v1/models/x").body, R"({"error":"Could not find any versions of model x"})");
  EXPECT_EQ(client.get("/v1/models/m/versions/9").body, R"({"error":"Could not find version 9 of model m"})");
  Json metadata = *Json::parse(client.get("/v1/models/m/metadata").body);
  EXPECT_EQ(metadata["model_spec"].dump(), R"({"name":"m","signature_name":"","version":"1"})");
  const Json& signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"];
  EXPECT_EQ(signature["inputs"]["x"].dump(),
            R"({"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1","name":"batch"},{"size":"3","name":""}],)"
            R"("unknown_rank":false},"name":"x:0"})");
  EXPECT_EQ(signature["method_name"].as_string(), "tensorflow/serving/predict");
}

TEST_F(ServerTest, SpeaksV2) {
  start();
  Client client(port());
  EXPECT_EQ(client.get("/v2/health/live").status, 200);
  EXPECT_EQ(client.get("/v2/health/ready").status, 200);
  EXPECT_EQ((*Json::parse(client.get("/v2").body))["name"].as_string(), "slipway");
  EXPECT_EQ(
      client.get("/v2/models/m").body,
      R"({"name":"m","versions":["1"],"platform":"slipway_onnx","inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],)"
      R"("outputs":[{"name":"y","datatype":"FP32","shape":[-1,3]}]})");
  EXPECT_EQ(client.get("/v2/models/m/ready").status, 200);
  const char* index = R"([{"name":"m","version":"1","state":"READY","reason":""}])";
  EXPECT_EQ(client.post("/v2/repository/index", "").body, index);
  EXPECT_EQ(client.post("/v2/repository/index", R"({"ready":true})").body, index);
  EXPECT_EQ(client.post("/v2/repository/index", "all").status, 400);
  EXPECT_EQ(client.get("/v2/models/x/ready").status, 400);
  EXPECT_EQ(client.get("/v2/models/x").status, 400);
  EXPECT_EQ(client.get("/v2/models/m/versions/9").status, 404);
  Reply reply = client.post("/v2/models/m/infer",
                            R"({"id":"1","inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body,
            R"({"id":"1","model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,3],)"
            R"("data":[1.0,2.0,3.0]}]})");
}

TEST_F(ServerTest, SpeaksV2Binary) {
  start();
  Client client(port());
  float x[3] = {1, 2, 3};
  std::string raw(reinterpret_cast<const char*>(x), sizeof(x));
  std::string json = R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}],)"
                     R"("parameters":{"binary_data_output":true}})";
  // As the official client sends it: no Content-Type, a lower-case header.
  Reply reply = client.post("/v2/models/m/infer", json + raw,
                            fmt::format("inference-header-content-length: {}\r\n", json.size()));
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.head.find("Content-Type: application/octet-stream"), std::string::npos);
  size_t at = reply.head.find("Inference-Header-Content-Length: ");
  ASSERT_NE(at, std::string::npos);
  size_t length = std::stoul(reply.head.substr(at + 33));
  EXPECT_EQ(reply.body.substr(length), raw);
  EXPECT_EQ(
      (*Json::parse(reply.body.substr(0, length)))["outputs"].items()[0]["parameters"]["binary_data_size"].as_int(),
      12);
  EXPECT_EQ(client.post("/v2/models/m/infer", raw, "Inference-Header-Content-Length: 0\r\n").status, 200);
  EXPECT_EQ(client.post("/v2/models/m/infer", raw, "Inference-Header-Content-Length: 99\r\n").body,
            R"({"error":"inference header size should be in range (0, 12), got: 99"})");
}

TEST_F(ServerTest, KeepsConnectionsAliveAndAnswersPipelinedRequestsInOrder) {
  start();
  Client client(port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    std::string body = fmt::format(R"({{"instances":[[{},0,0]]}})", i);
    all += fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{}", kPredict, body.size(), body);
  }
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(client.receive().body, fmt::format(R"({{"predictions":[[{}.0,0.0,0.0]]}})", i));
}

TEST_F(ServerTest, ReadsChunkedAndSlicedRequests) {
  start();
  Client client(port());
  client.send("POST /v1/models/m:predict HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("6\r\n{\"inst\r\n");
  client.send("13\r\nances\":[[1,2,3]]}  \r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().body, R"({"predictions":[[1.0,2.0,3.0]]})");
  std::string request =
      fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{}", kPredict, std::strlen(kRows), kRows);
  for (char c : request) {
    client.send(std::string(1, c));
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  EXPECT_EQ(client.receive().status, 200);
}

TEST_F(ServerTest, ToleratesABodylessPostAndHttp10) {
  start();
  Client client(port());
  client.send("POST /v1/models/m:predict HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.receive().body, R"({"error":"JSON Parse error: The document is empty"})");
  Client old(port());
  old.send("GET /v2/health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(old.receive().head.find("Connection: keep-alive"), std::string::npos);
  old.send("GET /v2/health/live HTTP/1.0\r\n\r\n");
  EXPECT_NE(old.receive().head.find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, HeadIsAGetWithoutABody) {
  start();
  Client client(port());
  client.send(
      "HEAD /v2 HTTP/1.1\r\nHost: t\r\n\r\nGET /v2/health/ready HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  std::string both = client.receive_all();
  EXPECT_EQ(both.find("slipway"), std::string::npos) << both;
  size_t length = Client(port()).get("/v2").body.size();
  EXPECT_NE(both.find(fmt::format("Content-Length: {}\r\n", length)), std::string::npos) << both;
  EXPECT_NE(both.find("{\"ready\":true}"), std::string::npos) << both;
}

TEST_F(ServerTest, AnswersExpectContinueAndRefusesLargeBodiesBeforeTheyAreSent) {
  start();
  Client client(port());
  client.send(fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n", kPredict,
                          std::strlen(kRows)));
  EXPECT_EQ(client.receive().status, 100);
  client.send(kRows);
  EXPECT_EQ(client.receive().status, 200);
  Client large(port());
  large.send(fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 104857600\r\n\r\n",
                         kPredict));
  Reply reply = large.receive();
  EXPECT_EQ(reply.status, 413);
  EXPECT_NE(reply.body.find("104857600 bytes is larger than the limit of 67108864 bytes"), std::string::npos)
      << reply.body;
  EXPECT_NE(reply.body.find("--body-limit"), std::string::npos);
}

TEST_F(ServerTest, A100MegabyteBodySentAnywayGetsItsAnswer) {
  start();
  Client client(port());
  client.send(fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: 104857600\r\n\r\n", kPredict));
  std::string megabyte(1 << 20, '1');
  for (int i = 0; i < 100; ++i) {
    if (!client.send(megabyte)) break;
  }
  EXPECT_EQ(client.receive().status, 413);
  EXPECT_EQ(Client(port()).post(kPredict, kRows).status, 200);
}

TEST_F(ServerTest, ALargeBodyWithinTheLimitIsAnswered) {
  start();
  std::string body = R"({"instances":[[1,2,3])";
  for (int i = 1; i < 100000; ++i) body += ",[1,2,3]";
  body += "]}";
  Client client(port());
  Reply reply = client.post(kPredict, body);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body.size(), std::string("{\"predictions\":[]}").size() + 100000 * 13 + 99999);
}

TEST_F(ServerTest, MalformedHttpIsRefused) {
  start();
  for (const char* nonsense :
       {"hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"}) {
    Client client(port());
    client.send(nonsense);
    EXPECT_EQ(client.receive().status, 400) << nonsense;
  }
  Client client(port());
  client.send("GET / HTTP/1.1\r\nX: " + std::string(100000, 'x') + "\r\n\r\n");
  EXPECT_EQ(client.receive().status, 431);
}

TEST_F(ServerTest, ObservesEveryAnswer) {
  start();
  Client client(port());
  client.post(kPredict, R"({"instances":[[1,2,3],[4,5,6]]})");
  client.post(kPredict, "nonsense");
  client.post("/v1/models/x:predict", kRows);
  ASSERT_TRUE(eventually([&] { return seen().size() == 3; }));
  std::vector<Observation> all = seen();
  EXPECT_EQ(all[0].model, "m");
  EXPECT_EQ(all[0].version, 1);
  EXPECT_EQ(all[0].endpoint, "tfs_predict");
  EXPECT_EQ(all[0].rows, 2);
  EXPECT_EQ(to_string(all[0].input), "float32[2, 3] [[1, 2, 3], [4, 5, 6]]");
  EXPECT_EQ(to_string(all[0].output), "float32[2, 3] [[1, 2, 3], [4, 5, 6]]");
  EXPECT_GT(all[0].total_ns, 0);
  EXPECT_EQ(all[1].code, Code::invalid_argument);
  EXPECT_EQ(all[2].model, "x");
  EXPECT_EQ(all[2].code, Code::not_found);
  std::string metrics = client.get("/metrics").body;
  EXPECT_NE(
      metrics.find("slipway_requests_total{model_name=\"m\",version=\"1\",endpoint=\"tfs_predict\",status=\"OK\"} 1\n"),
      std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("endpoint=\"tfs_predict\",status=\"NOT_FOUND\"} 1\n"), std::string::npos);
  EXPECT_EQ(metrics.find("\"x\""), std::string::npos);
}

TEST_F(ServerTest, OtherRoomsAddRoutes) {
  start();
  server_->add_route("GET", "/v1/alarms", [](const HttpRequest& request) {
    return HttpResponse{.body = "alarms?" + std::string(request.query())};
  });
  Client client(port());
  EXPECT_EQ(client.get("/v1/alarms?open=1").body, "alarms?open=1");
  Reply refused = client.post("/v1/alarms", "");
  EXPECT_EQ(refused.status, 405);
  EXPECT_NE(refused.head.find("Allow: GET, HEAD, OPTIONS"), std::string::npos) << refused.head;
}

TEST_F(ServerTest, FullQueuesAnswer429And503) {
  delay_us_ = 30000;
  ServerOptions options;
  options.batch = {.max_rows = 1, .max_queue_rows = 1};
  options.worker_threads = 1;
  start(options);
  std::atomic<int> refused{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      Client client(port());
      Reply reply = i % 2 == 0
                        ? client.post(kPredict, kRows)
                        : client.post("/v2/models/m/infer",
                                      R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]})");
      if (reply.status == 200) {
        ++answered;
      } else if (reply.status == (i % 2 == 0 ? 429 : 503) &&
                 reply.body.find("Exceeds maximum queue size") != std::string::npos &&
                 reply.head.find("Retry-After: 1") != std::string::npos) {
        ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered + refused, 8);
  EXPECT_GE(refused, 2);
  EXPECT_GE(answered, 1);
}

TEST_F(ServerTest, FiftyPublishesInARowFailNoRequest) {
  start();
  std::atomic<bool> done{false};
  std::atomic<int64_t> answers{0};
  std::atomic<int64_t> failures{0};
  std::atomic<int64_t> newest{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Client client(port());
      float last = 0;
      while (!done) {
        Reply reply = client.post(kPredict, R"({"instances":[[1,1,1]]})");
        float version =
            reply.status == 200 ? std::strtof(reply.body.c_str() + std::strlen("{\"predictions\":[["), nullptr) : -1;
        if (version < last) ++failures;  // an error, or a version that was left behind
        last = version;
        newest = std::max<int64_t>(newest, static_cast<int64_t>(version));
        ++answers;
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    int64_t version = source_.publish("m");
    ASSERT_TRUE(eventually([&] { return server_->models().serving_version("m") == version; }));
  }
  ASSERT_TRUE(eventually([&] { return newest == 51; }));
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_GT(answers, 100);
}

TEST_F(ServerTest, AStopFinishesWhatIsUnderWayAndRefusesTheRest) {
  delay_us_ = 300000;
  start();
  Client idle(port());
  EXPECT_EQ(idle.get("/v2/health/ready").status, 200);
  std::atomic<int> status{0};
  std::string head;
  std::thread client_thread([&] {
    Client client(port());
    Reply reply = client.post(kPredict, kRows);
    head = reply.head;
    status = reply.status;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  uint16_t before = port();
  auto start_time = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start_time, std::chrono::seconds(5));
  client_thread.join();
  EXPECT_EQ(status, 200);
  EXPECT_NE(head.find("Connection: close"), std::string::npos);
  EXPECT_FALSE(Client(before).connected());
}

TEST_F(ServerTest, AStopUnderLoadCutsNoAnswer) {
  start();
  std::atomic<int64_t> broken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      Client client(port());
      for (;;) {
        Reply reply = client.post(kPredict, kRows);
        if (reply.status == 200 && reply.head.find("Connection: close") == std::string::npos) continue;
        if (reply.status != 200) ++broken;
        return;
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  server_->stop();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(broken, 0);
}

TEST_F(ServerTest, ATakenPortIsNamed) {
  start();
  ServerOptions options;
  options.http.address = "127.0.0.1";
  options.http.port = port();
  int loads = 0;
  Result<std::unique_ptr<Server>> second =
      Server::start(options, &source_, [&loads](const std::string&, int64_t) -> Result<LoadedModel> {
        ++loads;
        return LoadedModel{std::make_unique<FakeSession>()};
      });
  EXPECT_EQ(loads, 0) << "models were loaded before the port was asked for";
  EXPECT_EQ(second.status().code(), Code::unavailable);
  EXPECT_NE(second.status().message().find(std::to_string(port())), std::string::npos);
  options.http.address = "nowhere";
  EXPECT_EQ(Server::start(options, &source_,
                          [](const std::string&, int64_t) -> Result<LoadedModel> {
                            return LoadedModel{std::make_unique<FakeSession>()};
                          })
                .status()
                .code(),
            Code::invalid_argument);
}

}  // namespace
}  // namespace slipway
