// Files: what is written where a name leads elsewhere.
#include "base/file.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

namespace slipway {
namespace {

namespace fs = std::filesystem;

TEST(File, ASymbolicLinkStaysOneWhenItsFileIsReplaced) {
  TemporaryDirectory folder;
  const fs::path file = folder.path() / "real.txt", link = folder.path() / "link.txt",
                 second = folder.path() / "two.txt";
  ASSERT_TRUE(write_file_atomic(file, "old").ok());
  fs::create_symlink("real.txt", link);
  fs::create_symlink(link, second);
  ASSERT_TRUE(write_file_atomic(second, "new").ok());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_TRUE(fs::is_symlink(second));
  EXPECT_EQ(*read_file(file), "new");
}

TEST(File, ALinkToNothingMakesItsFile) {
  TemporaryDirectory folder;
  fs::create_symlink("absent.txt", folder.path() / "link.txt");
  ASSERT_TRUE(write_file_atomic(folder.path() / "link.txt", "new").ok());
  EXPECT_EQ(*read_file(folder.path() / "absent.txt"), "new");
  fs::create_symlink("b", folder.path() / "a");
  fs::create_symlink("a", folder.path() / "b");
  EXPECT_FALSE(write_file_atomic(folder.path() / "a", "new").ok()) << "a loop of links";
}

TEST(File, ADeviceIsWrittenAndNotReplaced) {
  TemporaryDirectory folder;
  fs::create_symlink("/dev/full", folder.path() / "full.txt");
  fs::create_symlink("/dev/null", folder.path() / "null.txt");
  EXPECT_EQ(write_file_atomic(folder.path() / "full.txt", "new").code(), Code::resource_exhausted);
  EXPECT_TRUE(write_file_atomic(folder.path() / "null.txt", "new").ok());
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(File, TheModeOfAFileStays) {
  TemporaryDirectory folder;
  const fs::path file = folder.path() / "private.txt";
  ASSERT_TRUE(write_file_atomic(file, "old").ok());
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  ASSERT_TRUE(write_file_atomic(file, "new").ok());
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace
}  // namespace slipway
