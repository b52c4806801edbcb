// The version of the program, said once in CMakeLists.txt.
#pragma once

#include <string_view>

namespace slipway {

// "0.1.0".
std::string_view version();

}  // namespace slipway
