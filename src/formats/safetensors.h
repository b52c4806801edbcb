// Named tensors in one file: safetensors (8 bytes of header length, a JSON header, the bytes), which others read too.
// https://github.com/huggingface/safetensors#format
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

// Replaces the file atomically.
Status write_safetensors(const std::filesystem::path& path, const TensorFile& file);

// data_loss for a truncated file, overlapping or misplaced tensors, or types that are not known; the message names
// `where` (the file) and the tensor.
Result<TensorFile> parse_safetensors(std::string_view bytes, const std::string& where);
Result<TensorFile> read_safetensors(const std::filesystem::path& path);

}  // namespace slipway
