// A real server on a store with one small model "m", and how to tell that it is still well after what a test did to it.
#pragma once

#include <cstdint>
#include <string>

#include "support/bad_input.h"
#include "support/serving.h"

namespace slipway {

constexpr const char* kPredict = "/v1/models/m:predict";
constexpr const char* kInfer = "/v2/models/m/infer";
constexpr const char* kGoodRow = R"({"instances":[[1,2,3,4]]})";

class LiveServer {
 public:
  // Publishes the model and serves it. ASSERT that port() is not 0.
  explicit LiveServer(const std::vector<std::string>& options = {});

  ServerProcess& process() { return server_; }
  uint16_t port() const { return server_.port(); }
  const std::filesystem::path& store() const { return root_; }
  testing::Reply post(const std::string& path, const std::string& body, const std::string& headers = "") const;
  testing::Reply get(const std::string& path) const;
  // What `bytes` on a connection of their own are answered, until the server closes or says all; 0: nothing.
  testing::Reply raw(const std::string& bytes) const;

  // It answers as it did at first, its metrics are well formed, and no connection or file is left open.
  void expect_well();

 private:
  static std::filesystem::path published(const std::filesystem::path& root);

  TemporaryDirectory folder_;
  std::filesystem::path root_;
  ServerProcess server_;
  std::string answer_;
  int64_t descriptors_ = 0;
};

// Expects the status and every piece in the body, which must be {"error": "…"}.
void expect_error(const testing::Reply& reply, int status, const std::vector<std::string>& says,
                  const std::string& what);

}  // namespace slipway
