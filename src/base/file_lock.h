// FileLock: writers of one folder take turns, across threads and processes.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>

#include "base/status.h"

namespace slipway {

// Holds an exclusive flock(2) on a file; the kernel lets go of it when the object or the process dies, however it dies.
class FileLock {
 public:
  // Makes the file when it is absent, then waits for its turn.
  static Result<FileLock> acquire(const std::filesystem::path& path);
  // nullopt when another holds it.
  static Result<std::optional<FileLock>> try_acquire(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;

 private:
  static Result<FileLock> open(const std::filesystem::path& path);
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace slipway
