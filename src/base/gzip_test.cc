// Gzip: round trips, damage at every byte, bombs.
#include "base/gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway {
namespace {

using testing::HasSubstr;

TEST(Gzip, RoundTrips) {
  Random random(1);
  for (size_t size : {size_t{0}, size_t{1}, size_t{65536}, size_t{300'000}}) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(random.below(7));
    std::string packed = gzip(bytes);
    EXPECT_TRUE(is_gzip(packed));
    EXPECT_EQ(*gunzip(packed, "x"), bytes);
    EXPECT_EQ(*gunzip(packed + packed, "x"), bytes + bytes) << "members follow each other";
  }
}

TEST(Gzip, DamageIsFoundAndNamed) {
  std::string packed = gzip("the quick brown fox jumps over the lazy dog");
  for (size_t n = 0; n < packed.size(); ++n) {
    EXPECT_EQ(gunzip(packed.substr(0, n), "x").status().code(), Code::data_loss) << n;
  }
  for (size_t i = packed.size() - 8; i < packed.size(); ++i) {  // the checksum and the size
    std::string harmed = packed;
    harmed[i] ^= 1;
    EXPECT_EQ(gunzip(harmed, "x").status().code(), Code::data_loss) << i;
  }
  EXPECT_THAT(gunzip(packed.substr(0, 20), "a.gz").status().message(),
              HasSubstr("a.gz: gzip: offset 20 of 20: the data ends early; fetch the file again"));
  EXPECT_THAT(gunzip(packed + "junk", "x").status().message(), HasSubstr("found other bytes"));
}

TEST(Gzip, ABombStopsAtTheLimit) {
  std::string packed = gzip(std::string(1'000'000, 'a'));
  EXPECT_EQ(gunzip(packed, "x", 999'999).status().code(), Code::resource_exhausted);
  EXPECT_TRUE(gunzip(packed, "x", 1'000'000).ok());
}

}  // namespace
}  // namespace slipway
