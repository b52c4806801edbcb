// JsonScanner: strings, numbers and skipping.
#include "serve/json_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace slipway {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

// Eight ASCII digits at once (Lemire 2022, "Parsing series of integers with SIMD", the SWAR form).
bool is_eight_digits(uint64_t v) {
  return ((v & 0xF0F0F0F0F0F0F0F0u) | (((v + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) >> 4)) == 0x3333333333333333u;
}
uint64_t eight_digits(uint64_t v) {
  v = (v & 0x0F0F0F0F0F0F0F0Fu) * 2561 >> 8;
  v = (v & 0x00FF00FF00FF00FFu) * 6553601 >> 16;
  return (v & 0x0000FFFF0000FFFFu) * 42949672960001u >> 32;
}

// Appends the digits at `p` to `value`; returns how many there were.
const char* read_digits(const char* p, const char* end, uint64_t& value) {
  if constexpr (std::endian::native == std::endian::little) {
    while (end - p >= 8) {
      uint64_t chunk;
      std::memcpy(&chunk, p, 8);
      if (!is_eight_digits(chunk)) break;
      value = value * 100000000 + eight_digits(chunk);
      p += 8;
    }
  }
  while (p != end && is_digit(*p)) value = value * 10 + static_cast<uint64_t>(*p++ - '0');
  return p;
}

constexpr std::array<double, 23> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                            1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

constexpr int kMostPower = 22;

constexpr std::array<double, 2 * kMostPower + 1> make_near_powers() {
  std::array<double, 2 * kMostPower + 1> powers{};
  for (size_t i = 0; i <= kMostPower; ++i) {
    powers[kMostPower + i] = kPowers[i];
    powers[kMostPower - i] = 1 / kPowers[i];
  }
  return powers;
}
constexpr std::array<double, 2 * kMostPower + 1> kNearPowers = make_near_powers();

// digits * 10^exponent, at most 3 ulps off: digits, power and product are rounded once each.
// Requires: digits < 2^63, |exponent| <= 22.
double nearly_scaled(uint64_t digits, int exponent) {
  return static_cast<double>(static_cast<int64_t>(digits)) * kNearPowers[static_cast<size_t>(exponent + kMostPower)];
}

// Exact digits times or over an exact power of ten rounds once (Clinger 1990, "How to read floating point numbers").
bool fast_double(const JsonNumber& n, double& out) {
  if (!n.exact || n.digits > (uint64_t{1} << 53) || n.exponent < -kMostPower || n.exponent > kMostPower) {
    return false;
  }
  auto digits = static_cast<double>(n.digits);
  out = n.exponent < 0 ? digits / kPowers[static_cast<size_t>(-n.exponent)]
                       : digits * kPowers[static_cast<size_t>(n.exponent)];
  if (n.negative) out = -out;
  return true;
}

// The float nearest to a number of which `x` is at most 3 ulps of a double away.
// False: too near to the middle between two floats to tell, or subnormal, or too large.
[[gnu::always_inline]] inline bool nearest_float(double x, float& out) {
  constexpr uint64_t kMiddle = 0x10000000;
  uint64_t low = std::bit_cast<uint64_t>(x) & 0x1FFFFFFF;
  bool fine = low - (kMiddle - 4) > 8 && x < std::numeric_limits<float>::max() &&
              (x >= std::numeric_limits<float>::min() || x == 0);
  out = static_cast<float>(x);
  return fine;
}

// How many of the eight bytes, first byte lowest, are digits before the first that is none.
int leading_digits(uint64_t v) {
  uint64_t other = ((v ^ 0x3030303030303030u) + 0x7676767676767676u) | (v ^ 0x3030303030303030u);
  other &= 0x8080808080808080u;
  return other == 0 ? 8 : std::countr_zero(other) / 8;
}

constexpr std::array<uint64_t, 9> kIntegerPowers = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

// Appends up to eight digits at `p` to `value` without a branch on how many there are. Requires: 8 bytes at `p`.
[[gnu::always_inline]] inline int read_some_digits(const char* p, uint64_t& value) {
  uint64_t chunk;
  std::memcpy(&chunk, p, 8);
  int count = leading_digits(chunk);
  if (count == 0) return 0;
  value = value * kIntegerPowers[static_cast<size_t>(count)] + eight_digits(chunk << (64 - 8 * count));
  return count;
}

// [-]digits[.digits] of at most eight and sixteen digits; nullptr for anything else. Requires: 32 bytes at `p`.
[[gnu::always_inline]] inline const char* read_plain_float(const char* p, float& out) {
  bool negative = *p == '-';
  p += negative;
  uint64_t digits = static_cast<uint64_t>(static_cast<unsigned char>(*p) - '0');
  if (digits < 10 && p[1] == '.') {
    ++p;  // one digit before the point: guessed by the branch predictor, so that the next load need not wait
  } else {
    digits = 0;
    int count = read_some_digits(p, digits);
    if (count == 0 || count == 8 || (*p == '0' && count > 1)) return nullptr;
    p += count;
  }
  int behind = 0;
  if (*p == '.') {
    behind = read_some_digits(++p, digits);
    if (behind == 0) return nullptr;
    if (behind == 8) {
      int more = read_some_digits(p + 8, digits);
      behind += more;
      if (more == 8) {
        // A double printed in full has a digit or two more.
        for (; is_digit(p[behind]) && behind < 18 && digits < 100'000'000'000'000'000; ++behind) {
          digits = digits * 10 + static_cast<uint64_t>(p[behind] - '0');
        }
      }
    }
    p += behind;
  }
  if (is_digit(*p) || !nearest_float(nearly_scaled(digits, -behind), out)) return nullptr;
  if (negative) out = -out;
  return p;
}

template <typename T>
bool special_or_slow(const JsonNumber& n, T& out) {
  if (n.special) {
    bool nan = n.text.back() == 'N';
    out = nan ? std::numeric_limits<T>::quiet_NaN() : std::numeric_limits<T>::infinity();
    if (n.negative) out = -out;
    return true;
  }
  auto [end, error] = std::from_chars(n.text.data(), n.text.data() + n.text.size(), out);
  if (error != std::errc::result_out_of_range) return true;
  // Too small or too large: from_chars does not say which.
  double wide = std::strtod(std::string(n.text).c_str(), nullptr);
  out = static_cast<T>(wide);
  return std::abs(wide) < 1;
}

}  // namespace

