// Fields: which members of a plain struct a kind of thing takes, with their ranges. Recipes, checks and fingerprints
// read the same lists, so a new kind is one row.
#pragma once

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"
#include "base/status.h"

namespace slipway::train {

template <typename T>
using Member = std::variant<double T::*, int64_t T::*, bool T::*, std::string T::*, std::vector<int64_t> T::*,
                            std::vector<double> T::*>;

template <typename T>
struct Field {
  const char* name = nullptr;
  Member<T> member;
  double low = -std::numeric_limits<double>::infinity();  // of numbers, both ends included
  double high = std::numeric_limits<double>::infinity();
  double otherwise = std::numeric_limits<double>::quiet_NaN();  // what a number of NaN stands for
};

// The fields of an array before the first without a name.
template <typename T, size_t N>
std::span<const Field<T>> named(const Field<T> (&fields)[N]) {
  size_t count = 0;
  while (count < N && fields[count].name != nullptr) ++count;
  return {fields, count};
}

// `object` with the fields' own defaults in place of NaN.
template <typename T>
T resolved(T object, std::span<const Field<T>> fields) {
  for (const Field<T>& field : fields) {
    if (auto* member = std::get_if<double T::*>(&field.member); member != nullptr && std::isnan(object.**member)) {
      object.** member = field.otherwise;
    }
  }
  return object;
}

// An error that names the field (behind `what`), its range and what was found.
template <typename T>
Status check_fields(std::string_view what, const T& object, std::span<const Field<T>> fields) {
  auto inside = [&](const Field<T>& field, auto x) -> Status {
    double value = static_cast<double>(x);
    if (value >= field.low && value <= field.high) return {};
    return invalid(
        fmt::format("{}: {} is {}; expected it in [{}, {}]", what, field.name, value, field.low, field.high));
  };
  for (const Field<T>& field : fields) {
    RETURN_IF_ERROR(std::visit(
        [&](auto member) -> Status {
          using V = std::decay_t<decltype(object.*member)>;
          if constexpr (std::is_same_v<V, double> || std::is_same_v<V, int64_t>) {
            return inside(field, object.*member);
          } else if constexpr (!std::is_same_v<V, bool> && !std::is_same_v<V, std::string>) {
            for (auto x : object.*member) RETURN_IF_ERROR(inside(field, x));
          }
          return {};
        },
        field.member));
  }
  return {};
}

// " momentum 0.9 nesterov true": every field with its value.
template <typename T>
std::string to_text(const T& object, std::span<const Field<T>> fields) {
  std::string text;
  for (const Field<T>& field : fields) {
    text += fmt::format(" {} ", field.name);
    std::visit([&](auto member) { text += fmt::format("{}", object.*member); }, field.member);
  }
  return text;
}

// Whether both are one word in Keras's two spellings: "mean_squared_error" and "MeanSquaredError".
inline bool same_word(std::string_view a, std::string_view b) {
  auto folded = [](std::string_view word) {
    std::string letters;
    for (char c : word) {
      if (c != '_') letters += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return letters;
  };
  return folded(a) == folded(b);
}

// The row called `name` of a table of rows with a `name`; the error says what there is and what was probably meant.
template <typename Row>
Result<const Row*> find_row(std::string_view what, std::span<const Row> table, std::string_view name) {
  std::vector<std::string> names;
  for (const Row& row : table) {
    if (same_word(name, row.name)) return &row;
    names.emplace_back(row.name);
  }
  return invalid(fmt::format("{} \"{}\" is not known{}", what, name, did_you_mean(name, names, "expected one of")));
}

}  // namespace slipway::train
