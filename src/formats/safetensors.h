// Named tensors in one file: safetensors (8 bytes of header length, a JSON header, the bytes), which others read too.
// https://github.com/huggingface/safetensors#format
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

// The member of "__metadata__" that holds the file's CRC-32C: 8 hexadecimal digits, of the whole file with zeros in
// their place. Written always; files of others come without.
inline constexpr const char* kChecksumKey = "crc32c";

struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

// unimplemented for a type that the format cannot hold.
Result<std::string> safetensors_bytes(const TensorFile& file);

// Replaces the file atomically.
Status write_safetensors(const std::filesystem::path& path, const TensorFile& file);

// data_loss for a truncated file, one whose bytes are not those of its checksum, overlapping or misplaced tensors, or
// types that are not known; the message names `where` (the file) and the tensor.
Result<TensorFile> parse_safetensors(std::string_view bytes, const std::string& where);
Result<TensorFile> read_safetensors(const std::filesystem::path& path);

}  // namespace slipway
