// Files: whole reads, atomic writes, mapping. Every error names the path and what the system said.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway {

// The whole file. not_found when it is absent; resource_exhausted when it is larger than `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t limit = uint64_t{1} << 36);

// Writes `bytes` beside `path`, syncs, and renames over it: a reader sees the old file or the new one, never a part.
Status write_file_atomic(const std::filesystem::path& path, std::string_view bytes);

// Makes the folder and its parents; no error when it is there already.
Status make_directories(const std::filesystem::path& path);

// Makes a rename inside `folder` durable.
Status sync_directory(const std::filesystem::path& folder);

// A read-only mapping of a file, alive as long as the pointer is.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}
  const std::byte* data_;
  size_t size_;
};

// A fresh folder under the system's temporary folder, removed with everything in it when the object dies.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace slipway
