// JSON as a value: for manifests, reports and --json. Tensors on the wire have a faster reader of their own.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace slipway {

// Numbers keep whether they were written as integers. Objects keep the order of their members.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;  // null
  Json(bool b) : value_(b) {}
  Json(int n) : value_(int64_t{n}) {}
  Json(long n) : value_(int64_t{n}) {}
  Json(long long n) : value_(int64_t{n}) {}
  Json(unsigned n) : value_(int64_t{n}) {}
  Json(unsigned long n) : value_(static_cast<int64_t>(n)) {}
  Json(double x) : value_(x) {}
  Json(float x) : value_(static_cast<double>(x)) {}
  Json(const char* s) : value_(std::string(s)) {}
  Json(std::string_view s) : value_(std::string(s)) {}
  Json(std::string s) : value_(std::move(s)) {}
  Json(Array a) : value_(std::move(a)) {}
  Json(Object o) : value_(std::move(o)) {}

  static Json object(std::initializer_list<Member> members = {}) { return Json(Object(members)); }
  static Json array(std::initializer_list<Json> items = {}) { return Json(Array(items)); }
  template <typename Range>
  static Json array_of(const Range& range) {
    Array items;
    for (const auto& item : range) items.emplace_back(item);
    return Json(std::move(items));
  }

  bool is_null() const { return value_.index() == 0; }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_integer() const { return std::holds_alternative<int64_t>(value_); }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // The value when the type fits, else the default (a number is convertible between integer and double).
  bool as_bool(bool otherwise = false) const;
  int64_t as_int(int64_t otherwise = 0) const;
  double as_double(double otherwise = 0) const;
  const std::string& as_string() const;  // "" when it is none
  const Array& items() const;            // empty when it is none
  const Object& members() const;         // empty when it is none

  // The member, or null when this is no object or has none of that name.
  const Json& operator[](std::string_view key) const;
  // Like operator[], with an error that names the key when it is missing.
  Result<Json> require(std::string_view key) const;
  // Adds a member or replaces it. Requires: object or null.
  Json& set(std::string_view key, Json value);
  // Appends an item. Requires: array or null.
  Json& push(Json value);

  // Text; `indent` spaces per level, or one line when 0. NaN and infinities become null.
  std::string dump(int indent = 0) const;

  // One JSON document (RFC 8259). The error gives the byte offset where known.
  static Result<Json> parse(std::string_view text);

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value_;
};

// `text` with quotes around it and escapes inside, as a JSON string; U+FFFD for every byte that is no UTF-8.
std::string json_quote(std::string_view text);

}  // namespace slipway
