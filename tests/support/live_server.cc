// Health of a served model, from outside.
#include "support/live_server.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/json.h"

namespace slipway {

using testing::Client;
using testing::eventually;
using testing::Reply;

namespace {

constexpr int64_t kSpareDescriptors = 8;  // the journal's and a look at the store

// Every line is a comment or "name{labels} number".
std::string malformed_line(const std::string& metrics) {
  for (size_t begin = 0; begin < metrics.size();) {
    size_t end = std::min(metrics.find('\n', begin), metrics.size());
    std::string line = metrics.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty() || line.starts_with("#")) continue;
    size_t space = line.rfind(' ');
    if (space == std::string::npos) return line;
    char* stop = nullptr;
    std::strtod(line.c_str() + space + 1, &stop);
    bool named = std::isalpha(static_cast<unsigned char>(line[0])) != 0 || line[0] == '_';
    bool closed = (line.find('{') == std::string::npos) == (line[space - 1] != '}');
    if (!named || !closed || *stop != '\0') return line;
  }
  return "";
}

}  // namespace

std::filesystem::path LiveServer::published(const std::filesystem::path& root) {
  publish_small(root, "m");
  return root;
}

LiveServer::LiveServer(const std::vector<std::string>& options)
    : root_(folder_.path() / "store"), server_(published(root_), options) {
  if (port() == 0) return;
  answer_ = post(kPredict, kGoodRow).body;
  descriptors_ = server_.descriptors();
}

Reply LiveServer::post(const std::string& path, const std::string& body, const std::string& headers) const {
  return Client(port()).post(path, body, headers);
}

Reply LiveServer::get(const std::string& path) const { return Client(port()).get(path); }

Reply LiveServer::raw(const std::string& bytes) const {
  Client client(port());
  client.send(bytes);
  return client.receive();
}

void LiveServer::expect_well() {
  ASSERT_TRUE(server_.running()) << server_.err();
  Reply reply = post(kPredict, kGoodRow);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, answer_);
  EXPECT_NE(answer_.find("\"predictions\""), std::string::npos) << answer_;
  EXPECT_EQ(get("/v2/health/ready").status, 200);
  Reply metrics = get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(malformed_line(metrics.body), "");
  EXPECT_NE(metrics.body.find("slipway_requests_total{model_name=\"m\""), std::string::npos);
  if (std::system("command -v promtool >/dev/null") == 0) {
    std::string file = (folder_.path() / "metrics").string();
    ASSERT_TRUE(write_file_atomic(file, metrics.body).ok());
    EXPECT_EQ(std::system(("promtool check metrics <" + file + " >/dev/null 2>&1").c_str()), 0) << metrics.body;
  }
  EXPECT_TRUE(eventually([&] { return server_.descriptors() <= descriptors_ + kSpareDescriptors; }))
      << "open files: " << descriptors_ << " at first, " << server_.descriptors() << " now";
  EXPECT_EQ(server_.err().find("broken promise"), std::string::npos) << server_.err();
}

void expect_error(const Reply& reply, int status, const std::vector<std::string>& says, const std::string& what) {
  EXPECT_EQ(reply.status, status) << what << "\n" << reply.body;
  Result<Json> body = Json::parse(reply.body);
  ASSERT_TRUE(body.ok()) << what << "\n" << reply.head << "\n" << reply.body;
  std::string message = (*body)["error"].as_string();
  EXPECT_FALSE(message.empty()) << what << "\n" << reply.body;
  for (const std::string& piece : says) {
    EXPECT_NE(message.find(piece), std::string::npos) << what << "\nexpected \"" << piece << "\" in\n" << message;
  }
  EXPECT_LT(message.size(), 4000u) << what;
}

}  // namespace slipway
