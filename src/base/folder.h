// Asking of a folder, before long work, whether its result could be kept there.
#pragma once

#include <filesystem>

#include "base/status.h"

namespace slipway {

// Whether new files can be made in `folder`; the error says what the system says.
Status check_folder(const std::filesystem::path& folder);

}  // namespace slipway
