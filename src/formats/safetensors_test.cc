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

// Whichever byte is another than it was: in a tensor, in the header, in the metadata, in the checksum.
TEST(Safetensors, AByteThatChangedIsFound) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "slipway_damaged.safetensors";
  TensorFile file;
  file.tensors.emplace("w", Tensor::of<float>({3}, {1, 2, 3}));
  file.metadata = {{"notes", "{\"epochs\":[]}"}};
  ASSERT_TRUE(write_safetensors(path, file).ok());
  const std::string bytes = *read_file(path);
  std::filesystem::remove(path);
  Result<TensorFile> whole = parse_safetensors(bytes, "file");
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  EXPECT_EQ(whole->metadata["notes"], "{\"epochs\":[]}");
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    Result<TensorFile> read = parse_safetensors(damaged, "file");
    EXPECT_TRUE(!read.ok() || !read->metadata.contains(kChecksumKey)) << "byte " << i << " of " << bytes.size();
  }
}

TEST(Safetensors, FilesOfOthersHaveNoChecksum) {
  EXPECT_EQ(
      error_of(R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234"), "");
}

}  // namespace
}  // namespace slipway