bool JsonScanner::fail(std::string_view what) {
  if (status_.ok()) status_ = invalid(fmt::format("JSON Parse error: {} at offset: {}", what, offset()));
  return false;
}

bool JsonScanner::read_literal(std::string_view literal) {
  for (char c : literal) {
    if (at_ == end_ || *at_ != c) return fail("Invalid value.");
    ++at_;
  }
  return true;
}

bool JsonScanner::read_string(std::string_view& out, std::string& scratch) {
  if (peek() != '"') return fail("Invalid value.");
  const char* start = ++at_;
  while (at_ != end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20) ++at_;
  if (at_ != end_ && *at_ == '"') {
    out = {start, static_cast<size_t>(at_ - start)};
    ++at_;
    return true;
  }
  scratch.assign(start, at_);
  if (!unescape(scratch)) return false;
  out = scratch;
  return true;
}

bool JsonScanner::read_hex4(uint32_t& out) {
  out = 0;
  for (int i = 0; i < 4; ++i) {
    char c = at_ == end_ ? '\0' : *at_;
    uint32_t digit = 0;
    if (is_digit(c)) {
      digit = static_cast<uint32_t>(c - '0');
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      digit = static_cast<uint32_t>((c | 0x20) - 'a' + 10);
    } else {
      return fail("Incorrect hex digit after \\u escape in string.");
    }
    out = out << 4 | digit;
    ++at_;
  }
  return true;
}

bool JsonScanner::unescape(std::string& scratch) {
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  for (;;) {
    if (at_ == end_ || *at_ == '\0') return fail("Missing a closing quotation mark in string.");
    char c = *at_;
    if (static_cast<unsigned char>(c) < 0x20) return fail("Invalid encoding in string.");
    ++at_;
    if (c == '"') return true;
    if (c != '\\') {
      scratch += c;
      continue;
    }
    char escape = at_ == end_ ? '\0' : *at_;
    if (size_t i = kFrom.find(escape); escape != '\0' && i != std::string_view::npos) {
      scratch += kTo[i];
      ++at_;
      continue;
    }
    if (escape != 'u') return fail("Invalid escape character in string.");
    ++at_;
    uint32_t code = 0;
    if (!read_hex4(code)) return false;
    if (code >= 0xD800 && code < 0xE000) {
      uint32_t low = 0;
      bool pair = code < 0xDC00 && end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u';
      if (!pair) return fail("The surrogate pair in string is invalid.");
      at_ += 2;
      if (!read_hex4(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return fail("The surrogate pair in string is invalid.");
      code = 0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00));
    }
    append_utf8(scratch, code);
  }
}

bool JsonScanner::read_special(JsonNumber& out, const char* start) {
  out = {.negative = *start == '-', .special = true};
  if (*at_ == 'N') {
    if (!read_literal("NaN")) return false;
  } else {
    if (!read_literal("Inf")) return false;
    if (at_ != end_ && *at_ == 'i' && !read_literal("inity")) return false;
  }
  out.text = {start, static_cast<size_t>(at_ - start)};
  return true;
}

