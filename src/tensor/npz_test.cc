// NPZ: archives as numpy.savez_compressed writes them (zip64 headers, deflated), and what damage is called.
#include "tensor/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/zip.h"

namespace slipway {
namespace {

using testing::HasSubstr;

// x = [[1, 2], [3, 4]] as float32, y = [0, 1] as int64.
constexpr std::string_view kDeflated =
    "504b03042d0000000800000021004efb2075ffffffffffffffff05001400782e6e7079010010009000000000000000530000"
    "00000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f54529498179f5f94920a12774bcc"
    "294e058a17672416a402f91a463a0a469a3a0ab50a64032e0686067b060606072002e2060700504b03042d00000008000000"
    "21007e6afbc9ffffffffffffffff05001400792e6e707901001000900000000000000049000000000000009bec17ea1b10c9"
    "c850c650ad9e925a9c5ca46ea5a06e9369a1aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f91a"
    "463a9a3a0ab50a14002e06286084d200504b01022d032d0000000800000021004efb20755300000090000000050000000000"
    "000000000000800100000000782e6e7079504b01022d032d0000000800000021007e6afbc949000000900000000500000000"
    "0000000000000080018a000000792e6e7079504b05060000000002000200660000000a0100000000";

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// One stored member: local header, contents, central directory, end.
std::string stored(const std::string& name, const std::string& contents, uint32_t crc) {
  auto number = [](uint64_t value, size_t width) {
    std::string bytes;
    for (size_t i = 0; i < width; ++i) bytes += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
    return bytes;
  };
  std::string sizes = number(crc, 4) + number(contents.size(), 4) + number(contents.size(), 4);
  std::string local = "PK\3\4" + number(20, 2) + number(0, 8) + sizes + number(name.size(), 2) + number(0, 2) + name;
  std::string central = "PK\1\2" + number(20, 2) + number(20, 2) + number(0, 8) + sizes + number(name.size(), 2) +
                        number(0, 2 + 2 + 2 + 2 + 4) + number(0, 4) + name;
  return local + contents + central + "PK\5\6" + number(0, 4) + number(1, 2) + number(1, 2) +
         number(central.size(), 4) + number(local.size() + contents.size(), 4) + number(0, 2);
}

TEST(Npz, ReadsWhatNumpyWrites) {
  auto arrays = parse_npz(bytes_of(kDeflated), "a.npz");
  ASSERT_TRUE(arrays.ok()) << arrays.status().message();
  ASSERT_EQ(arrays->size(), 2u);
  EXPECT_EQ(to_string(arrays->at("x")), "float32[2, 2] [[1, 2], [3, 4]]");
  EXPECT_EQ(to_string(arrays->at("y")), "int64[2] [0, 1]");
}

TEST(Zip, StoredMembersAreCheckedByTheirCrc) {
  std::string archive = stored("a.txt", "123456789", 0xCBF43926);  // the check value of CRC-32
  auto members = list_zip(archive, "a.zip");
  ASSERT_TRUE(members.ok()) << members.status().message();
  ASSERT_EQ(members->size(), 1u);
  EXPECT_EQ((*members)[0].name, "a.txt");
  EXPECT_EQ(*unzip(archive, (*members)[0], "a.zip"), "123456789");
  EXPECT_THAT(unzip(archive, (*members)[0], "a.zip", 8).status().message(), HasSubstr("9 bytes, more than 8"));
  archive[40] ^= 1;
  EXPECT_THAT(unzip(archive, (*members)[0], "a.zip").status().message(),
              HasSubstr("expected checksum cbf43926, found"));
}

TEST(Npz, SaysWhatIsWrong) {
  std::string whole = bytes_of(kDeflated);
  EXPECT_THAT(parse_npz("", "a.npz").status().message(), HasSubstr("a.npz: zip: offset 0: expected an archive"));
  EXPECT_THAT(parse_npz(whole.substr(0, whole.size() - 30), "a.npz").status().message(),
              HasSubstr("expected the end of a central directory, found none; this is no zip archive"));
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= 0x55;
    (void)parse_npz(damaged, "a.npz");  // an error or not, but no crash
  }
  std::string text = stored("x.npy", "123456789", 0xCBF43926);
  EXPECT_THAT(parse_npz(text, "a.npz").status().message(), HasSubstr("a.npz: x.npy: offset 0: expected the magic"));
}

}  // namespace
}  // namespace slipway
