// FileLock on flock(2).
#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace slipway {

Result<FileLock> FileLock::acquire(const std::filesystem::path& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    std::string message =
        fmt::format("locking {}: {}; the folder must be writable", path.string(), std::strerror(errno));
    return errno == ENOENT ? not_found(message) : Status(Code::permission_denied, message);
  }
  FileLock lock(fd);
  int done;
  do {
    done = ::flock(fd, LOCK_EX);
  } while (done != 0 && errno == EINTR);
  if (done != 0) return internal(fmt::format("locking {}: {}", path.string(), std::strerror(errno)));
  return lock;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace slipway