bool JsonScanner::read_number(JsonNumber& out) {
  const char* start = at_;
  bool negative = at_ != end_ && *at_ == '-';
  if (negative) ++at_;
  if (at_ == end_) return fail("Invalid value.");
  if (!is_digit(*at_)) {
    if (*at_ == 'N' || *at_ == 'I') return read_special(out, start);
    return fail("Invalid value.");
  }
  uint64_t digits = 0;
  const char* first = at_;
  at_ = *at_ == '0' ? at_ + 1 : read_digits(at_, end_, digits);
  int64_t count = at_ - first;
  int64_t exponent = 0;
  bool integer = true;
  if (at_ != end_ && *at_ == '.') {
    integer = false;
    const char* fraction = ++at_;
    at_ = read_digits(at_, end_, digits);
    if (at_ == fraction) return fail("Miss fraction part in number.");
    exponent = -(at_ - fraction);
    count += at_ - fraction;
  }
  if (at_ != end_ && (*at_ | 0x20) == 'e') {
    integer = false;
    ++at_;
    bool minus = at_ != end_ && *at_ == '-';
    if (at_ != end_ && (*at_ == '-' || *at_ == '+')) ++at_;
    const char* power = at_;
    int64_t value = 0;
    for (; at_ != end_ && is_digit(*at_); ++at_) value = std::min<int64_t>(value * 10 + (*at_ - '0'), 1000000);
    if (at_ == power) return fail("Miss exponent in number.");
    exponent += minus ? -value : value;
  }
  out.digits = digits;
  out.exponent = static_cast<int>(std::clamp<int64_t>(exponent, -1000000, 1000000));
  out.negative = negative;
  out.integer = integer;
  out.special = false;
  // 19 digits always fit; leading zeros are worth the exact path too, as 0.003921568859368563 has.
  if (count > 19) {
    const char* lead = first;
    while (lead != at_ && (*lead == '0' || *lead == '.')) count -= *lead++ == '0';
  }
  out.exact = count <= 19;
  out.text = {start, static_cast<size_t>(at_ - start)};
  return true;
}

int64_t JsonScanner::read_plain_floats(float* out, int64_t most) {
  if constexpr (std::endian::native != std::endian::little) return 0;
  int64_t count = 0;
  while (count < most && end_ - at_ > 48) {
    const char* behind = read_plain_float(at_, out[count]);
    if (behind == nullptr || *behind != ',') break;
    at_ = behind + 1;
    at_ += *at_ == ' ';
    ++count;
  }
  return count;
}

bool JsonScanner::read_member_key(std::string_view& key, std::string& scratch) {
  if (peek() != '"') return fail("Missing a name for object member.");
  if (!read_string(key, scratch)) return false;
  if (peek() != ':') return fail("Missing a colon after a name of object member.");
  advance();
  peek();
  return true;
}

bool JsonScanner::read_separator(char close, std::string_view missing, bool& more) {
  char c = peek();
  if (c != ',' && c != close) return fail(missing);
  advance();
  more = c == ',';
  if (more) peek();
  return true;
}

bool JsonScanner::skip_value(std::string_view* out) {
  std::array<char, kMaxDepth> closers;
  int depth = 0;
  std::string scratch;
  std::string_view ignored;
  JsonNumber number;
  peek();
  const char* start = at_;
  for (;;) {
    char c = peek();
    bool opened = c == '{' || c == '[';
    if (opened) {
      if (depth == kMaxDepth) return fail(fmt::format("Nesting deeper than {} levels.", kMaxDepth));
      closers[static_cast<size_t>(depth++)] = c == '{' ? '}' : ']';
      advance();
      if (peek() == closers[static_cast<size_t>(depth - 1)]) {
        advance();
        --depth;
        opened = false;
      }
    } else if (c == '"') {
      if (!read_string(ignored, scratch)) return false;
    } else if (c == 't' || c == 'f' || c == 'n') {
      if (!read_literal(c == 't' ? "true" : c == 'f' ? "false" : "null")) return false;
    } else if (!read_number(number)) {
      return false;
    }
    for (bool more = false; !opened && depth > 0 && !more;) {
      char close = closers[static_cast<size_t>(depth - 1)];
      if (!read_separator(close, close == '}' ? kMissingObjectSeparator : kMissingArraySeparator, more)) return false;
      if (!more) --depth;
    }
    if (depth == 0) break;
    if (closers[static_cast<size_t>(depth - 1)] == '}' && !read_member_key(ignored, scratch)) return false;
  }
  if (out != nullptr) *out = {start, static_cast<size_t>(at_ - start)};
  return true;
}

bool to_real(const JsonNumber& number, double& out) { return fast_double(number, out) || special_or_slow(number, out); }

bool to_real(const JsonNumber& number, float& out) {
  bool simple = number.exact && !number.special && number.digits >> 63 == 0 && number.exponent >= -kMostPower &&
                number.exponent <= kMostPower;
  if (!simple || !nearest_float(nearly_scaled(number.digits, number.exponent), out))
    return special_or_slow(number, out);
  if (number.negative) out = -out;
  return true;
}

Status check_json_syntax(std::string_view text) {
  JsonScanner scanner(text);
  scanner.skip_value();
  return scanner.status();
}

Result<std::string_view> json_member(std::string_view text, std::string_view key) {
  JsonScanner scanner(text);
  std::string_view found;
  if (scanner.peek() == '{') {
    scanner.read_object([&](std::string_view name) { return scanner.skip_value(name == key ? &found : nullptr); });
  } else {
    scanner.skip_value();
  }
  RETURN_IF_ERROR(scanner.status());
  return found;
}

std::string_view json_type_name(char first) {
  switch (first) {
    case 'n': return "Null";
    case 'f': return "False";
    case 't': return "True";
    case '{': return "Object";
    case '[': return "Array";
    case '"': return "String";
    default: return "Number";
  }
}

}  // namespace slipway
