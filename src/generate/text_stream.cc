// Holding back what is not certain yet.
#include "generate/text_stream.h"

#include <algorithm>

namespace slipway {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // for bytes that are no code point
constexpr size_t kLongestCodePoint = 4;                    // in bytes, so in tokens too

// How much of the end of `text` may be the begin of `stop`.
size_t overlap(std::string_view text, std::string_view stop) {
  for (size_t n = std::min(text.size(), stop.size()); n > 0; --n) {
    if (text.ends_with(stop.substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

Result<std::string> TextStream::push(int32_t id) {
  ids_.push_back(id);
  std::string text = TRY(tokenizer_.decode(ids_));
  if (text.ends_with(kReplacement) && ids_.size() < kLongestCodePoint) return std::string();
  ids_.clear();
  held_ += text;
  if (!stop_.empty()) {
    size_t at = held_.find(stop_);
    stopped_ = at != std::string::npos;
    if (stopped_) {
      held_.resize(at);
      return std::exchange(held_, {});
    }
  }
  size_t certain = held_.size() - overlap(held_, stop_);
  std::string piece = held_.substr(0, certain);
  held_.erase(0, certain);
  return piece;
}

Result<std::string> TextStream::finish() {
  held_ += TRY(tokenizer_.decode(ids_));
  ids_.clear();
  return std::exchange(held_, {});
}

}  // namespace slipway
