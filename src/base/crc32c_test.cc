// CRC-32C against the values of RFC 3720, appendix B.4, and the common check value.
#include "base/crc32c.h"

#include <string>

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
}

}  // namespace
}  // namespace slipway
