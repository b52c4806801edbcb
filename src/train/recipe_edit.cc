// Recipe edits by the places that the parser tells of every value.
#include "train/recipe_edit.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "base/json.h"
#include "base/toml.h"
#include "train/callbacks/callback_card.h"

namespace slipway::train {

namespace {

// A key, or an index where `index` >= 0.
struct Segment {
  std::string key;
  int64_t index = -1;
};
using Path = std::vector<Segment>;

bool is_bare(std::string_view key) {
  return !key.empty() &&
         std::ranges::all_of(key, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

std::string spelled(std::span<const Segment> path) {
  std::string text;
  for (const Segment& segment : path) {
    if (segment.index >= 0) {
      text += fmt::format("[{}]", segment.index);
    } else {
      text += (text.empty() ? "" : ".") + (is_bare(segment.key) ? segment.key : toml_quoted(segment.key));
    }
  }
  return text;
}

Status unreadable(const std::string& text) {
  return invalid(fmt::format("\"{}\": expected a key such as train.epochs or model.layers[0].units", text));
}

// "[3]" at the beginning of `rest`, which is taken off.
bool take_index(std::string_view& rest, Path& path) {
  int64_t index = -1;
  auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), index);
  if (error != std::errc() || index < 0 || end == rest.data() + rest.size() || *end != ']') return false;
  rest.remove_prefix(static_cast<size_t>(end + 1 - rest.data()));
  path.push_back({"", index});
  return true;
}

Result<Path> parse_path(const std::string& text) {
  Path path;
  std::string_view rest = text;
  while (!rest.empty()) {
    if (rest[0] == '[') {
      if (path.empty() || !take_index(rest, path)) return unreadable(text);
      continue;
    }
    if (!path.empty()) {
      if (rest[0] != '.') return unreadable(text);
      rest.remove_prefix(1);
    }
    const bool quoted = rest.starts_with('"');
    const size_t end = quoted ? rest.find('"', 1) : std::min(rest.find_first_of(".["), rest.size());
    if (end == std::string_view::npos) return unreadable(text);
    const std::string key(quoted ? rest.substr(1, end - 1) : rest.substr(0, end));
    if (quoted ? key.empty() : !is_bare(key)) return unreadable(text);
    path.push_back({key, -1});
    rest.remove_prefix(quoted ? end + 1 : end);
  }
  return path.empty() ? Result<Path>(unreadable(text)) : path;
}

Result<toml::table> parsed(const std::string& text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return invalid(fmt::format("not TOML: {}", error.description()));
  }
}

// Where a place of the parser's (lines and characters from 1) lies in the text.
size_t offset_of(const std::string& text, toml::source_position place) {
  size_t at = 0;
  for (toml::source_index line = 1; line < place.line; ++line) at = text.find('\n', at) + 1;
  for (toml::source_index column = 1; column < place.column && at < text.size(); ++column) {
    do ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  }
  return at;
}

struct Found {
  const toml::node* node = nullptr;    // the deepest that is there
  size_t depth = 0;                    // segments that lead to it
  std::vector<const toml::node*> way;  // way[d]: what d segments lead to
};

Result<Found> find(const toml::table& root, const Path& path) {
  Found found{&root, 0, {&root}};
  for (const Segment& segment : path) {
    const toml::node* next = nullptr;
    const toml::array* items = found.node->as_array();
    if (segment.index >= 0) {
      const std::string name = spelled(std::span(path).first(found.depth));
      if (items == nullptr) return invalid(fmt::format("{} is no list; it has no element {}", name, segment.index));
      if (static_cast<size_t>(segment.index) >= items->size()) {
        return invalid(
            fmt::format("{} has {} entries, counted from 0; there is no {}", name, items->size(), segment.index));
      }
      next = &(*items)[static_cast<size_t>(segment.index)];
    } else if (const toml::table* table = found.node->as_table()) {
      next = table->get(segment.key);
    }
    if (next == nullptr) break;
    found.node = next;
    ++found.depth;
    found.way.push_back(next);
  }
  return found;
}

// The text of `value` as TOML: itself, or a text where it is none and looks like a word.
std::string as_toml(const std::string& value) {
  if (parsed("x = " + value).ok() && value.find('\n') == std::string::npos) return value;
  return toml_quoted(value);
}

// Whether the table has a header of its own, not only one of a table in it.
bool has_header(const std::string& text, const toml::node& node) {
  const toml::table* table = node.as_table();
  const toml::source_position begin = node.source().begin;
  if (table == nullptr || table->is_inline() || begin.line == 0 || text[offset_of(text, begin)] != '[') return false;
  return std::ranges::none_of(*table, [&](const auto& child) {
    return (child.second.is_table() || child.second.is_array()) && child.second.source().begin == begin;
  });
}

std::string with_line_behind(std::string text, size_t at, const std::string& line) {
  const size_t end = text.find('\n', at);
  if (end == std::string::npos) return text + "\n" + line + "\n";
  return text.insert(end + 1, line + "\n");
}

// `rest` behind a table that is there: within its braces, below its header, or below that of a table around it.
std::string with_new_key(const std::string& text, const Found& found, const Path& path, const std::string& value) {
  const toml::table* table = found.node->as_table();
  if (table->is_inline()) {
    const size_t brace = offset_of(text, found.node->source().begin);
    const std::string key = spelled(std::span(path).subspan(found.depth));
    return std::string(text).insert(brace + 1, fmt::format(" {} = {}{}", key, value, table->empty() ? " " : ","));
  }
  for (size_t depth = found.way.size() - 1; depth > 0; --depth) {
    if (!has_header(text, *found.way[depth])) continue;
    const std::string key = spelled(std::span(path).subspan(depth));
    return with_line_behind(text, offset_of(text, found.way[depth]->source().begin), key + " = " + value);
  }
  if (path.size() == 1) return fmt::format("{} = {}\n{}", spelled(path), value, text);
  const std::string header = spelled(std::span(path).first(path.size() - 1));
  return fmt::format("{}{}\n[{}]\n{} = {}\n", text, text.ends_with('\n') || text.empty() ? "" : "\n", header,
                     spelled(std::span(path).last(1)), value);
}

// Whether a word at this key stands for { type = "word" }.
bool stands_for_a_table(std::string_view key) {
  return key == "train.optimizer" || key == "train.schedule" || key == "train.loss";
}

bool is_shorthand(const Path& path, const Found& found) {
  return found.node->is_string() && path.size() == found.depth + 1 &&
         stands_for_a_table(spelled(std::span(path).first(found.depth)));
}

// Whether the node is spelled by headers ([train], [[layers]]) or dotted keys, not by one value behind a key.
bool has_lines_of_its_own(const toml::node& node) {
  if (const toml::table* table = node.as_table()) return !table->is_inline();
  const toml::array* items = node.as_array();
  return items != nullptr && !items->empty() && items->get(0)->is_table() && !items->get(0)->as_table()->is_inline();
}

std::string with_value_at(std::string text, const toml::node& node, const std::string& value) {
  const size_t begin = offset_of(text, node.source().begin), end = offset_of(text, node.source().end);
  return text.replace(begin, end - begin, value);
}

}  // namespace

