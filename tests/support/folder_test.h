// Tests that work in a folder of their own.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {

class FolderTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  // Writes a file, and the folders that `name` lies in; its path.
  std::string put(const std::string& name, std::string_view bytes) const {
    EXPECT_TRUE(make_directories(std::filesystem::path(path(name)).parent_path()).ok());
    Status written = write_file_atomic(path(name), bytes);
    EXPECT_TRUE(written.ok()) << written.message();
    return path(name);
  }
  std::string bytes_of(const std::string& name) const {
    Result<std::string> read = read_file(path(name));
    EXPECT_TRUE(read.ok()) << read.status().message();
    return read.ok() ? *read : std::string();
  }

  TemporaryDirectory folder_;
};

}  // namespace slipway
