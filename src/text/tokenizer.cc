// Tokenizers: learning, encoding, decoding, JSON.
#include "text/tokenizer.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/utf8.h"
#include "text/bpe.h"
#include "text/pieces.h"

namespace slipway {

namespace {

constexpr size_t kBytes = 256;
constexpr size_t kMostTokens = 1 << 20;
constexpr const char* kUnknown = "\xEF\xBF\xBD";

std::vector<std::string> all_bytes() {
  std::vector<std::string> bytes;
  for (size_t byte = 0; byte < kBytes; ++byte) bytes.emplace_back(1, static_cast<char>(byte));
  return bytes;
}

Status require_utf8(std::string_view text, std::string_view kind, std::string_view where) {
  std::optional<size_t> bad = invalid_utf8(text);
  if (!bad) return {};
  return invalid(
      fmt::format("{}: offset {}: expected UTF-8, which a tokenizer of kind \"{}\" needs, found byte {:02x}; convert "
                  "the text or use the kind byte or bpe",
                  where, *bad, kind, static_cast<unsigned char>(text[*bad])));
}

std::vector<std::string> learn_characters(std::string_view text) {
  std::map<std::string, bool> seen;  // bytes of UTF-8 sort as their code points do
  for (size_t i = 0; i < text.size(); i += utf8_length(text.substr(i))) {
    seen[std::string(text.substr(i, utf8_length(text.substr(i))))] = true;
  }
  std::vector<std::string> tokens;
  for (const auto& [character, there] : seen) tokens.push_back(character);
  return tokens;
}

std::vector<std::string> learn_words(std::string_view text, size_t vocabulary) {
  std::map<std::string_view, int64_t> counts;
  for (std::string_view piece : pieces(text)) ++counts[piece];
  std::vector<std::pair<std::string_view, int64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, [](const auto& a, const auto& b) { return a.second > b.second; });
  if (sorted.size() + 1 > vocabulary) sorted.resize(vocabulary - 1);
  std::vector<std::string> tokens = {kUnknown};
  for (const auto& [piece, count] : sorted) {
    if (piece != kUnknown) tokens.emplace_back(piece);
  }
  return tokens;
}

std::string name_of(const std::string& token) {
  bool printable = !token.empty() && !invalid_utf8(token) &&
                   std::ranges::none_of(token, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; });
  if (printable) return token;
  std::string name;
  for (char c : token) name += fmt::format("<0x{:02X}>", static_cast<unsigned char>(c));
  return name;
}

}  // namespace

Status Tokenizer::set_merges(std::vector<Merge> merges) {
  tokens_ = all_bytes();
  for (const auto& [left, right] : merges) {
    auto known = static_cast<int32_t>(tokens_.size());
    if (left < 0 || right < 0 || left >= known || right >= known) {
      return invalid(fmt::format("tokenizer: merge {}: expected two ids from 0 to {}, found {} and {}",
                                 tokens_.size() - kBytes, known - 1, left, right));
    }
    std::string token = tokens_[static_cast<size_t>(left)] + tokens_[static_cast<size_t>(right)];
    if (token.size() > kLongestPiece || !merged_.emplace(Merge(left, right), known).second) {
      return invalid(fmt::format("tokenizer: merge {}: expected a new pair of at most {} bytes, found {} and {}",
                                 tokens_.size() - kBytes, kLongestPiece, left, right));
    }
    tokens_.push_back(std::move(token));
  }
  merges_ = std::move(merges);
  return {};
}

Status Tokenizer::set_tokens(std::vector<std::string> tokens) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].empty() || !ids_.emplace(tokens[i], static_cast<int32_t>(i)).second) {
      return invalid(fmt::format("tokenizer: token {}: expected a new text, found {}", i, json_quote(tokens[i])));
    }
  }
  tokens_ = std::move(tokens);
  return {};
}

Result<Tokenizer> Tokenizer::train(std::string_view kind, std::string_view text, int64_t vocabulary,
                                   std::string_view where) {
  Tokenizer tokenizer;
  tokenizer.kind_ = kind;
  auto too_small = [&](size_t least) {
    return invalid(fmt::format("{}: vocabulary: a tokenizer of kind \"{}\" needs {} to {} tokens, found {}", where,
                               kind, least, kMostTokens, vocabulary));
  };
  auto fits = [&](size_t least) {
    return vocabulary >= static_cast<int64_t>(least) && vocabulary <= static_cast<int64_t>(kMostTokens);
  };
  if (kind == "byte") {
    tokenizer.tokens_ = all_bytes();
  } else if (kind == "character") {
    RETURN_IF_ERROR(require_utf8(text, kind, where));
    RETURN_IF_ERROR(tokenizer.set_tokens(learn_characters(text)));
  } else if (kind == "word") {
    if (!fits(2)) return too_small(2);
    RETURN_IF_ERROR(require_utf8(text, kind, where));
    RETURN_IF_ERROR(tokenizer.set_tokens(learn_words(text, static_cast<size_t>(vocabulary))));
  } else if (kind == "bpe") {
    if (!fits(kBytes)) return too_small(kBytes);
    RETURN_IF_ERROR(tokenizer.set_merges(learn_merges(text, static_cast<size_t>(vocabulary) - kBytes)));
  } else {
    return invalid(fmt::format("{}: tokenizer: expected byte, character, word or bpe, found \"{}\"", where, kind));
  }
  return tokenizer;
}

