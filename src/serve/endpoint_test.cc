// Routing: which endpoint a path means, and what is said of paths that mean none.
#include "serve/endpoint.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

std::string routed(std::string_view method, std::string_view path) {
  Routed found = route(all_endpoints(), method, path);
  if (found.endpoint == nullptr) return std::to_string(found.refusal);
  std::string out = found.endpoint->name;
  for (const std::string& argument : {found.path.model, found.path.version, found.path.label}) out += "|" + argument;
  return out;
}

TEST(Routes, TensorFlowServing) {
  EXPECT_EQ(routed("POST", "/v1/models/half:predict"), "tfs_predict|half||");
  EXPECT_EQ(routed("POST", "/V1/Models/Half:PREDICT"), "tfs_predict|Half||");
  EXPECT_EQ(routed("POST", "/v1/models/half/versions/12:predict"), "tfs_predict|half|12|");
  EXPECT_EQ(routed("POST", "/v1/models/half/labels/stable:predict"), "tfs_predict|half||stable");
  EXPECT_EQ(routed("POST", "/v1/models/a%20b:predict"), "tfs_predict|a b||");
  EXPECT_EQ(routed("GET", "/v1/models/half"), "tfs_status|half||");
  EXPECT_EQ(routed("GET", "/v1/models"), "tfs_status|||");
  EXPECT_EQ(routed("GET", "/v1/models/half/versions/3"), "tfs_status|half|3|");
  EXPECT_EQ(routed("GET", "/v1/models/half/metadata"), "tfs_metadata|half||");
  EXPECT_EQ(routed("GET", "/v1/models/half/labels/x/metadata"), "tfs_metadata|half||x");
}

TEST(Routes, V2) {
  EXPECT_EQ(routed("GET", "/v2/health/live"), "v2_health|||");
  EXPECT_EQ(routed("GET", "/v2"), "v2_server_metadata|||");
  EXPECT_EQ(routed("GET", "/v2/"), "v2_server_metadata|||");
  EXPECT_EQ(routed("GET", "/v2/models/m"), "v2_model_metadata|m||");
  EXPECT_EQ(routed("POST", "/v2/repository/index"), "v2_repository_index|||");
  EXPECT_EQ(routed("GET", "/v2/models/m/versions/2/ready"), "v2_model_ready|m|2|");
  EXPECT_EQ(routed("POST", "/v2/models/a:b/infer"), "v2_infer|a:b||");
  EXPECT_EQ(routed("POST", "/v2/models/m/versions/2/infer"), "v2_infer|m|2|");
}

TEST(Routes, Refusals) {
  EXPECT_EQ(routed("GET", "/v1/models/half:predict"), "400");
  EXPECT_EQ(routed("POST", "/v1/models/half"), "400");
  EXPECT_EQ(routed("POST", "/v1/models/half/versions/x:predict"), "400");
  EXPECT_EQ(routed("GET", "/v1/x"), "400");
  EXPECT_EQ(routed("GET", "/v2/models/m/infer"), "405");
  EXPECT_EQ(routed("POST", "/metrics"), "405");
  EXPECT_EQ(routed("GET", "/v2/models/m/versions/x"), "404");
  EXPECT_EQ(routed("GET", "/"), "404");
  EXPECT_EQ(routed("GET", "/v2/models//ready"), "404");
}

TEST(Endpoints, HaveNamesDocsAndRoutes) {
  for (const Endpoint* endpoint : all_endpoints()) {
    EXPECT_NE(std::string_view(endpoint->name), "");
    EXPECT_TRUE(std::string_view(endpoint->doc).ends_with('.')) << endpoint->name;
    EXPECT_NE(endpoint->routes[0].path, nullptr) << endpoint->name;
  }
  EXPECT_LE(all_endpoints().size(), 32u);
}

TEST(PercentDecode, KeepsWhatIsMalformed) {
  EXPECT_EQ(percent_decode("a%20b%2Fc"), "a b/c");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz%41"), "%zzA");
}

}  // namespace
}  // namespace slipway
