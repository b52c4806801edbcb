// Fuzz target: tokenizers. Bytes and merges give a text back; a description as JSON is refused or works.
#include "text/tokenizer.h"

#include <cstdint>

#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using slipway::Tokenizer;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (slipway::Result<slipway::Json> json = slipway::Json::parse(text); json.ok()) {
    slipway::Result<Tokenizer> read = Tokenizer::from_json(*json);
    if (read.ok()) (void)read->encode(text);
  }
  for (const char* kind : {"byte", "character", "word", "bpe"}) {
    slipway::Result<Tokenizer> tokenizer = Tokenizer::train(kind, text, 300, "fuzz");
    if (!tokenizer.ok()) continue;
    slipway::Result<std::vector<int32_t>> ids = tokenizer->encode(text);
    CHECK(ids.ok(), "the training text cannot be encoded");
    slipway::Result<std::string> back = tokenizer->decode(*ids);
    CHECK(back.ok() && !slipway::invalid_utf8(*back), "a text that is no UTF-8");
    CHECK(std::string_view(kind) == "word" || *back == slipway::repaired_utf8(text), "another text came back");
  }
  return 0;
}
