// Content codings: what headers say, round trips, damage and bombs.
#include "serve/http/coding.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/gzip.h"
#include "base/random.h"

namespace slipway::http {
namespace {

std::string unpacked(Coding coding, std::string_view bytes, uint64_t limit = 1 << 20) {
  BodyBudget budget(uint64_t{1} << 30);
  Body out(&budget);
  Status status = decode(coding, bytes, limit, out);
  return status.ok() ? std::string(out.view()) : status.to_string();
}

// RFC 1951 without zlib's header and checksum.
std::string raw_deflated(const std::string& bytes) {
  std::string zlib = encode(Coding::deflate, bytes);
  return zlib.substr(2, zlib.size() - 6);
}

TEST(Coding, HeadersSayWhich) {
  EXPECT_EQ(content_coding(""), Coding::identity);
  EXPECT_EQ(content_coding("identity"), Coding::identity);
  EXPECT_EQ(content_coding(" GZip "), Coding::gzip);
  EXPECT_EQ(content_coding("x-gzip"), Coding::gzip);
  EXPECT_EQ(content_coding("deflate"), Coding::deflate);
  EXPECT_EQ(content_coding("br"), std::nullopt);
  EXPECT_EQ(content_coding("gzip, gzip"), std::nullopt);
}

TEST(Coding, AcceptEncodingByQuality) {
  const std::pair<const char*, Coding> table[] = {
      {"", Coding::identity},
      {"br", Coding::identity},
      {"gzip", Coding::gzip},
      {"gzip, deflate", Coding::gzip},
      {"deflate", Coding::deflate},
      {"gzip;q=0.5, deflate;q=0.8", Coding::deflate},
      {"gzip;q=0", Coding::identity},
      {"gzip;q=0, *", Coding::deflate},
      {"*", Coding::gzip},
      {"*;q=0", Coding::identity},
      {"identity;q=1, GZIP; Q=0.3", Coding::gzip},
      {",;,q=,gzip;q=x", Coding::identity},
  };
  for (const auto& [header, coding] : table) EXPECT_EQ(accepted_coding(header), coding) << header;
}

TEST(Coding, RoundTrips) {
  Random random(3);
  for (size_t size : {size_t{0}, size_t{1}, size_t{70'000}, size_t{600'000}}) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes += static_cast<char>('0' + random.below(10));
    for (Coding coding : {Coding::gzip, Coding::deflate}) EXPECT_EQ(unpacked(coding, encode(coding, bytes)), bytes);
    EXPECT_EQ(unpacked(Coding::deflate, raw_deflated(bytes)), bytes) << "without zlib's header";
    EXPECT_EQ(unpacked(Coding::gzip, gzip(bytes) + gzip("more")), bytes + "more") << "two members";
    EXPECT_EQ(gunzip(encode(Coding::gzip, bytes), "x").value(), bytes);
  }
}

TEST(Coding, DamageIsTold) {
  std::string packed = encode(Coding::gzip, "the quick brown fox jumps over the lazy dog");
  EXPECT_NE(unpacked(Coding::gzip, "{\"instances\":[1]}").find("is not gzip as its Content-Encoding says"),
            std::string::npos);
  for (size_t n = 0; n < packed.size(); ++n) {
    EXPECT_NE(unpacked(Coding::gzip, packed.substr(0, n)).find("INVALID_ARGUMENT: the request body is cut off"),
              std::string::npos)
        << n;
  }
  for (size_t i = packed.size() - 8; i < packed.size(); ++i) {  // the checksum and the size
    std::string harmed = packed;
    harmed[i] ^= 1;
    EXPECT_NE(unpacked(Coding::gzip, harmed).find("INVALID_ARGUMENT"), std::string::npos) << i;
  }
  EXPECT_NE(unpacked(Coding::gzip, packed + "junk").find("INVALID_ARGUMENT"), std::string::npos);
  EXPECT_NE(unpacked(Coding::deflate, encode(Coding::deflate, "a") + "junk").find("expected nothing behind it"),
            std::string::npos);
}

TEST(Coding, ABombStopsAtTheLimit) {
  std::string packed = encode(Coding::gzip, std::string(10'000'000, ' '));
  EXPECT_LT(packed.size(), 100'000u);
  EXPECT_NE(unpacked(Coding::gzip, packed, 1'000'000).find("unpacks to more than the limit of 1000000 bytes"),
            std::string::npos);
  BodyBudget budget(1'000'000);
  Body out(&budget);
  EXPECT_EQ(decode(Coding::gzip, packed, 100'000'000, out).code(), Code::unavailable);
  EXPECT_LE(budget.used(), 1'000'000u);
}

TEST(Body, TakesFromTheBudgetWhatCame) {
  BodyBudget budget(300'000);
  Body first(&budget);
  Body second(&budget);
  EXPECT_TRUE(first.append(std::string(200'000, 'a')));
  EXPECT_FALSE(second.append(std::string(200'000, 'b'))) << "more than there is room for";
  EXPECT_EQ(budget.used(), 200'000u);
  first.clear(0);
  EXPECT_EQ(budget.used(), 0u);
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    std::string piece(1000, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(second.append(piece));
    expected += piece;
  }
  EXPECT_EQ(second.view(), expected);
  Body moved(std::move(second));
  EXPECT_EQ(moved.view(), expected);
  EXPECT_EQ(budget.used(), 300'000u);
  moved = Body(&budget);
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace slipway::http