Json Tokenizer::to_json() const {
  Json json = Json::object({{"kind", kind_}});
  if (kind_ == "character" || kind_ == "word") json.set("tokens", Json::array_of(tokens_));
  if (kind_ == "bpe") {
    Json merges = Json::array();
    for (const auto& [left, right] : merges_) merges.push(Json::array({left, right}));
    json.set("merges", merges);
  }
  return json;
}

Result<Tokenizer> Tokenizer::from_json(const Json& json) {
  Tokenizer tokenizer;
  tokenizer.kind_ = json["kind"].as_string();
  if (tokenizer.kind_ == "byte") {
    tokenizer.tokens_ = all_bytes();
  } else if (tokenizer.kind_ == "bpe") {
    std::vector<Merge> merges;
    auto id = [](const Json& value) {
      int64_t n = value.as_int(-1);
      return n < 0 || n > std::numeric_limits<int32_t>::max() ? -1 : static_cast<int32_t>(n);
    };
    for (const Json& merge : json["merges"].items()) {
      bool pair = merge.items().size() == 2;
      merges.emplace_back(pair ? id(merge.items()[0]) : -1, pair ? id(merge.items()[1]) : -1);
    }
    RETURN_IF_ERROR(tokenizer.set_merges(std::move(merges)));
  } else if (tokenizer.kind_ == "character" || tokenizer.kind_ == "word") {
    std::vector<std::string> tokens;
    for (const Json& token : json["tokens"].items()) tokens.push_back(token.as_string());
    if (tokens.empty()) return invalid("tokenizer: tokens: expected a list of texts, found none");
    RETURN_IF_ERROR(tokenizer.set_tokens(std::move(tokens)));
  } else {
    return invalid(
        fmt::format("tokenizer: kind: expected byte, character, word or bpe, found \"{}\"", tokenizer.kind_));
  }
  return tokenizer;
}

// Merges the pair that was learned first until none is left.
void Tokenizer::merge_piece(std::string_view piece, std::vector<int32_t>& ids) const {
  std::vector<int32_t> symbols;
  for (char c : piece) symbols.push_back(static_cast<unsigned char>(c));
  for (;;) {
    int32_t best = std::numeric_limits<int32_t>::max();
    size_t at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      auto found = merged_.find({symbols[i], symbols[i + 1]});
      if (found == merged_.end() || found->second >= best) continue;
      best = found->second;
      at = i;
    }
    if (best == std::numeric_limits<int32_t>::max()) break;
    symbols[at] = best;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(at) + 1);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  ids.reserve(text.size());
  if (kind_ == "byte") {
    for (char c : text) ids.push_back(static_cast<unsigned char>(c));
    return ids;
  }
  if (kind_ == "bpe") {
    std::unordered_map<std::string_view, std::vector<int32_t>> known;
    for (std::string_view piece : pieces(text)) {
      auto [entry, fresh] = known.try_emplace(piece);
      if (fresh) merge_piece(piece, entry->second);
      ids.insert(ids.end(), entry->second.begin(), entry->second.end());
    }
    return ids;
  }
  RETURN_IF_ERROR(require_utf8(text, kind_, "text"));
  if (kind_ == "word") {
    for (std::string_view piece : pieces(text)) {
      auto found = ids_.find(std::string(piece));
      ids.push_back(found == ids_.end() ? 0 : found->second);
    }
    return ids;
  }
  for (size_t i = 0; i < text.size();) {
    std::string character(text.substr(i, utf8_length(text.substr(i))));
    auto found = ids_.find(character);
    if (found == ids_.end()) {
      return invalid(fmt::format("text: offset {}: the character {} was not in the training text; leave it out", i,
                                 json_quote(character)));
    }
    ids.push_back(found->second);
    i += character.size();
  }
  return ids;
}

Result<std::string> Tokenizer::decode(std::span<const int32_t> ids) const {
  std::string text;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= vocabulary()) {
      return invalid(fmt::format("token {}: expected an id from 0 to {}, found {}", i, vocabulary() - 1, ids[i]));
    }
    text += tokens_[static_cast<size_t>(ids[i])];
  }
  return repaired_utf8(text);
}

std::vector<std::string> Tokenizer::names() const {
  std::vector<std::string> names;
  for (const std::string& token : tokens_) names.push_back(name_of(token));
  return names;
}

}  // namespace slipway
