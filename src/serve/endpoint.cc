// The list of endpoint cards, written by the build, and the matching of paths to them.
#include "serve/endpoint.h"

#include <algorithm>

#include "base/card_list.h"
#include "base/cards.h"
#include "serve/endpoints/cards.inc"

namespace slipway {

DECLARE_CARDS(Endpoint, endpoint_)

std::span<const Endpoint* const> all_endpoints() {
  static const Cards<Endpoint> cards("endpoint", CARD_LIST(Endpoint, endpoint_));
  return cards.all();
}

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_v1(std::string_view path) {
  return path.size() >= 4 && path[0] == '/' && lower(path[1]) == 'v' && path[2] == '1' && path[3] == '/';
}

// How many bytes at the front of `path` a placeholder takes.
size_t placeholder_length(std::string_view name, std::string_view path, bool v1) {
  auto belongs = [&](char c) {
    if (name == "version") return c >= '0' && c <= '9';
    return c != '/' && !(v1 && c == ':');
  };
  return static_cast<size_t>(std::ranges::find_if_not(path, belongs) - path.begin());
}

std::string& argument(PathArguments& arguments, std::string_view name) {
  if (name == "model") return arguments.model;
  if (name == "version") return arguments.version;
  CHECK(name == "label", "a route has an unknown placeholder");
  return arguments.label;
}

}  // namespace

std::optional<PathArguments> match_path(std::string_view pattern, std::string_view path) {
  bool v1 = is_v1(pattern);
  PathArguments arguments;
  while (!pattern.empty()) {
    if (pattern[0] == '{') {
      size_t close = pattern.find('}');
      std::string_view name = pattern.substr(1, close - 1);
      size_t length = placeholder_length(name, path, v1);
      if (length == 0) return std::nullopt;
      argument(arguments, name) = percent_decode(path.substr(0, length));
      pattern.remove_prefix(close + 1);
      path.remove_prefix(length);
      continue;
    }
    if (path.empty() || (v1 ? lower(path[0]) != lower(pattern[0]) : path[0] != pattern[0])) return std::nullopt;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  if (!path.empty()) return std::nullopt;
  return arguments;
}

void allow_method(std::string& allow, std::string_view method) {
  if (allow.find(method) != std::string::npos) return;
  if (!allow.empty()) allow += ", ";
  allow += method;
  if (method == "GET") allow += ", HEAD";
}

Routed route(std::span<const Endpoint* const> endpoints, std::string_view method, std::string_view path) {
  Routed routed;
  if (is_v1(path)) routed.refusal = 400;
  for (size_t id = 0; id < endpoints.size(); ++id) {
    for (const Route& candidate : endpoints[id]->routes) {
      if (candidate.path == nullptr) break;
      std::optional<PathArguments> arguments = match_path(candidate.path, path);
      if (!arguments) continue;
      if (method != candidate.method) {
        if (routed.refusal == 404) routed.refusal = 405;
        allow_method(routed.allow, candidate.method);
        continue;
      }
      routed.endpoint = endpoints[id];
      routed.id = id;
      routed.path = std::move(*arguments);
      return routed;
    }
  }
  return routed;
}

}  // namespace slipway
