// Section: one table of a recipe, read key by key; the first mistake is kept with its line.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/nearest.h"
#include "base/status.h"
#include "base/toml.h"
#include "train/fields.h"
#include "train/recipe.h"

namespace slipway::train {

// "a whole number", "a table", … as messages call what was found.
std::string_view kind_of(const toml::node& node);

// One table of the recipe. Remembers the first error and which keys were asked for; finish() refuses the others.
class Section {
 public:
  // `from`: what the table stands for, where its own entries come from no line.
  Section(std::string where, std::string path, const toml::table* table, const toml::node* from = nullptr)
      : where_(std::move(where)), path_(std::move(path)), table_(table), from_(from) {}

  bool has(const char* key) {
    asked_.insert(key);
    return table_ != nullptr && table_->contains(key);
  }

  void read(const char* key, std::string& to) { read_as<std::string>(key, to, "text"); }
  void read(const char* key, bool& to) { read_as<bool>(key, to, "true or false"); }
  void read(const char* key, std::filesystem::path& to) {
    std::string text;
    read(key, text);
    if (!text.empty()) to = text;
  }
  void read(const char* key, int64_t& to, int64_t least = std::numeric_limits<int64_t>::min(),
            int64_t most = std::numeric_limits<int64_t>::max()) {
    read_as<int64_t>(key, to, "a whole number");
    if (!has(key) || !status_.ok()) return;
    if (to < least) fail(key, fmt::format("expected at least {}, found {}", least, to));
    if (to > most) fail(key, fmt::format("expected at most {}, found {}", most, to));
  }
  void read(const char* key, double& to) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    auto value = node->value<double>();
    if (!value || !node->is_number()) return wrong_type(key, *node, "a number");
    if (!std::isfinite(*value)) return fail(key, fmt::format("expected a finite number, found {}", *value));
    to = *value;
  }
  void read(const char* key, std::vector<std::string>& to) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    to.clear();
    if (node->is_string()) to.push_back(*node->value<std::string>());
    if (const toml::array* items = node->as_array()) {
      for (const toml::node& item : *items) {
        if (!item.is_string()) return wrong_type(key, item, "a list of texts");
        to.push_back(*item.value<std::string>());
      }
    } else if (!node->is_string()) {
      wrong_type(key, *node, "a list of texts");
    }
  }

  template <typename T>
  void read(const char* key, std::vector<T>& to) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const toml::array* items = node->as_array();
    if (items == nullptr) return wrong_type(key, *node, "a list of numbers");
    to.clear();
    for (const toml::node& item : *items) {
      bool fits = std::is_same_v<T, double> ? item.is_number() : item.is_integer();
      if (!fits) return wrong_type(key, item, std::is_same_v<T, double> ? "a number" : "a whole number");
      to.push_back(*item.value<T>());
    }
  }
  // The members that a kind of thing takes, with their ranges.
  template <typename T>
  void read_fields(T& to, std::span<const Field<T>> fields) {
    for (const Field<T>& field : fields) {
      std::visit([&](auto member) { read(field.name, to.*member); }, field.member);
      if (!has(field.name) || !status_.ok()) continue;
      Status fits = check_fields(path_, to, std::span(&field, 1));
      if (!fits.ok()) fail_at(table_->get(field.name), fits.message());
    }
  }

  // The table under `key`; a text counts as a table with only `shorthand`.
  Section table(const char* key, const char* shorthand = nullptr) {
    const toml::node* node = find(key);
    std::string path = path_.empty() ? key : path_ + "." + key;
    if (node == nullptr) return {where_, path, nullptr};
    if (const toml::table* table = node->as_table()) return {where_, path, table};
    if (shorthand != nullptr && node->is_string()) {
      owned_.push_back(std::make_unique<toml::table>());
      owned_.back()->insert(shorthand, *node->value<std::string>());
      return {where_, path, owned_.back().get(), node};
    }
    wrong_type(key, *node, "a table");
    return {where_, path, nullptr};
  }
  const toml::array* list(const char* key) {
    const toml::node* node = find(key);
    if (node != nullptr && !node->is_array()) wrong_type(key, *node, "a list");
    return node == nullptr ? nullptr : node->as_array();
  }

  void fail(const char* key, const std::string& what) {
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    fail_at(node, fmt::format("{}: {}", full(key), what));
  }
  void fail_at(const toml::node* node, const std::string& what) {
    if (!status_.ok()) return;
    if (node == nullptr || node->source().begin.line == 0) node = from_;
    std::string line =
        node == nullptr || node->source().begin.line == 0 ? "" : fmt::format(":{}", node->source().begin.line);
    status_ = invalid(fmt::format("{}{}: {}", where_, line, what));
  }

  // Takes over what went wrong in a table below.
  void fail_with(const Status& status) {
    if (status_.ok()) status_ = status;
  }

  // Refuses keys that nobody asked for.
  Status finish() {
    if (!status_.ok() || table_ == nullptr) return status_;
    std::vector<std::string> known(asked_.begin(), asked_.end());
    for (const auto& [key, node] : *table_) {
      std::string name(key.str());
      if (asked_.contains(name)) continue;
      fail_at(&node, fmt::format("unknown key \"{}\"{}", full(name), did_you_mean(name, known, "expected one of")));
    }
    return status_;
  }
  const toml::table* raw() const { return table_; }
  const Status& status() const { return status_; }

 private:
  std::string full(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  }
  const toml::node* find(const char* key) { return has(key) ? table_->get(key) : nullptr; }
  void wrong_type(const char* key, const toml::node& node, const char* expected) {
    fail_at(&node, fmt::format("{}: expected {}, found {}", full(key), expected, kind_of(node)));
  }
  template <typename T>
  void read_as(const char* key, T& to, const char* expected) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (auto value = node->value_exact<T>()) {
      to = *value;
    } else {
      wrong_type(key, *node, expected);
    }
  }

  std::string where_;
  std::string path_;
  const toml::table* table_;
  const toml::node* from_;
  std::set<std::string> asked_;
  Status status_;
  std::vector<std::unique_ptr<toml::table>> owned_;
};

// One of several words.
template <typename T>
void read_choice(Section& section, const char* key, const std::vector<std::pair<std::string, T>>& choices, T& to) {
  std::string word;
  section.read(key, word);
  if (!section.has(key)) return;
  std::string expected;
  for (const auto& [name, value] : choices) {
    if (name == word) {
      to = value;
      return;
    }
    expected += (expected.empty() ? "" : ", ") + name;
  }
  section.fail(key, fmt::format("expected one of {}, found \"{}\"", expected, word));
}

// [data] of a recipe.
Status read_data(Section data, Recipe& recipe);

}  // namespace slipway::train
