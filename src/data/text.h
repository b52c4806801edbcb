// Text for language models: windows of tokens, each element's label the token after it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/dataset.h"

namespace slipway {

struct TextOptions {
  std::string tokenizer = "character";  // byte, character, word, bpe (text/tokenizer.h)
  int64_t vocabulary = 1000;            // word, bpe
  int64_t sequence_length = 64;         // tokens of a window
  int64_t stride = 0;                   // tokens from one window to the next; 0: sequence_length
  bool random_offset = false;           // training windows are cut elsewhere in every epoch
};

// A text file, gzipped or not. Training windows are cut from the first part of the tokens, test windows from the last
// `test_fraction`; none reaches into the other part. Word and bpe vocabularies are learned from the first part.
// inputs: uint8 (up to 256 tokens) or float32 [L]; labels: int64 [L]; window and stride as asked; classes: the tokens'
// names; preparation: data/raw_fronts.h.
Result<DataPair> load_text(const std::filesystem::path& path, const TextOptions& options, double test_fraction);

// The same with a test text of its own.
Result<DataPair> load_text(const std::filesystem::path& path, const std::filesystem::path& test_path,
                           const TextOptions& options);

}  // namespace slipway
