// slipway store: looks into a model store and changes which version is production.
#include "store/store.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "cli/store_commands.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "data/open_model.h"
#include "formats/preparation.h"

namespace slipway {

std::string metrics_text(const Json& metrics) {
  std::string out;
  for (const auto& [metric, value] : metrics.members()) {
    if (!value.is_number()) continue;
    out += fmt::format("{}{} {:.4g}", out.empty() ? "" : ", ", metric, value.as_double());
  }
  return out;
}

Result<int64_t> version_or_production(const Store& store, const std::string& name, int64_t version) {
  if (version != 0) return version;
  ModelState state = TRY(store.state(name));
  if (state.production != 0) return state.production;
  std::vector<int64_t> versions = TRY(store.versions(name));
  if (versions.empty()) return not_found(fmt::format("model \"{}\" has no version", name));
  return versions.back();
}

std::string type_text(const Port& port) {
  return std::string(dtype_name(port.dtype)) + (port.any_rank ? " of any rank" : to_string(port.dims));
}

Arguments store_subcommand(Arguments app, const char* name, const char* brief, std::string& root, std::string& model,
                           bool& json) {
  Arguments command = app.add_subcommand(name, brief);
  command.add_option("STORE", root, "Folder of the store").required();
  command.add_option("NAME", model, "Model").type_name("MODEL").required();
  command.add_flag("--json", json, "Print JSON");
  return command;
}

namespace {

struct Options {
  std::string root;
  std::string name;
  int64_t version = 0;  // 0: not given
  std::string reason = "by hand";
  bool force = false;
  bool json = false;
};

void print_json(const Json& json) { fmt::print("{}\n", json.dump(2)); }

std::string role(const ModelState& state, int64_t version) {
  if (auto rejection = state.rejected.find(version); rejection != state.rejected.end()) {
    return "rejected: " + rejection->second;
  }
  return version == state.production ? "production" : "";
}

// One damaged model hides no other.
Status list_models(const Store& store, bool as_json) {
  std::vector<std::string> names = TRY(store.models());
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const std::string& name : names) {
    std::vector<int64_t> versions = TRY(store.versions(name));
    if (versions.empty()) continue;  // deleted since
    const Result<ModelState> state = store.state(name);
    const std::string production = !state.ok()              ? "damaged"
                                   : state->production == 0 ? "none"
                                                            : fmt::format("{}", state->production);
    rows.push_back({name, fmt::format("{}", versions.size()), fmt::format("{}", versions.back()), production});
    Json entry = Json::object({{"name", name}, {"versions", Json::array_of(versions)}});
    if (state.ok()) {
      entry.set("production", state->production);
    } else {
      entry.set("error", state.status().message());
      fmt::print(stderr, "Note: {}\n", state.status().message());
    }
    json.push(std::move(entry));
  }
  if (as_json) {
    print_json(Json::object({{"models", json}}));
  } else {
    fmt::print("{}", table_text({"MODEL", "VERSIONS", "LATEST", "PRODUCTION"}, rows));
  }
  return {};
}

// A row of the versions' table. Why a version was rejected is a sentence and stands last.
std::vector<std::string> version_row(int64_t version, const Result<Manifest>& manifest, const std::string& role) {
  const bool rejected = role.starts_with("rejected");
  std::string note = manifest.ok() ? manifest->note : manifest.status().message();
  if (rejected) note += (note.empty() ? "" : "; ") + role;
  return {fmt::format("{}", version), manifest.ok() ? rfc3339(manifest->created_us) : "damaged",
          manifest.ok() ? metrics_text(manifest->metrics) : "", rejected ? "rejected" : role, note};
}

Status list_versions(const Store& store, const std::string& name, bool as_json) {
  std::vector<int64_t> versions = TRY(store.versions(name));
  ModelState state = TRY(store.state(name));
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (int64_t version : versions) {
    Result<Manifest> manifest = store.manifest(name, version);
    const std::string part = role(state, version);
    rows.push_back(version_row(version, manifest, part));
    Json entry = Json::object({{"version", version}, {"role", part}});
    if (manifest.ok()) {
      entry.set("created", rfc3339(manifest->created_us));
      entry.set("metrics", manifest->metrics).set("note", manifest->note);
    } else {
      entry.set("error", manifest.status().message());
    }
    json.push(std::move(entry));
  }
  if (as_json) {
    print_json(Json::object({{"name", name}, {"state", to_json(state)}, {"versions", json}}));
  } else {
    fmt::print("{}", table_text({"VERSION", "CREATED", "METRICS", "ROLE", "NOTE"}, rows));
  }
  return {};
}

Status list(const Options& options) {
  Store store = TRY(Store::open(options.root));
  return options.name.empty() ? list_models(store, options.json) : list_versions(store, options.name, options.json);
}

std::string ports_text(const std::vector<Port>& ports) {
  std::string text;
  for (const Port& port : ports) text += fmt::format("{}{} {}", text.empty() ? "" : "; ", port.name, type_text(port));
  return text;
}

// "city category, area number", or what else is to be said of how data is prepared.
std::string raw_text(const Result<Graph>& read) {
  if (!read.ok()) return read.status().message();
  const Graph& model = *read;
  Result<std::optional<Preparation>> preparation = preparation_of(model);
  if (!preparation.ok()) return preparation.status().message();
  if (!*preparation || (*preparation)->front.outputs.empty()) {
    return old_preparation_note(model).empty() ? "the tensors themselves" : old_preparation_note(model);
  }
  std::vector<std::string> inputs;
  for (const RawInput& input : raw_inputs((*preparation)->front)) {
    inputs.push_back(fmt::format("{} {}", input.name, raw_kind_name(input.kind)));
  }
  return fmt::format("{}", fmt::join(inputs, ", "));
}

Status show(const Options& options) {
  Store store = TRY(Store::open(options.root));
  int64_t version = TRY(version_or_production(store, options.name, options.version));
  Manifest manifest = TRY(store.manifest(options.name, version));
  ModelState state = TRY(store.state(options.name));
  if (options.json) {
    print_json(to_json(manifest).set("role", role(state, version)));
    return {};
  }
  const std::string takes = raw_text(open_model(store.path(options.name, version)));
  const Lineage& lineage = manifest.lineage;
  std::vector<std::vector<std::string>> rows = {
      {"version", fmt::format("{}", version)},
      {"role", role(state, version)},
      {"created", rfc3339(manifest.created_us)},
      {"note", manifest.note},
      {"inputs", ports_text(manifest.signature.inputs)},
      {"outputs", ports_text(manifest.signature.outputs)},
      {"classes", fmt::format("{}", fmt::join(manifest.signature.classes, ", "))},
      {"raw inputs", takes},
      {"metrics", metrics_text(manifest.metrics)},
      {"made by", lineage.made_by},
      {"parent", lineage.parent == 0 ? "" : fmt::format("version {}", lineage.parent)},
      {"data", lineage.data_hash},
      {"commit", lineage.commit},
  };
  for (const auto& [file, hash] : manifest.files) rows.push_back({file, hash});
  std::erase_if(rows, [](const std::vector<std::string>& row) { return row[1].empty(); });
  fmt::print("{}", table_text({"model", {options.name}}, rows));
  return {};
}

Status promote(const Options& options) {
  Store store = TRY(Store::open(options.root));
  RETURN_IF_ERROR(store.promote(options.name, options.version, options.force));
  if (options.json) {
    print_json(to_json(TRY(store.state(options.name))));
  } else {
    fmt::print("{}: version {} is production\n", options.name, options.version);
  }
  return {};
}

Status rollback(const Options& options) {
  Store store = TRY(Store::open(options.root));
  int64_t left = TRY(store.state(options.name)).production;
  int64_t version = TRY(store.rollback(options.name, options.reason));
  if (options.json) {
    print_json(to_json(TRY(store.state(options.name))));
  } else {
    fmt::print("{}: version {} is production; version {} is rejected ({})\n", options.name, version, left,
               options.reason);
  }
  return {};
}

Result<std::vector<std::pair<std::string, int64_t>>> chosen_versions(const Store& store, const Options& options) {
  std::vector<std::string> names = {options.name};
  if (options.name.empty()) names = TRY(store.models());
  std::vector<std::pair<std::string, int64_t>> chosen;
  for (const std::string& name : names) {
    std::vector<int64_t> versions = {options.version};
    if (options.version == 0) {
      versions = TRY(store.versions(name));
      // One that lost its manifest is no version any more, but what answers requests must be looked at.
      Result<ModelState> state = store.state(name);
      int64_t production = state.ok() ? state->production : 0;
      if (production != 0 && std::ranges::find(versions, production) == versions.end()) versions.push_back(production);
    }
    for (int64_t version : versions) chosen.emplace_back(name, version);
  }
  return chosen;
}

Status verify(const Options& options) {
  Store store = TRY(Store::open(options.root));
  auto chosen = TRY(chosen_versions(store, options));
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  int bad = 0;
  Status first;
  for (const auto& [name, version] : chosen) {
    Status status = store.verify(name, version);
    if (!status.ok() && bad++ == 0) first = status;
    std::string result = status.ok() ? "ok" : status.message();
    rows.push_back({name, fmt::format("{}", version), result});
    json.push(Json::object({{"name", name}, {"version", version}, {"ok", status.ok()}, {"result", result}}));
  }
  if (options.json) {
    print_json(Json::object({{"versions", json}}));
  } else {
    fmt::print("{}", table_text({"MODEL", "VERSION", "RESULT"}, rows));
  }
  return bad == 0 ? Status() : Status(first.code(), fmt::format("{} of {} versions do not verify", bad, chosen.size()));
}

// Declares one subcommand with the options all of them share.
Arguments subcommand(Arguments app, Options& options, const char* name, const char* brief) {
  Arguments command = app.add_subcommand(name, brief);
  command.add_option("STORE", options.root, "Folder of the store").required();
  command.add_flag("--json", options.json, "Print JSON");
  return command;
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.require_subcommand();
  Arguments list_command = subcommand(app, *options, "list", "The models, or the versions of one");
  list_command.add_option("NAME", options->name, "Model").type_name("MODEL");
  Arguments show_command = subcommand(app, *options, "show", "One version: signature, metrics, lineage, files");
  show_command.add_option("NAME", options->name, "Model").type_name("MODEL").required();
  show_command.add_option("VERSION", options->version, "Version (default: production)")
      .default_str("")
      .type_name("VERSION")
      .check(positive());
  Arguments promote_command = subcommand(app, *options, "promote", "Makes a version production, after verifying it");
  promote_command.add_option("NAME", options->name, "Model").type_name("MODEL").required();
  promote_command.add_option("VERSION", options->version, "Version").type_name("VERSION").required().check(positive());
  promote_command.add_flag("--force", options->force, "Even a version that was rejected");
  Arguments rollback_command = subcommand(app, *options, "rollback", "Goes back to the last good version");
  rollback_command.add_option("NAME", options->name, "Model").type_name("MODEL").required();
  rollback_command.add_option("--reason", options->reason, "Why, for the record");
  Arguments verify_command = subcommand(app, *options, "verify", "Compares every byte with its checksum");
  verify_command.add_option("NAME", options->name, "Model (default: all)").type_name("MODEL");
  verify_command.add_option("VERSION", options->version, "Version (default: all)")
      .default_str("")
      .type_name("VERSION")
      .check(positive());
  const std::vector<StoreCommand> others = {declare_store_delete(app), declare_store_retain(app),
                                            declare_store_export(app), declare_store_diff(app)};
  return [=]() -> Status {
    for (const StoreCommand& other : others) {
      if (other.app.parsed()) return other.run();
    }
    if (list_command.parsed()) return list(*options);
    if (show_command.parsed()) return show(*options);
    if (promote_command.parsed()) return promote(*options);
    if (rollback_command.parsed()) return rollback(*options);
    return verify(*options);
  };
}

}  // namespace

VERB(store) = {
    .name = "store",
    .brief = "Look into a model store; promote, roll back, verify, export and delete versions",
    .help =
        "A store is a folder of models in numbered versions, each complete, checksummed and immutable.\n"
        "  slipway store list STORE             the models\n"
        "  slipway store list STORE digits      the versions of one\n"
        "  slipway store show STORE digits 3    signature, metrics, lineage, files\n"
        "  slipway store promote STORE digits 3\n"
        "  slipway store rollback STORE digits --reason \"wrong labels\"\n"
        "  slipway store verify STORE           exit status 4 when a byte was changed\n"
        "  slipway store diff STORE digits 2 3  metrics, graph, recipe, classes, baseline\n"
        "  slipway store export STORE digits -o folder\n"
        "  slipway store delete STORE digits 1\n"
        "  slipway store retain STORE --keep 5 --older-than 30d --dry-run",
    .declare = declare,
};

}  // namespace slipway
