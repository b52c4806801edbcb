// Files on POSIX: read whole, replace atomically, map.
#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

namespace slipway {

namespace {

Status system_error(std::string_view doing, const std::filesystem::path& path, int error) {
  std::string message = fmt::format("{} {}: {}", doing, path.string(), std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR: return not_found(message + "; check the path");
    case EACCES:
    case EPERM: return {Code::permission_denied, message + "; check the file's owner and mode"};
    case ENOSPC:
    case EDQUOT: return exhausted(message + "; free some space and try again");
    case EEXIST: return already_exists(message);
    case EISDIR: return invalid(message + "; a file is expected here");
    default: return internal(message);
  }
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Status write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("writing", path, errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, uint64_t limit) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return system_error("reading", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return system_error("reading", path, errno);
  if (S_ISDIR(info.st_mode)) return system_error("reading", path, EISDIR);
  if (static_cast<uint64_t>(info.st_size) > limit) {
    return exhausted(fmt::format("{}: {} bytes, over the limit of {}", path.string(), info.st_size, limit));
  }
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  size_t done = 0;
  for (;;) {
    if (done == bytes.size()) bytes.resize(done + (S_ISREG(info.st_mode) ? 1 : 65536));
    ssize_t n = ::read(fd.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("reading", path, errno);
    if (n == 0) break;
    done += static_cast<size_t>(n);
    if (done > limit) return exhausted(fmt::format("{}: over the limit of {} bytes", path.string(), limit));
  }
  bytes.resize(done);
  return bytes;
}

namespace {

// What a chain of symbolic links ends at, there or not.
Result<std::filesystem::path> behind_links(std::filesystem::path path) {
  constexpr int kMostLinks = 40;
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code none;
    const std::filesystem::path next = std::filesystem::read_symlink(path, none);
    if (none) return path;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return system_error("writing", path, ELOOP);
}

Status write_in_place(const std::filesystem::path& path, std::string_view bytes) {
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.get() < 0) return system_error("writing", path, errno);
  return write_all(fd.get(), bytes, path);
}

}  // namespace

// Symbolic links are followed, and stay; a device or a pipe is written and not replaced; the mode of a file that is
// there stays.
Status write_file_atomic(const std::filesystem::path& named, std::string_view bytes) {
  const std::filesystem::path path = TRY(behind_links(named));
  struct stat info {};
  const bool there = ::stat(path.c_str(), &info) == 0;
  if (there && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return write_in_place(path, bytes);
  std::string temporary = path.string() + ".tmp-XXXXXX";
  Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return system_error("writing", path, errno);
  const mode_t mode = there ? info.st_mode & 0777 : 0644;
  Status status = write_all(fd.get(), bytes, path);
  if (status.ok() && ::fchmod(fd.get(), mode) != 0) status = system_error("writing", path, errno);
  if (status.ok() && ::fsync(fd.get()) != 0) status = system_error("writing", path, errno);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) status = system_error("writing", path, errno);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_directory(path.has_parent_path() ? path.parent_path() : ".");
}

Status make_directories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return system_error("making the folder", path, error.value());
  return {};
}

Status sync_directory(const std::filesystem::path& folder) {
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return system_error("opening the folder", folder, errno);
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return system_error("syncing the folder", folder, errno);
  return {};
}

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return system_error("mapping", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return system_error("mapping", path, errno);
  if (S_ISDIR(info.st_mode)) return system_error("mapping", path, EISDIR);
  size_t size = static_cast<size_t>(info.st_size);
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile(nullptr, 0));
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return system_error("mapping", path, errno);
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const std::byte*>(data), size));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "slipway-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr, "the temporary folder cannot be written");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace slipway