std::string toml_quoted(const std::string& text) { return json_quote(text); }

Result<Setting> parse_setting(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return invalid(fmt::format("--set {}: expected KEY=VALUE, such as train.epochs=20", text));
  }
  auto trimmed = [](std::string_view part) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    return std::string(part);
  };
  return Setting{trimmed(std::string_view(text).substr(0, equals)), trimmed(std::string_view(text).substr(equals + 1))};
}

Result<std::string> with_setting(const std::string& text, const Setting& setting) {
  Path path = TRY(parse_path(setting.key));
  const toml::table root = TRY(parsed(text));
  const bool of_model = path.size() > 1 && path[0].key == "model" && path[1].key == "layers";
  if (of_model && !root.at_path("model.layers") && root.contains("layers")) path.erase(path.begin());
  const Found found = TRY(find(root, path));
  const std::string value = as_toml(setting.value);
  std::string edited;
  if (found.depth == path.size()) {
    if (has_lines_of_its_own(*found.node)) {
      return invalid(fmt::format("{} is a table of its own; set one of its keys", setting.key));
    }
    edited = with_value_at(text, *found.node, value);
  } else if (is_shorthand(path, found)) {
    const std::string type = toml_quoted(*found.node->value<std::string>());
    edited = with_value_at(text, *found.node, fmt::format("{{ type = {}, {} = {} }}", type, path.back().key, value));
  } else if (found.node->is_table()) {
    edited = with_new_key(text, found, path, value);
  } else {
    return invalid(fmt::format("{} is no table; it has no key \"{}\"", spelled(std::span(path).first(found.depth)),
                               path[found.depth].key));
  }
  RETURN_IF_ERROR(parsed(edited).status());
  return edited;
}

