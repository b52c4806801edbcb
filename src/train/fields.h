// Fields: which members of a plain struct a kind of thing takes, with their ranges. Recipes, checks and fingerprints
// read the same lists, so a new kind is one row.
#pragma once

#include <array>
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

#include "base/cards.h"
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

// The fields before the first without a name.
template <typename T>
std::span<const Field<T>> named(std::span<const Field<T>> fields) {
  size_t count = 0;
  while (count < fields.size() && fields[count].name != nullptr) ++count;
  return fields.first(count);
}
template <typename T, size_t N>
std::span<const Field<T>> named(const std::array<Field<T>, N>& fields) {
  return named(std::span<const Field<T>>(fields));
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

// What people read of the fields: "a number in [0, 1]", and what each is by itself.
template <typename T>
std::vector<OptionText> option_texts(std::span<const Field<T>> fields) {
  const T defaults = resolved(T(), fields);
  std::vector<OptionText> texts;
  for (const Field<T>& field : fields) {
    std::string range =
        std::isinf(field.high) ? "" : fmt::format(" in [{}, {}]", number_text(field.low), number_text(field.high));
    auto describe = [&](auto member) -> OptionText {
      using V = std::decay_t<decltype(defaults.*member)>;
      const V& value = defaults.*member;
      if constexpr (std::is_same_v<V, double>) return {field.name, "a number" + range, number_text(value)};
      if constexpr (std::is_same_v<V, int64_t>) return {field.name, "a whole number" + range, fmt::format("{}", value)};
      if constexpr (std::is_same_v<V, bool>) return {field.name, "true or false", fmt::format("{}", value)};
      if constexpr (std::is_same_v<V, std::string>) return {field.name, "a text", value};
      return {field.name, (std::is_same_v<V, std::vector<double>> ? "numbers" : "whole numbers") + range, ""};
    };
    texts.push_back(std::visit(describe, field.member));
  }
  return texts;
}

}  // namespace slipway::train
