// Downloading files whose contents are known by their SHA-256.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"

namespace slipway {

struct RemoteFile {
  std::string name;
  std::string sha256;  // hex
};

// A set of files that several hosts offer under the same names.
struct RemoteFolder {
  std::vector<std::string> hosts;  // URLs that end with '/', tried in this order
  std::vector<RemoteFile> files;
  long connect_seconds = 4;   // how long a host may take to answer
  long stalled_seconds = 10;  // how long it may then send next to nothing
};

// MNIST's four files on its two public mirrors.
const RemoteFolder& mnist_download();

// Fetches what `folder` lacks or has with another checksum. A file appears there only when its checksum is right.
// Errors name every host that was tried and why it failed: unavailable (no network), data_loss (a wrong checksum).
Status download(const RemoteFolder& remote, const std::filesystem::path& folder);

// $XDG_CACHE_HOME/slipway, else $HOME/.cache/slipway, else a folder of the system's temporary folder.
std::filesystem::path cache_folder();

}  // namespace slipway
