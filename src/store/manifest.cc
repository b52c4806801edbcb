// Manifests and signatures as JSON, and back with every member checked.
#include "store/manifest.h"

#include <fmt/format.h>

namespace slipway {

namespace {

std::string excerpt(const Json& json) {
  std::string text = json.dump();
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

Status wrong(std::string_view key, std::string_view expected, const Json& found) {
  return invalid(fmt::format("\"{}\": expected {}, found {}", key, expected, excerpt(found)));
}

Result<std::string> text_member(const Json& json, std::string_view key) {
  Json value = TRY(json.require(key));
  if (!value.is_string()) return wrong(key, "a string", value);
  return value.as_string();
}

Result<int64_t> integer_member(const Json& json, std::string_view key) {
  Json value = TRY(json.require(key));
  if (!value.is_integer()) return wrong(key, "an integer", value);
  return value.as_int();
}

Result<Json> object_member(const Json& json, std::string_view key) {
  Json value = TRY(json.require(key));
  if (!value.is_object()) return wrong(key, "an object", value);
  return value;
}

Result<Json> array_member(const Json& json, std::string_view key) {
  Json value = TRY(json.require(key));
  if (!value.is_array()) return wrong(key, "an array", value);
  return value;
}

Json to_json(const Dim& dim) {
  if (dim.known()) return dim.size;
  return dim.symbol.empty() ? Json() : Json(dim.symbol);
}

Result<Dim> dim_from_json(const Json& json) {
  if (json.is_null()) return Dim();
  if (json.is_string()) return Dim::named(json.as_string());
  if (json.is_integer() && json.as_int() >= 0) return Dim(json.as_int());
  return wrong("shape", "sizes >= 0, names or null", json);
}

Json to_json(const std::vector<Port>& ports) {
  Json out = Json::array();
  for (const Port& port : ports) {
    Json shape;
    if (!port.any_rank) {
      shape = Json::array();
      for (const Dim& dim : port.dims) shape.push(to_json(dim));
    }
    out.push(Json::object({{"name", port.name}, {"dtype", dtype_name(port.dtype)}, {"shape", shape}}));
  }
  return out;
}

Result<Port> port_from_json(const Json& json) {
  Port port;
  port.name = TRY(text_member(json, "name"));
  std::string dtype = TRY(text_member(json, "dtype"));
  std::optional<DType> known = dtype_from_name(dtype);
  if (!known) return wrong("dtype", "an element type such as \"float32\"", dtype);
  port.dtype = *known;
  Json shape = TRY(json.require("shape"));
  if (shape.is_null()) {
    port.any_rank = true;
    return port;
  }
  if (!shape.is_array()) return wrong("shape", "an array or null", shape);
  for (const Json& size : shape.items()) port.dims.push_back(TRY(dim_from_json(size)));
  return port;
}

Result<std::vector<Port>> ports_from_json(const Json& json, std::string_view key) {
  Json items = TRY(array_member(json, key));
  std::vector<Port> ports;
  for (const Json& item : items.items()) {
    Result<Port> port = port_from_json(item);
    if (!port.ok()) return port.status().at(fmt::format("{}[{}]", key, ports.size()));
    ports.push_back(std::move(port).value());
  }
  return ports;
}

Result<Lineage> lineage_from_json(const Json& json) {
  Lineage lineage;
  lineage.data_hash = TRY(text_member(json, "data_hash"));
  lineage.recipe = TRY(text_member(json, "recipe"));
  lineage.parent = TRY(integer_member(json, "parent"));
  lineage.commit = TRY(text_member(json, "commit"));
  lineage.made_by = TRY(text_member(json, "made_by"));
  return lineage;
}

}  // namespace

Json to_json(const Signature& signature) {
  return Json::object({{"inputs", to_json(signature.inputs)},
                       {"outputs", to_json(signature.outputs)},
                       {"classes", Json::array_of(signature.classes)}});
}

Result<Signature> signature_from_json(const Json& json) {
  Signature signature;
  signature.inputs = TRY(ports_from_json(json, "inputs"));
  signature.outputs = TRY(ports_from_json(json, "outputs"));
  Json classes = TRY(array_member(json, "classes"));
  for (const Json& name : classes.items()) {
    if (!name.is_string()) return wrong("classes", "strings", name);
    signature.classes.push_back(name.as_string());
  }
  return signature;
}

Json to_json(const Manifest& manifest) {
  Json files = Json::object();
  for (const auto& [file, hash] : manifest.files) files.set(file, hash);
  const Lineage& lineage = manifest.lineage;
  return Json::object({{"name", manifest.name},
                       {"version", manifest.version},
                       {"created_us", manifest.created_us},
                       {"note", manifest.note},
                       {"signature", to_json(manifest.signature)},
                       {"metrics", manifest.metrics},
                       {"lineage", Json::object({{"data_hash", lineage.data_hash},
                                                 {"recipe", lineage.recipe},
                                                 {"parent", lineage.parent},
                                                 {"commit", lineage.commit},
                                                 {"made_by", lineage.made_by}})},
                       {"files", files}});
}

Result<Manifest> manifest_from_json(const Json& json) {
  Manifest manifest;
  manifest.name = TRY(text_member(json, "name"));
  manifest.version = TRY(integer_member(json, "version"));
  manifest.created_us = TRY(integer_member(json, "created_us"));
  manifest.note = TRY(text_member(json, "note"));
  Json signature = TRY(object_member(json, "signature"));
  Result<Signature> parsed = signature_from_json(signature);
  if (!parsed.ok()) return parsed.status().at("signature");
  manifest.signature = std::move(parsed).value();
  manifest.metrics = TRY(object_member(json, "metrics"));
  Json lineage = TRY(object_member(json, "lineage"));
  Result<Lineage> made = lineage_from_json(lineage);
  if (!made.ok()) return made.status().at("lineage");
  manifest.lineage = std::move(made).value();
  Json files = TRY(object_member(json, "files"));
  for (const auto& [file, hash] : files.members()) {
    if (hash.as_string().size() != 64) return wrong(file, "a SHA-256 of 64 digits", hash);
    manifest.files[file] = hash.as_string();
  }
  return manifest;
}

}  // namespace slipway
