// Archives for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace slipway {

// A zip archive of files by name, each stored as it is.
std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& files);

// numpy.savez_compressed(x=[[1, 2], [3, 4]] float32, y=[0, 1] int64): zip64 headers, deflated.
std::string numpy_archive();

}  // namespace slipway
