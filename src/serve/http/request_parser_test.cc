// Heads: what RFC 9112 asks of them beyond their grammar.
#include "serve/http/request_parser.h"

#include <gtest/gtest.h>

namespace slipway::http {
namespace {

int refused(std::vector<std::pair<std::string, std::string>> headers, int version = 11) {
  HttpRequest request{.method = "POST", .target = "/", .headers = std::move(headers), .body = {}};
  std::optional<Refusal> refusal = check_head(request, version);
  return refusal ? refusal->status : 0;
}

TEST(Head, OneHost) {
  EXPECT_EQ(refused({{"Host", "a:80"}}), 0);
  EXPECT_EQ(refused({{"host", ""}}), 0);
  EXPECT_EQ(refused({{"Host", "[::1]:8501"}}), 0);
  EXPECT_EQ(refused({}), 400);
  EXPECT_EQ(refused({}, 10), 0);
  EXPECT_EQ(refused({{"Host", "a"}, {"host", "a"}}), 400);
  EXPECT_EQ(refused({{"Host", "a"}, {"Host", "b"}}, 10), 400);
  EXPECT_EQ(refused({{"Host", "a b"}}), 400);
  EXPECT_EQ(refused({{"Host", "a/b"}}), 400);
}

TEST(Head, TransferCodings) {
  EXPECT_EQ(refused({{"Host", "a"}, {"Transfer-Encoding", "Chunked"}}), 0);
  for (const char* coding : {"gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked", ""}) {
    EXPECT_EQ(refused({{"Host", "a"}, {"transfer-encoding", coding}}), 501) << coding;
  }
  EXPECT_EQ(refused({{"Transfer-Encoding", "chunked"}}, 10), 400);
}

TEST(Head, ContentCodings) {
  EXPECT_EQ(refused({{"Host", "a"}, {"Content-Encoding", "gzip"}}), 0);
  EXPECT_EQ(refused({{"Host", "a"}, {"Content-Encoding", "br"}}), 415);
}

TEST(Head, AbsoluteTargets) {
  const std::pair<const char*, const char*> table[] = {
      {"/v2", "/v2"},          {"http://a:8501/v1/models/m?x=1", "/v1/models/m?x=1"},
      {"HTTPS://a/v2", "/v2"}, {"http://a", "/"},
      {"http://a?x", "/?x"},   {"*", "*"},
      {"a:443", "a:443"},      {"/http://a/b", "/http://a/b"},
  };
  for (const auto& [target, path] : table) EXPECT_EQ(origin_form(target), path) << target;
}

TEST(Head, FoldedLines) {
  EXPECT_TRUE(has_folded_line("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"));
  EXPECT_TRUE(has_folded_line("X: a\r\n\tb\r\n"));
  EXPECT_FALSE(has_folded_line("GET / HTTP/1.1\r\nHost: a\r\n\r\n {\n }"));
  EXPECT_FALSE(has_folded_line("\r\n{\n }")) << "a body behind the last line of a head";
  EXPECT_FALSE(has_folded_line("X: a"));
}

}  // namespace
}  // namespace slipway::http
