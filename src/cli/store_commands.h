// Store commands: what `slipway store` does beside looking and promoting, one file each.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "base/status.h"
#include "cli/arguments.h"
#include "store/store.h"

namespace slipway {

// A subcommand and what it runs once it has parsed.
struct StoreCommand {
  Arguments app;
  std::function<Status()> run;
};

StoreCommand declare_store_delete(Arguments app);
StoreCommand declare_store_retain(Arguments app);
StoreCommand declare_store_export(Arguments app);
StoreCommand declare_store_diff(Arguments app);

// What they share.

// A subcommand with STORE, NAME and --json.
Arguments store_subcommand(Arguments app, const char* name, const char* brief, std::string& root, std::string& model,
                           bool& json);
// `version`, else production, else the latest.
Result<int64_t> version_or_production(const Store& store, const std::string& name, int64_t version);
// "float32[batch, 784]".
std::string type_text(const Port& port);
// "accuracy 0.9812, loss 0.061".
std::string metrics_text(const Json& metrics);

}  // namespace slipway
