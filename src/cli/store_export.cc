// slipway store export: a version as a folder that stands for itself, with a card that people can read.
#include <filesystem>
#include <memory>
#include <ranges>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "cli/store_commands.h"

namespace slipway {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string root;
  std::string name;
  int64_t version = 0;  // 0: production
  fs::path out;
  bool json = false;
};

std::string list_of(const std::vector<Port>& ports) {
  std::string text;
  for (const Port& port : ports) text += fmt::format("- `{}` {}\n", port.name, type_text(port));
  return text;
}

// A model card (M. Mitchell et al., "Model Cards for Model Reporting", 2019) of what the store knows.
std::string card_text(const Manifest& manifest, const ModelState& state) {
  const Lineage& lineage = manifest.lineage;
  std::string text = fmt::format("# {} version {}\n\n", manifest.name, manifest.version);
  if (!manifest.note.empty()) text += manifest.note + "\n\n";
  text += fmt::format("Published {}", rfc3339(manifest.created_us));
  if (!lineage.made_by.empty()) text += " by " + lineage.made_by;
  if (lineage.parent > 0) text += fmt::format(", made from version {}", lineage.parent);
  if (manifest.version == state.production) text += "; in production when it was exported";
  if (auto it = state.rejected.find(manifest.version); it != state.rejected.end()) text += "; rejected: " + it->second;
  text += fmt::format(".\n\n## Inputs\n\n{}\n## Outputs\n\n{}\n", list_of(manifest.signature.inputs),
                      list_of(manifest.signature.outputs));
  if (!manifest.signature.classes.empty()) {
    text += fmt::format("Classes, in order: {}\n\n", fmt::join(manifest.signature.classes, ", "));
  }
  text += "## Metrics\n\n";
  std::string rows;
  for (const auto& [name, value] : manifest.metrics.members()) {
    if (value.is_number()) rows += fmt::format("| {} | {:.6g} |\n", name, value.as_double());
  }
  text += rows.empty() ? "None: it was not tested.\n" : "| metric | on test data |\n|---|---|\n" + rows;
  text += "\n## Training\n\n";
  text += manifest.files.contains("recipe.toml") ? "`recipe.toml` is the recipe.\n" : "Its recipe is not known.\n";
  if (!lineage.data_hash.empty()) text += fmt::format("SHA-256 of the training data: `{}`.\n", lineage.data_hash);
  if (!lineage.commit.empty()) text += fmt::format("Commit of the recipe: `{}`.\n", lineage.commit);
  text += "\n## Files\n\n";
  for (const auto& [file, hash] : manifest.files) text += fmt::format("- `{}`\n", file);
  return text + "\n`sha256sum -c SHA256SUMS` checks them.\n";
}

Status check_empty(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored) || fs::is_empty(folder, ignored)) return {};
  return already_exists(fmt::format("{} is there already; name a new or an empty folder", folder.string()));
}

Status run(const Options& options) {
  const Store store = TRY(Store::open(options.root));
  const int64_t version = TRY(version_or_production(store, options.name, options.version));
  RETURN_IF_ERROR(store.verify(options.name, version));
  const Manifest manifest = TRY(store.manifest(options.name, version));
  RETURN_IF_ERROR(check_empty(options.out));
  RETURN_IF_ERROR(make_directories(options.out));
  std::string sums;
  for (const auto& [file, hash] : manifest.files) {
    RETURN_IF_ERROR(write_file_atomic(options.out / file, TRY(store.read(options.name, version, file))));
    sums += fmt::format("{}  {}\n", hash, file);
  }
  const std::string text = to_json(manifest).dump(2) + "\n";
  RETURN_IF_ERROR(write_file_atomic(options.out / "manifest.json", text));
  sums += fmt::format("{}  manifest.json\n", sha256_hex(text));
  RETURN_IF_ERROR(write_file_atomic(options.out / "SHA256SUMS", sums));
  RETURN_IF_ERROR(write_file_atomic(options.out / "README.md", card_text(manifest, TRY(store.state(options.name)))));
  if (options.json) {
    fmt::print("{}\n",
               Json::object({{"name", options.name}, {"version", version}, {"folder", options.out.string()}}).dump(2));
  } else {
    fmt::print("Wrote version {} of {} to {}: {}, README.md (a card), manifest.json, SHA256SUMS\n", version,
               options.name, options.out.string(), fmt::join(std::views::keys(manifest.files), ", "));
  }
  return {};
}

}  // namespace

StoreCommand declare_store_export(Arguments app) {
  auto options = std::make_shared<Options>();
  Arguments command =
      store_subcommand(app, "export", "Copies a version into a folder, with a card that says what it is", options->root,
                       options->name, options->json);
  command.add_option("VERSION", options->version, "Version (default: production)")
      .default_str("")
      .type_name("VERSION")
      .check(positive());
  command.add_option("-o,--out", options->out, "The folder, new or empty").type_name("DIR").required();
  return {command, [options] { return run(*options); }};
}

}  // namespace slipway
