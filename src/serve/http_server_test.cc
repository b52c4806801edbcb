// Tests of the HTTP server's life apart from any model.
#include "serve/http/http_server.h"

#include <future>
#include <optional>

#include <gtest/gtest.h>

#include "support/serving.h"

namespace slipway {
namespace {

// A worker may let go of its exchange after everybody else has gone.
TEST(HttpServer, AnExchangeMayOutliveTheServer) {
  std::promise<HttpExchange> taken;
  auto server = HttpServer::start({.address = "127.0.0.1", .port = 0, .threads = 2}, [&](HttpExchange exchange) {
                  taken.set_value(std::move(exchange));
                }).value();
  slipway::testing::Client client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  std::optional<HttpExchange> exchange(taken.get_future().get());
  server->stop(std::chrono::milliseconds(0));
  server.reset();
  exchange.reset();
  EXPECT_EQ(client.receive_all(), "");
}

TEST(HttpServer, AnswersWhatWasAskedBeforeAStop) {
  std::promise<HttpExchange> taken;
  auto server = HttpServer::start({.address = "127.0.0.1", .port = 0, .threads = 1}, [&](HttpExchange exchange) {
                  taken.set_value(std::move(exchange));
                }).value();
  slipway::testing::Client client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  HttpExchange exchange = taken.get_future().get();
  auto stopped = std::async(std::launch::async, [&] { server->stop(std::chrono::seconds(30)); });
  exchange.respond({.status = 200, .body = "late"});
  EXPECT_NE(client.receive_all().find("late"), std::string::npos);
  stopped.get();
}

}  // namespace
}  // namespace slipway
