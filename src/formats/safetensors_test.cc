// safetensors files that claim more than they hold.
#include "formats/safetensors.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

std::string error_of(const std::string& header, const std::string& body) {
  uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof(length));
  std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "slipway_claims.safetensors";
  EXPECT_TRUE(write_file_atomic(path, bytes + header + body).ok());
  Result<TensorFile> file = read_safetensors(path);
  std::filesystem::remove(path);
  return file.ok() ? "" : file.status().message().substr(path.string().size());
}

TEST(Safetensors, AClaimedSizeTakesNoMemory) {
  EXPECT_EQ(error_of(R"({"w":{"dtype":"F32","shape":[281474976710656],"data_offsets":[0,4]}})", "1234"),
            ": tensor \"w\": bytes [0, 4) of 4 do not hold its 1125899906842624 bytes");
  EXPECT_EQ(error_of(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})", "1234"),
            ": tensor \"w\": bytes [1, 5) of 4 do not hold its 4 bytes");
  EXPECT_EQ(error_of(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234"), "");
}

}  // namespace
}  // namespace slipway
