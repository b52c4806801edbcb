// slipway store delete and retain: versions that are no longer wanted.
#include <charconv>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "cli/store_commands.h"
#include "cli/table.h"
#include "store/retention.h"

namespace slipway {

namespace {

struct DeleteOptions {
  std::string root;
  std::string name;
  std::vector<int64_t> versions;
  bool force = false;
  bool json = false;
};

Status delete_versions(const DeleteOptions& options) {
  Store store = TRY(Store::open(options.root));
  for (int64_t version : options.versions) RETURN_IF_ERROR(store.remove(options.name, version, options.force));
  const ModelState state = TRY(store.state(options.name));
  if (options.json) {
    fmt::print("{}\n", Json::object({{"name", options.name},
                                     {"deleted", Json::array_of(options.versions)},
                                     {"production", state.production}})
                           .dump(2));
    return {};
  }
  fmt::print("{}: deleted version{} {}{}\n", options.name, options.versions.size() == 1 ? "" : "s",
             fmt::join(options.versions, ", "), state.production == 0 ? "; no version is production now" : "");
  return {};
}

struct RetainOptions {
  std::string root;
  std::string name;
  RetentionRule rule;
  std::string older_than;
  bool dry_run = false;
  bool json = false;
};

// "90d", "12h", "30m", "2w" in microseconds.
Result<int64_t> age_of(const std::string& text) {
  constexpr int64_t kSecond = 1'000'000;
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const int64_t each = unit == "m"   ? 60 * kSecond
                       : unit == "h" ? 3600 * kSecond
                       : unit == "d" ? 86'400 * kSecond
                       : unit == "w" ? 7 * 86'400 * kSecond
                                     : 0;
  constexpr int64_t kMost = 100'000;
  if (error != std::errc() || number < 0 || number > kMost || each == 0) {
    return invalid(fmt::format("--older-than: expected a number and m, h, d or w, such as 30d; found '{}'", text));
  }
  return number * each;
}

Result<std::vector<int64_t>> expendable_of(const Store& store, const std::string& name, const RetentionRule& rule) {
  std::vector<DatedVersion> versions;
  for (int64_t version : TRY(store.versions(name))) {
    // One whose manifest is damaged tells no age; a person decides about it.
    Result<Manifest> manifest = store.manifest(name, version);
    if (manifest.ok()) versions.push_back({version, manifest->created_us});
  }
  return expendable(versions, TRY(store.state(name)), rule, SystemClock().now_us());
}

// What stays of one model, and what goes, or would.
struct Retained {
  std::vector<int64_t> gone;
  size_t stay = 0;
};

Result<Retained> retain_of(Store& store, const std::string& name, const RetentionRule& rule, bool dry_run) {
  Retained done{.gone = TRY(expendable_of(store, name, rule))};
  for (size_t i = 0; !dry_run && i < done.gone.size(); ++i) RETURN_IF_ERROR(store.remove(name, done.gone[i]));
  done.stay = TRY(store.versions(name)).size() - (dry_run ? done.gone.size() : 0);
  return done;
}

// A model that cannot be gone through hides no other; the first one's status is the end's.
Status retain(const RetainOptions& options) {
  RetentionRule rule = options.rule;
  if (!options.older_than.empty()) rule.older_than_us = TRY(age_of(options.older_than));
  if (rule.keep <= 0 && !rule.older_than_us) return invalid("say what stays: --keep N, --older-than AGE, or both");
  Store store = TRY(Store::open(options.root));
  std::vector<std::string> names = {options.name};
  if (options.name.empty()) names = TRY(store.models());
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  Status first;
  for (const std::string& name : names) {
    const Result<Retained> done = retain_of(store, name, rule, options.dry_run);
    if (!done.ok()) {
      if (first.ok()) first = done.status();
      rows.push_back({name, "failed", "-"});
      json.push(Json::object({{"name", name}, {"error", done.status().message()}}));
      continue;
    }
    const std::vector<int64_t>& gone = done->gone;
    rows.push_back(
        {name, gone.empty() ? "-" : fmt::format("{}", fmt::join(gone, ", ")), fmt::format("{}", done->stay)});
    json.push(
        Json::object({{"name", name}, {"deleted", Json::array_of(gone)}, {"stay", static_cast<int64_t>(done->stay)}}));
  }
  if (names.size() == 1 && !first.ok()) return first;
  if (options.json) {
    fmt::print("{}\n", Json::object({{"dry_run", Json(options.dry_run)}, {"models", json}}).dump(2));
  } else {
    fmt::print("{}", table_text({"MODEL", options.dry_run ? "WOULD BE DELETED" : "DELETED", "STAY"}, rows));
  }
  return first;
}

}  // namespace

StoreCommand declare_store_delete(Arguments app) {
  auto options = std::make_shared<DeleteOptions>();
  Arguments command =
      store_subcommand(app, "delete", "Deletes versions for good", options->root, options->name, options->json);
  command.add_option("VERSION", options->versions, "Versions").type_name("VERSION").required().check(positive());
  command.add_flag("--force", options->force, "Even production, and the version that a rollback would go to");
  return {command, [options] { return delete_versions(*options); }};
}

StoreCommand declare_store_retain(Arguments app) {
  auto options = std::make_shared<RetainOptions>();
  Arguments command = app.add_subcommand("retain", "Deletes old versions, but never production or where it came from");
  command.add_option("STORE", options->root, "Folder of the store").required();
  command.add_option("NAME", options->name, "Model (default: all)").type_name("MODEL");
  command.add_option("--keep", options->rule.keep, "The newest so many stay").default_str("").check(positive());
  command.add_option("--older-than", options->older_than, "What is younger stays: 30d, 12h, 8w");
  command.add_flag("--dry-run", options->dry_run, "Only tell what would go");
  command.add_flag("--json", options->json, "Print JSON");
  return {command, [options] { return retain(*options); }};
}

}  // namespace slipway
