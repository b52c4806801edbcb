// JsonScanner: a cursor over JSON text. Values are read where they stand; there is no document in memory.
//
// Accepts what TensorFlow Serving and Triton accept beyond RFC 8259: the tokens NaN, Infinity, Inf and their negatives.
// A byte order mark in front is skipped. Bytes behind the first value are not looked at. Syntax errors have RapidJSON's
// words and offsets, which clients match.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway {

// A number as it was written.
struct JsonNumber {
  uint64_t digits = 0;  // the decimal digits without the point, when `exact`
  int exponent = 0;     // value = digits * 10^exponent
  bool negative = false;
  bool integer = false;   // written without point and exponent
  bool exact = false;     // all digits fit into `digits`
  bool special = false;   // NaN or an infinity
  std::string_view text;  // as written, with the sign
};

// Every reading function returns false after an error, which status() then tells. Not thread-safe.
class JsonScanner {
 public:
  static constexpr int kMaxDepth = 256;

  explicit JsonScanner(std::string_view text)
      : begin_(text.data()),
        at_(text.data() + (text.starts_with("\xEF\xBB\xBF") ? 3 : 0)),
        end_(text.data() + text.size()) {}

  // ok, or invalid_argument "JSON Parse error: Invalid value. at offset: 12".
  const Status& status() const { return status_; }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }
  const char* position() const { return at_; }
  const char* end() const { return end_; }
  // Back to a position this scanner had before. Requires: no syntax error so far.
  void seek(const char* position) { at_ = position; }

  // The next byte that is not white space, not consumed; '\0' at the end of the text.
  char peek() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
    return at_ == end_ ? '\0' : *at_;
  }
  // Requires: peek() returned a byte of the text.
  void advance() { ++at_; }

  // The text up to the closing quote, unescaped: a view of the text itself where it has no escapes, else of `scratch`.
  bool read_string(std::string_view& out, std::string& scratch);
  bool read_number(JsonNumber& out);
  // Numbers without an exponent, each with a comma right behind it, into `out`; returns how many (at most `most`), the
  // cursor standing before the next element. Stops before anything else, the last element of a list included.
  int64_t read_plain_floats(float* out, int64_t most);
  // true, false or null, as given.
  bool read_literal(std::string_view literal);
  // Any value, checking its syntax. `out`, when given, gets its text.
  bool skip_value(std::string_view* out = nullptr);

  // Calls f(key) for each member, standing before its value, which f must read or skip. f returns false to stop.
  template <typename F>
  bool read_object(F&& f);
  // Calls f(index) for each element, standing before it.
  template <typename F>
  bool read_array(F&& f);

  // Records a syntax error at the cursor; always false.
  bool fail(std::string_view what);

 private:
  bool read_member_key(std::string_view& key, std::string& scratch);
  // After a value in a container: true and `more` when a comma follows, true and !more when it closes.
  bool read_separator(char close, std::string_view missing, bool& more);
  bool unescape(std::string& scratch);
  bool read_hex4(uint32_t& out);
  bool read_special(JsonNumber& out, const char* start);

  const char* begin_;
  const char* at_;
  const char* end_;
  Status status_;
};

// A correctly rounded float or double. False: too large for the type (never for NaN and infinities as written).
bool to_real(const JsonNumber& number, float& out);
bool to_real(const JsonNumber& number, double& out);

// Whether the text holds one well-formed value (what follows it is not looked at).
Status check_json_syntax(std::string_view text);

// The text of a member of the object that `text` holds, as it stands there, the last one of several; "" where there is
// none, nor an object. Errors are the syntax errors of all of it.
Result<std::string_view> json_member(std::string_view text, std::string_view key);

// "Null", "False", "True", "Object", "Array", "String" or "Number": RapidJSON's names, from a value's first byte.
std::string_view json_type_name(char first);

inline constexpr std::string_view kMissingObjectSeparator = "Missing a comma or } after an object member.";
inline constexpr std::string_view kMissingArraySeparator = "Missing a comma or ] after an array element.";

template <typename F>
bool JsonScanner::read_object(F&& f) {
  if (peek() != '{') return fail("Invalid value.");
  advance();
  if (peek() == '}') {
    advance();
    return true;
  }
  std::string scratch;
  for (bool more = true; more;) {
    std::string_view key;
    if (!read_member_key(key, scratch) || !f(key) || !read_separator('}', kMissingObjectSeparator, more)) return false;
  }
  return true;
}

template <typename F>
bool JsonScanner::read_array(F&& f) {
  if (peek() != '[') return fail("Invalid value.");
  advance();
  if (peek() == ']') {
    advance();
    return true;
  }
  int64_t index = 0;
  for (bool more = true; more;) {
    if (!f(index++) || !read_separator(']', kMissingArraySeparator, more)) return false;
  }
  return true;
}

}  // namespace slipway
