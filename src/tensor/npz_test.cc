// NPZ: archives as numpy.savez_compressed writes them (zip64 headers, deflated), and what damage is called.
#include "tensor/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/zip.h"
#include "support/archives.h"

namespace slipway {
namespace {

using testing::HasSubstr;

TEST(Npz, ReadsWhatNumpyWrites) {
  auto arrays = parse_npz(numpy_archive(), "a.npz");
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  ASSERT_EQ(arrays->size(), 2u);
  EXPECT_EQ(to_string(arrays->at("x")), "float32[2, 2] [[1, 2], [3, 4]]");
  EXPECT_EQ(to_string(arrays->at("y")), "int64[2] [0, 1]");
}

TEST(Zip, StoredMembersAreCheckedByTheirCrc) {
  std::string archive = stored_zip({{"a.txt", "123456789"}});
  auto members = list_zip(archive, "a.zip");
  ASSERT_TRUE(members.ok()) << members.status().message();
  ASSERT_EQ(members->size(), 1u);
  EXPECT_EQ((*members)[0].name, "a.txt");
  EXPECT_EQ(*unzip(archive, (*members)[0], "a.zip"), "123456789");
  EXPECT_THAT(unzip(archive, (*members)[0], "a.zip", 8).status().message(), HasSubstr("9 bytes, more than 8"));
  archive[40] ^= 1;
  EXPECT_THAT(unzip(archive, (*members)[0], "a.zip").status().message(), HasSubstr("expected checksum cbf43926, found"))
      << "the check value of CRC-32";
}

TEST(Npz, SaysWhatIsWrong) {
  std::string whole = numpy_archive();
  EXPECT_THAT(parse_npz("", "a.npz").status().message(), HasSubstr("a.npz: zip: offset 0: expected an archive"));
  EXPECT_THAT(parse_npz(whole.substr(0, whole.size() - 30), "a.npz").status().message(),
              HasSubstr("expected the end of a central directory, found none; this is no zip archive"));
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= 0x55;
    (void)parse_npz(damaged, "a.npz");  // an error or not, but no crash
  }
  std::string text = stored_zip({{"x.npy", "123456789"}});
  EXPECT_THAT(parse_npz(text, "a.npz").status().message(), HasSubstr("a.npz: x.npy: offset 0: expected the magic"));
}

}  // namespace
}  // namespace slipway
