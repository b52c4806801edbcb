// generate(): a text continued token by token.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "generate/sampling.h"
#include "text/tokenizer.h"

namespace slipway {

struct GenerateOptions {
  int64_t tokens = 256;  // at most
  Sampling sampling;
  uint64_t seed = 1;
  std::string stop;  // the text that ends the generation, itself left out; empty: none
};

struct Generated {
  std::vector<int32_t> ids;  // drawn, those of the stop text included
  std::string text;          // without the prompt
  bool stopped = false;      // by the stop text
};

// A score for every token of the vocabulary to come after `tokens`, none NaN (LanguageModel::next).
using NextToken = std::function<Result<std::vector<float>>(std::span<const int32_t> tokens)>;
// Gets the text piece by piece, as soon as it is certain.
using TextListener = std::function<void(std::string_view piece)>;

// The same prompt, options and scores give the same text. Errors: options that check() refuses, and those of `next`.
// Requires: the prompt is not empty.
Result<Generated> generate(const Tokenizer& tokenizer, std::span<const int32_t> prompt, const GenerateOptions& options,
                           const NextToken& next, const TextListener& listener = nullptr);

}  // namespace slipway
