// Version: the number comes from the build.
#include "base/version.h"

namespace slipway {

std::string_view version() { return SLIPWAY_VERSION; }

}  // namespace slipway
