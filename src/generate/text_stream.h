// TextStream: tokens to text as they are drawn: whole code points only, and nothing of the text that ends it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace slipway {

// Not thread-safe. The pieces put together are what the tokenizer decodes of all ids, cut where `stop` begins.
class TextStream {
 public:
  // `stop`: the text at which the stream ends, itself left out; empty: none. Requires: `tokenizer` outlives the stream.
  explicit TextStream(const Tokenizer& tokenizer, std::string stop = "")
      : tokenizer_(tokenizer), stop_(std::move(stop)) {}

  // The text that is certain now: neither the begin of a code point nor, as far as can be seen, of the stop text.
  // Requires: not stopped(). An error names an id out of range.
  Result<std::string> push(int32_t id);
  // What was held back.
  Result<std::string> finish();

  bool stopped() const { return stopped_; }

 private:
  const Tokenizer& tokenizer_;
  std::string stop_;
  std::vector<int32_t> ids_;  // whose bytes may not be whole code points yet
  std::string held_;          // which may begin the stop text
  bool stopped_ = false;
};

}  // namespace slipway
