// Attributes: lookup and replacement.
#include "graph/attribute.h"

#include <algorithm>

namespace slipway {

Attribute::Attribute() = default;
Attribute::Attribute(const Attribute&) = default;
Attribute::Attribute(Attribute&&) noexcept = default;
Attribute& Attribute::operator=(const Attribute&) = default;
Attribute& Attribute::operator=(Attribute&&) noexcept = default;
Attribute::~Attribute() = default;

Attributes::Attributes() = default;
Attributes::Attributes(std::initializer_list<std::pair<std::string, Attribute>> items) : items_(items) {}
Attributes::Attributes(const Attributes&) = default;
Attributes::Attributes(Attributes&&) noexcept = default;
Attributes& Attributes::operator=(const Attributes&) = default;
Attributes& Attributes::operator=(Attributes&&) noexcept = default;
Attributes::~Attributes() = default;

std::string_view attribute_type_name(const Attribute& attribute) {
  constexpr std::string_view kNames[] = {"int",     "float",  "string", "ints", "floats",
                                         "strings", "tensor", "graph",  "type"};
  return kNames[attribute.index()];
}

const Attribute* Attributes::find(std::string_view name) const {
  for (const auto& [key, value] : items_) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Attributes::set(std::string_view name, Attribute value) {
  for (auto& [key, old] : items_) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  items_.emplace_back(std::string(name), std::move(value));
}

void Attributes::erase(std::string_view name) {
  std::erase_if(items_, [name](const auto& item) { return item.first == name; });
}

}  // namespace slipway
