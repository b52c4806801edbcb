// Asking by stat and access.
#include "base/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace slipway {

Status check_folder(const std::filesystem::path& folder) {
  struct stat info {};
  int error = ::stat(folder.c_str(), &info) != 0           ? errno
              : !S_ISDIR(info.st_mode)                     ? ENOTDIR
              : ::access(folder.c_str(), W_OK | X_OK) != 0 ? errno
                                                           : 0;
  if (error == 0) return {};
  std::string message = fmt::format("writing into the folder {}: {}", folder.string(), std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return not_found(message + "; check the path or make the folder");
  return {Code::permission_denied, message + "; check the folder's owner and mode"};
}

}  // namespace slipway
