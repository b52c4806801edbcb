// Data in words.
#include "cli/understood.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/utf8.h"
#include "cli/table.h"

namespace slipway {

namespace {

constexpr size_t kShownColumns = 40;
constexpr size_t kShownClasses = 12;
constexpr size_t kShownValues = 4;
constexpr size_t kLongestValue = 24;  // bytes

// A name or value from foreign data, short and in one line.
std::string cut(const std::string& found) {
  const std::string text = printable(found);
  if (text.size() <= kLongestValue) return text;
  size_t end = kLongestValue;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string number(const Json& value) { return fmt::format("{:.6g}", value.as_double()); }

std::string values_of(const Json& column) {
  const std::string& type = column["type"].as_string();
  if (type == "number") {
    return fmt::format("{} to {}, mean {}", number(column["least"]), number(column["most"]), number(column["mean"]));
  }
  if (type == "date") return fmt::format("{} to {}", column["first"].as_string(), column["last"].as_string());
  if (type == "empty") return "none";
  std::vector<std::string> parts;
  const auto& values = column["values"].members();
  for (size_t i = 0; i < std::min(values.size(), kShownValues); ++i) {
    parts.push_back(fmt::format("{} ({})", cut(values[i].first), values[i].second.as_int()));
  }
  const int64_t more = column["distinct"].as_int() - static_cast<int64_t>(parts.size());
  return fmt::format("{}{}", fmt::join(parts, ", "), more > 0 ? fmt::format(", {} more", more) : "");
}

// "12: empty, NA"
std::string missing_of(const Json& column) {
  if (column["missing"].as_int() == 0) return "0";
  std::vector<std::string> words;
  for (const auto& [word, count] : column["missing_as"].members()) words.push_back(word.empty() ? "empty" : cut(word));
  const bool plain = words.empty() || (words.size() == 1 && words[0] == "empty");
  return fmt::format("{}{}", column["missing"].as_int(), plain ? "" : fmt::format(": {}", fmt::join(words, ", ")));
}

std::string columns_text(const Json& understood) {
  const auto& columns = understood["columns"].items();
  if (columns.empty()) return {};
  Table table({"COLUMN", "TYPE", "USE", "MISSING", "VALUES"});
  for (size_t i = 0; i < std::min(columns.size(), kShownColumns); ++i) {
    const Json& column = columns[i];
    table.add({cut(column["name"].as_string()), column["type"].as_string(), column["use"].as_string(),
               missing_of(column), values_of(column)});
  }
  std::string text = table.text();
  if (columns.size() > kShownColumns) text += fmt::format("… and {} more columns\n", columns.size() - kShownColumns);
  return text;
}

// "3 classes: setosa 40, versicolor 41, virginica 39"
std::string classes_text(const Json& target) {
  const auto& classes = target["classes"].items();
  std::vector<std::string> parts;
  for (size_t i = 0; i < std::min(classes.size(), kShownClasses); ++i) {
    parts.push_back(fmt::format("{} {}", cut(classes[i]["name"].as_string()),
                                classes[i]["training"].as_int() + classes[i]["test"].as_int()));
  }
  const bool labels = target["task"].as_string() == "labels";
  return fmt::format("{} {}: {}{}", classes.size(), labels ? "labels, any of them at once" : "classes",
                     fmt::join(parts, ", "), classes.size() > kShownClasses ? ", …" : "");
}

std::string target_text(const Json& target) {
  const std::string& name = target["name"].as_string();
  const std::string head = name.empty() ? "Target: " : fmt::format("Target: {}, ", printable(name));
  if (target["task"].as_string() == "next token")
    return fmt::format("{}the next of {} tokens\n", head, target["classes"].items().size());
  if (!target["classes"].items().empty()) return fmt::format("{}{}\n", head, classes_text(target));
  return fmt::format("{}numbers from {} to {}, mean {}, deviation {}\n", head, number(target["least"]),
                     number(target["most"]), number(target["mean"]), number(target["deviation"]));
}

}  // namespace

std::string understood_text(const Json& understood) {
  std::string text =
      fmt::format("Data: {} ({} training, {} test examples of {})\n", printable(understood["source"].as_string()),
                  understood["training"].as_int(), understood["test"].as_int(), understood["example"].as_string());
  text += columns_text(understood) + target_text(understood["target"]);
  if (understood["split"].is_string()) text += fmt::format("Split: {}\n", printable(understood["split"].as_string()));
  for (const Json& skipped : understood["skipped"].items()) {
    text += fmt::format("Skipped: {} {}, {}; the first: {}\n", skipped["files"].as_int(),
                        skipped["files"].as_int() == 1 ? "file" : "files", printable(skipped["why"].as_string()),
                        printable(skipped["first"].as_string()));
  }
  for (const Json& note : understood["notes"].items()) text += fmt::format("Note: {}\n", printable(note.as_string()));
  return text;
}

}  // namespace slipway
