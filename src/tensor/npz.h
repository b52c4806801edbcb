// NumPy's .npz files: a zip archive with one .npy file per array, from numpy.savez or numpy.savez_compressed.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

// Arrays by name, without the ending .npy. Errors name `where`, the array, what was expected and what was found.
Result<std::map<std::string, Tensor>> parse_npz(std::string_view bytes, std::string_view where);

Result<std::map<std::string, Tensor>> load_npz(const std::filesystem::path& path);

}  // namespace slipway
