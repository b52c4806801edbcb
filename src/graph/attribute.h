// Attributes of nodes: values fixed when the graph is made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tensor/tensor.h"

namespace slipway {

class Graph;
struct ValueType;

// What an attribute holds. A subgraph is shared and frozen (the body of If, Loop, Scan).
using AttributeValue =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>, std::vector<std::string>,
                 Tensor, std::shared_ptr<const Graph>, std::shared_ptr<const ValueType>>;

// That variant with its copies and destruction compiled once: hundreds of cards hold attributes.
struct Attribute : AttributeValue {
  using AttributeValue::AttributeValue;
  Attribute();
  Attribute(const Attribute&);
  Attribute(Attribute&&) noexcept;
  Attribute& operator=(const Attribute&);
  Attribute& operator=(Attribute&&) noexcept;
  ~Attribute();
};

// "int", "float", "string", "ints", "floats", "strings", "tensor", "graph", "type".
std::string_view attribute_type_name(const Attribute& attribute);

// Named attributes in the order they were set; a handful per node, so lookup is a walk.
class Attributes {
 public:
  Attributes();
  Attributes(std::initializer_list<std::pair<std::string, Attribute>> items);
  Attributes(const Attributes&);
  Attributes(Attributes&&) noexcept;
  Attributes& operator=(const Attributes&);
  Attributes& operator=(Attributes&&) noexcept;
  ~Attributes();

  const Attribute* find(std::string_view name) const;
  void set(std::string_view name, Attribute value);
  void erase(std::string_view name);
  const std::vector<std::pair<std::string, Attribute>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, Attribute>> items_;
};

// What a card says an attribute is when a node leaves it out. `optional_*` have no default: the card asks has().
// A node without a `required*` one is refused by verify().
struct AttributeDefault {
  enum class Kind : uint8_t {
    none,
    integer,
    real,
    text,
    optional_int,
    optional_float,
    optional_string,
    optional_ints,
    optional_floats,
    optional_strings,
    optional_tensor,
    optional_graph,
    optional_type,
    required_int,
    required_float,
    required_string,
    required_ints,
    required_graph
  };
  Kind kind = Kind::none;
  int64_t integer = 0;
  float real = 0;
  const char* text = nullptr;

  constexpr AttributeDefault() = default;
  constexpr AttributeDefault(Kind k) : kind(k) {}
  constexpr AttributeDefault(int v) : kind(Kind::integer), integer(v) {}
  constexpr AttributeDefault(int64_t v) : kind(Kind::integer), integer(v) {}
  constexpr AttributeDefault(float v) : kind(Kind::real), real(v) {}
  constexpr AttributeDefault(double v) : kind(Kind::real), real(static_cast<float>(v)) {}
  constexpr AttributeDefault(const char* v) : kind(Kind::text), text(v) {}
};

inline constexpr auto kOptionalInt = AttributeDefault::Kind::optional_int;
inline constexpr auto kOptionalFloat = AttributeDefault::Kind::optional_float;
inline constexpr auto kOptionalString = AttributeDefault::Kind::optional_string;
inline constexpr auto kOptionalInts = AttributeDefault::Kind::optional_ints;
inline constexpr auto kOptionalFloats = AttributeDefault::Kind::optional_floats;
inline constexpr auto kOptionalStrings = AttributeDefault::Kind::optional_strings;
inline constexpr auto kOptionalTensor = AttributeDefault::Kind::optional_tensor;
inline constexpr auto kOptionalGraph = AttributeDefault::Kind::optional_graph;
inline constexpr auto kOptionalType = AttributeDefault::Kind::optional_type;
inline constexpr auto kRequiredInt = AttributeDefault::Kind::required_int;
inline constexpr auto kRequiredFloat = AttributeDefault::Kind::required_float;
inline constexpr auto kRequiredString = AttributeDefault::Kind::required_string;
inline constexpr auto kRequiredInts = AttributeDefault::Kind::required_ints;
inline constexpr auto kRequiredGraph = AttributeDefault::Kind::required_graph;

constexpr bool is_required(AttributeDefault::Kind kind) {
  using Kind = AttributeDefault::Kind;
  return kind == Kind::required_int || kind == Kind::required_float || kind == Kind::required_string ||
         kind == Kind::required_ints || kind == Kind::required_graph;
}

struct AttributeSpec {
  const char* name = nullptr;
  AttributeDefault otherwise;
};

}  // namespace slipway
