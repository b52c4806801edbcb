// IDX files, the format of MNIST: http://yann.lecun.com/exdb/mnist/ ("THE IDX FILE FORMAT").
//
//   offset 0  0, 0, element type (8 uint8, 9 int8, 11 int16, 12 int32, 13 float32, 14 float64), rank
//   offset 4  one big-endian uint32 per dimension, then the elements, big-endian, row-major
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

// Errors name `where`, the offset, what was expected and what was found. Memory is bounded by the bytes that are there:
// a header cannot ask for more.
Result<Tensor> parse_idx(std::string_view bytes, std::string_view where);

// Requires: one of the six element types, rank 0 to 255, sizes below 2^32.
std::string idx_bytes(const Tensor& tensor);

// A file, gzipped or not.
Result<Tensor> load_idx(const std::filesystem::path& path);

}  // namespace slipway
