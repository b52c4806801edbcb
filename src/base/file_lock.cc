// FileLock on flock(2).
#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace slipway {

Result<FileLock> FileLock::open(const std::filesystem::path& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    std::string message =
        fmt::format("locking {}: {}; the folder must be writable", path.string(), std::strerror(errno));
    return errno == ENOENT ? not_found(message) : Status(Code::permission_denied, message);
  }
  return FileLock(fd);
}

namespace {

// Whether the lock is held now; false: another has it, and LOCK_NB was given.
Result<bool> lock_file(int fd, int how, const std::filesystem::path& path) {
  int done;
  do {
    done = ::flock(fd, how);
  } while (done != 0 && errno == EINTR);
  if (done != 0 && errno == EWOULDBLOCK) return false;
  if (done != 0) return internal(fmt::format("locking {}: {}", path.string(), std::strerror(errno)));
  return true;
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::filesystem::path& path) {
  FileLock lock = TRY(open(path));
  static_cast<void>(TRY(lock_file(lock.fd_, LOCK_EX, path)));
  return lock;
}

Result<std::optional<FileLock>> FileLock::try_acquire(const std::filesystem::path& path) {
  FileLock lock = TRY(open(path));
  if (!TRY(lock_file(lock.fd_, LOCK_EX | LOCK_NB, path))) return std::optional<FileLock>();
  return std::optional<FileLock>(std::move(lock));
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace slipway
