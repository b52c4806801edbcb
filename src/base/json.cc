// Json: reading through simdjson, writing by hand.
#include "base/json.h"

#include <cmath>

#include <fmt/format.h>
#include <simdjson.h>

#include "base/utf8.h"

namespace slipway {

namespace {

const Json kNull;
const std::string kEmptyString;
const Json::Array kEmptyArray;
const Json::Object kEmptyObject;

Json from_dom(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::ARRAY: {
      Json::Array items;
      for (simdjson::dom::element item : simdjson::dom::array(element)) items.push_back(from_dom(item));
      return items;
    }
    case element_type::OBJECT: {
      Json::Object members;
      for (auto field : simdjson::dom::object(element)) members.emplace_back(field.key, from_dom(field.value));
      return members;
    }
    case element_type::INT64: return int64_t(element);
    case element_type::UINT64: return static_cast<double>(uint64_t(element));
    case element_type::DOUBLE: return double(element);
    case element_type::STRING: return std::string_view(element);
    case element_type::BOOL: return bool(element);
    case element_type::NULL_VALUE: return {};
  }
  return {};
}

void newline(std::string& out, int indent, int depth) {
  if (indent == 0) return;
  out += '\n';
  out.append(static_cast<size_t>(indent * depth), ' ');
}

void write(const Json& json, std::string& out, int indent, int depth);

void write_array(const Json::Array& items, std::string& out, int indent, int depth) {
  out += '[';
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += indent == 0 ? "," : ", ";
    write(items[i], out, indent, depth + 1);
  }
  out += ']';
}

void write_object(const Json::Object& members, std::string& out, int indent, int depth) {
  out += '{';
  for (size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    newline(out, indent, depth + 1);
    out += json_quote(members[i].first);
    out += indent == 0 ? ":" : ": ";
    write(members[i].second, out, indent, depth + 1);
  }
  if (!members.empty()) newline(out, indent, depth);
  out += '}';
}

void write(const Json& json, std::string& out, int indent, int depth) {
  if (json.is_null()) {
    out += "null";
  } else if (json.is_bool()) {
    out += json.as_bool() ? "true" : "false";
  } else if (json.is_integer()) {
    out += fmt::format("{}", json.as_int());
  } else if (json.is_number()) {
    double x = json.as_double();
    if (x == 0 && std::signbit(x)) {
      out += "-0.0";  // without the point it would come back as the integer 0
    } else {
      out += std::isfinite(x) ? fmt::format("{}", x) : "null";
    }
  } else if (json.is_string()) {
    out += json_quote(json.as_string());
  } else if (json.is_array()) {
    write_array(json.items(), out, indent, depth);
  } else {
    write_object(json.members(), out, indent, depth);
  }
}

}  // namespace

bool Json::as_bool(bool otherwise) const { return is_bool() ? std::get<bool>(value_) : otherwise; }

int64_t Json::as_int(int64_t otherwise) const {
  if (is_integer()) return std::get<int64_t>(value_);
  if (const double* x = std::get_if<double>(&value_); x != nullptr && std::abs(*x) < 9e18) {
    return static_cast<int64_t>(*x);
  }
  return otherwise;
}

double Json::as_double(double otherwise) const {
  if (is_integer()) return static_cast<double>(std::get<int64_t>(value_));
  const double* x = std::get_if<double>(&value_);
  return x != nullptr ? *x : otherwise;
}

const std::string& Json::as_string() const { return is_string() ? std::get<std::string>(value_) : kEmptyString; }
const Json::Array& Json::items() const { return is_array() ? std::get<Array>(value_) : kEmptyArray; }
const Json::Object& Json::members() const { return is_object() ? std::get<Object>(value_) : kEmptyObject; }

const Json& Json::operator[](std::string_view key) const {
  for (const Member& member : members()) {
    if (member.first == key) return member.second;
  }
  return kNull;
}

Result<Json> Json::require(std::string_view key) const {
  for (const Member& member : members()) {
    if (member.first == key) return member.second;
  }
  return invalid(fmt::format("expected a member \"{}\"; it is missing", key));
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object();
  CHECK(is_object(), "set() on a Json that is no object");
  for (Member& member : std::get<Object>(value_)) {
    if (member.first == key) {
      member.second = std::move(value);
      return *this;
    }
  }
  std::get<Object>(value_).emplace_back(std::string(key), std::move(value));
  return *this;
}

Json& Json::push(Json value) {
  if (is_null()) value_ = Array();
  CHECK(is_array(), "push() on a Json that is no array");
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

std::string Json::dump(int indent) const {
  std::string out;
  write(*this, out, indent, 0);
  return out;
}

Result<Json> Json::parse(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  auto error = parser.parse(simdjson::padded_string(text)).get(root);
  if (error != simdjson::SUCCESS) {
    return invalid(fmt::format("JSON: {} (document of {} bytes)", simdjson::error_message(error), text.size()));
  }
  return from_dom(root);
}

std::string json_quote(std::string_view text) {
  if (invalid_utf8(text)) return json_quote(repaired_utf8(text));
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
  return out;
}

}  // namespace slipway
