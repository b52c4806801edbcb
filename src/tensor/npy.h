// NumPy's .npy files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

// Versions 1 to 3, little endian; Fortran order is turned into row-major. Errors name `where`, the offset, what was
// expected and what was found; unimplemented for big-endian, object, text and structured arrays.
Result<Tensor> parse_npy(std::string_view bytes, std::string_view where);

// Version 1, C order. unimplemented for string and bfloat16, which the format cannot say.
Result<std::string> npy_bytes(const Tensor& tensor);

Result<Tensor> load_npy(const std::filesystem::path& path);
Status save_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace slipway
