// What the cards of raw data share.
#include "ops/raw_data.h"

namespace slipway::ops {

std::string excerpt(const std::string& text) {
  constexpr size_t kMost = 40;
  std::string begin = text.substr(0, kMost);
  for (char& c : begin) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text.size() > kMost ? begin + "..." : begin;
}

}  // namespace slipway::ops
