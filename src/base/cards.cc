// Names: how they are compared, and what is said of one that is not known.
#include "base/cards.h"

#include <fmt/format.h>

#include "base/nearest.h"

namespace slipway {

bool same_text(std::string_view written, std::string_view name) { return written == name; }

bool same_word(std::string_view written, std::string_view name) {
  auto folded = [](std::string_view word) {
    std::string letters;
    for (char c : word) {
      if (c != '_') letters += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return letters;
  };
  return folded(written) == folded(name);
}

std::string number_text(double x) {
  std::string text = fmt::format("{}", x);
  if (size_t zero = text.find("e-0"); zero != std::string::npos) text.erase(zero + 2, 1);
  return text;
}

Status unknown_name(std::string_view kind, std::string_view name, std::span<const std::string> known) {
  return invalid(fmt::format("{} \"{}\" is not known{}", kind, name, did_you_mean(name, known, "expected one of")));
}

}  // namespace slipway