Result<std::string> with_absolute_paths(const std::string& text, const std::filesystem::path& folder) {
  std::vector<std::string> keys = {"data.path",        "data.labels", "data.test_path",
                                   "data.test_labels", "model.file",  "callbacks.checkpoints"};
  for (const CallbackCard* card : all_callbacks()) {
    if (card->path != nullptr) keys.push_back(fmt::format("callbacks.{}", card->name));
  }
  const toml::table root = TRY(parsed(text));
  std::string edited = text;
  for (const std::string& key : keys) {
    const std::optional<std::string> path = root.at_path(key).value<std::string>();
    if (!path || path->empty() || std::filesystem::path(*path).is_absolute()) continue;
    const std::filesystem::path whole = std::filesystem::absolute(folder / *path).lexically_normal();
    edited = TRY(with_setting(edited, {key, toml_quoted(whole.string())}));
  }
  return edited;
}

namespace {

std::string value_text(const toml::node& node) {
  if (node.is_string()) return toml_quoted(*node.value<std::string>());
  if (node.is_floating_point()) return fmt::format("{}", *node.value<double>());
  if (const toml::array* items = node.as_array()) {
    std::string text;
    for (const toml::node& item : *items) text += (text.empty() ? "" : ", ") + value_text(item);
    return "[" + text + "]";
  }
  std::ostringstream text;
  node.visit([&](const auto& value) { text << toml::toml_formatter{value}; });
  return text.str();
}

void add_values(const toml::node& node, const std::string& key, std::map<std::string, std::string>& values) {
  const toml::array* items = node.as_array();
  if (const toml::table* table = node.as_table()) {
    for (const auto& [name, value] : *table) {
      const std::string part = spelled(std::vector<Segment>{{std::string(name.str()), -1}});
      add_values(value, key.empty() ? part : key + "." + part, values);
    }
  } else if (items != nullptr && !items->empty() && items->get(0)->is_table()) {
    for (size_t i = 0; i < items->size(); ++i) add_values(*items->get(i), fmt::format("{}[{}]", key, i), values);
  } else {
    const bool word = node.is_string() && stands_for_a_table(key);
    values[word ? key + ".type" : key] = value_text(node);
  }
}

}  // namespace

Result<std::map<std::string, std::string>> recipe_values(const std::string& text) {
  std::map<std::string, std::string> values;
  add_values(TRY(parsed(text)), "", values);
  return values;
}

Status at_setting(const std::vector<Setting>& settings, const Status& status) {
  for (const Setting& setting : settings) {
    const std::string last = setting.key.substr(setting.key.find_last_of('.') + 1);
    const size_t at = status.message().find(last);
    if (at == std::string::npos) continue;
    // What stands before is the recipe's path, which knows nothing of the setting, and a line.
    const size_t line = status.message().find(": ");
    const std::string what = line < at ? status.message().substr(line + 2) : status.message();
    return {status.code(), fmt::format("--set {}={}: {}", setting.key, setting.value, what)};
  }
  return status;
}

}  // namespace slipway::train
