// Bindings from words.
#include "cli/bind.h"

#include <charconv>

#include <fmt/format.h>

namespace slipway {

Result<std::map<std::string, int64_t>> parse_bindings(const std::vector<std::string>& words) {
  std::map<std::string, int64_t> result;
  for (const std::string& word : words) {
    size_t equals = word.rfind('=');
    int64_t size = -1;
    const char* end = word.data() + word.size();
    const char* begin = equals == std::string::npos ? end : word.data() + equals + 1;
    auto [stop, error] = std::from_chars(begin, end, size);
    if (error != std::errc() || stop != end || size < 0) {
      return invalid(fmt::format("--bind {}: expected NAME=SIZE, such as batch=8", word));
    }
    result[word.substr(0, equals)] = size;
  }
  return result;
}

}  // namespace slipway
