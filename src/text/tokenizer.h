// Tokenizer: text to ids of tokens and back. What it has learned travels with the model as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace slipway {

// Copyable value. Thread-safe while const.
class Tokenizer {
 public:
  // "byte"       id = the byte, 256 tokens
  // "character"  one id per code point of the training text, in rising order
  // "word"       0 for what is not known, then the most frequent pieces (see pieces.h), `vocabulary` tokens in all
  // "bpe"        bytes, then merges of neighbours within a piece, the most frequent pair first, up to `vocabulary`
  //              tokens (R. Sennrich et al., "Neural machine translation of rare words with subword units", ACL 2016;
  //              on bytes as in A. Radford et al., "Language models are unsupervised multitask learners", 2019)
  // The same text gives the same tokens: pairs of one frequency are merged in the order of their ids. Errors name
  // `where`: an unknown kind, a vocabulary that is too small, text that is no UTF-8 (character and word).
  static Result<Tokenizer> train(std::string_view kind, std::string_view text, int64_t vocabulary,
                                 std::string_view where);

  // {"kind": "byte"}, {"kind": "bpe", "merges": [[left, right], …]}, {"kind": "character" or "word", "tokens": […]}
  Json to_json() const;
  static Result<Tokenizer> from_json(const Json& json);

  // Number of ids.
  int64_t vocabulary() const { return static_cast<int64_t>(tokens_.size()); }
  const std::string& kind() const { return kind_; }

  // The ids of a text. An error names the byte offset of a character that is not in the vocabulary (character) or of
  // bytes that are no UTF-8 (character, word).
  Result<std::vector<int32_t>> encode(std::string_view text) const;
  // The text of ids, always UTF-8: what is no code point, and the unknown word, becomes U+FFFD. An error names an id
  // out of range.
  Result<std::string> decode(std::span<const int32_t> ids) const;
  // A name for every id: its text, or "<0x0A>" for bytes that are no printable text.
  std::vector<std::string> names() const;

 private:
  using Merge = std::pair<int32_t, int32_t>;

  Status set_merges(std::vector<Merge> merges);
  Status set_tokens(std::vector<std::string> tokens);
  void merge_piece(std::string_view piece, std::vector<int32_t>& ids) const;

  std::string kind_ = "byte";
  std::vector<std::string> tokens_;               // bytes of every id
  std::unordered_map<std::string, int32_t> ids_;  // character, word
  std::vector<Merge> merges_;                     // bpe: token 256 + i
  std::map<Merge, int32_t> merged_;               // bpe: pair -> id
};

}  // namespace slipway
