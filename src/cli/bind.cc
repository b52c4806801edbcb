// Bindings and shapes from words.
#include "cli/bind.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "cli/value_files.h"
#include "graph/port.h"

namespace slipway {

namespace {

// "2x3" or "2,3"; empty: a scalar's.
Result<Shape> sizes_of(std::string_view text) {
  Shape shape;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("x,"), text.size());
    int64_t size = -1;
    auto [stop, error] = std::from_chars(text.data(), text.data() + end, size);
    if (error != std::errc() || stop != text.data() + end || size < 0 || end + 1 == text.size()) {
      return invalid("not a size");
    }
    shape.push_back(size);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return shape;
}

bool admits(const Dims& dims, const Shape& shape) {
  return std::ranges::equal(dims, shape, [](const Dim& dim, int64_t size) { return !dim.known() || dim.size == size; });
}

}  // namespace

Result<std::map<std::string, int64_t>> parse_bindings(const std::vector<std::string>& words) {
  std::map<std::string, int64_t> result;
  for (const std::string& word : words) {
    size_t equals = word.rfind('=');
    int64_t size = -1;
    const char* end = word.data() + word.size();
    const char* begin = equals == std::string::npos ? end : word.data() + equals + 1;
    auto [stop, error] = std::from_chars(begin, end, size);
    if (error != std::errc() || stop != end || size < 0) {
      return invalid(fmt::format("--bind {}: expected NAME=SIZE, such as batch=8", word));
    }
    result[word.substr(0, equals)] = size;
  }
  return result;
}

Result<std::map<std::string, Shape>> parse_shapes(const std::vector<std::string>& words) {
  std::map<std::string, Shape> result;
  for (const std::string& word : words) {
    const size_t equals = word.rfind('=');
    Result<Shape> shape = equals == std::string::npos ? Result<Shape>(invalid("")) : sizes_of(word.substr(equals + 1));
    if (!shape.ok()) {
      return invalid(fmt::format("--shape {}: expected NAME=SIZES, such as image=1x3x224x224", word));
    }
    result[word.substr(0, equals)] = std::move(*shape);
  }
  return result;
}

Status set_input_shapes(Graph& graph, const std::map<std::string, Shape>& shapes) {
  const std::vector<Port> ports = input_ports(graph);
  for (const auto& [name, shape] : shapes) {
    auto port = std::ranges::find(ports, name, &Port::name);
    if (port == ports.end()) {
      return invalid(fmt::format("--shape {}: no input has this name; the model has {}", name, list_of(ports)));
    }
    if (!port->any_rank && !admits(port->dims, shape)) {
      return invalid(fmt::format("--shape {}: expected sizes that fit {}, found {}", name, to_string(port->dims),
                                 to_string(shape)));
    }
    graph.value(graph.inputs[static_cast<size_t>(port - ports.begin())]).dims = Dims(shape.begin(), shape.end());
  }
  return {};
}

}  // namespace slipway
