// Picks the card of a model file.
#include "formats/format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/card_list.h"
#include "base/cards.h"
#include "base/file.h"
#include "base/folder.h"
#include "formats/cards.inc"

namespace slipway {

DECLARE_CARDS(Format, format_)

namespace {

std::string known_extensions(bool writable) {
  std::vector<std::string> names;
  for (const Format* format : all_formats()) {
    if (writable && format->write == nullptr) continue;
    for (const char* extension : format->extensions) {
      if (extension != nullptr) names.emplace_back(extension);
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

const std::vector<const Format*>& all_formats() {
  static const Cards<Format> cards("format", CARD_LIST(Format, format_));
  return cards.all();
}

const Format* find_format(std::string_view name_or_extension) {
  for (const Format* format : all_formats()) {
    if (name_or_extension == format->name) return format;
    for (const char* extension : format->extensions) {
      if (extension != nullptr && name_or_extension == extension) return format;
    }
  }
  return nullptr;
}

Result<Graph> read_model(const std::filesystem::path& path) {
  std::string bytes = TRY(read_file(path));
  const Format* format = find_format(path.extension().string());
  for (size_t i = 0; format == nullptr && i < all_formats().size(); ++i) {
    if (all_formats()[i]->sniff(bytes)) format = all_formats()[i];
  }
  if (format == nullptr) {
    return invalid(fmt::format("{}: neither its name nor its content is of a known model format; expected one of: {}",
                               path.string(), known_extensions(false)));
  }
  Result<Graph> graph = format->read(bytes, path.has_parent_path() ? path.parent_path() : ".");
  if (!graph.ok()) return graph.status().at(path.string());
  return graph;
}

Status check_model_path(const std::filesystem::path& path) {
  const Format* format = find_format(path.extension().string());
  if (format == nullptr || format->write == nullptr) {
    return invalid(fmt::format("{}: no model format is written under this extension; give the file one of: {}",
                               path.string(), known_extensions(true)));
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return invalid(fmt::format("{}: expected a file to write, found a folder; name a file in it", path.string()));
  }
  return check_folder(path.has_parent_path() ? path.parent_path() : ".");
}

Status write_model(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options) {
  RETURN_IF_ERROR(check_model_path(path));
  const Format* format = find_format(path.extension().string());
  return format->write(graph, path, options).at(path.string());
}

}  // namespace slipway
