// Follower: tells the monitor and its trials what a server says of its versions, with what the store knows of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "monitor/monitor.h"
#include "monitor/trials.h"
#include "runtime/version_change.h"
#include "store/store.h"

namespace slipway {

// A version that a server has loaded; nothing when it has not.
using FindContender = std::function<std::optional<Contender>(const std::string& model, int64_t version)>;

// By one thread at a time, as Events have it.
class Follower {
 public:
  // All outlive it. `log` is told what is wrong with the files of a version.
  Follower(const Store& store, Monitor& monitor, Trials& trials, FindContender find,
           std::function<void(const std::string&)> log)
      : store_(store), monitor_(monitor), trials_(trials), find_(std::move(find)), log_(std::move(log)) {}

  // Tells the monitor that another version answers now, with its baseline and with what it replaced, which the store
  // knows even where no server ran then. Begins to compare what serves with what it replaced, and what is loaded for
  // later with what serves, as soon as both are loaded.
  void follow(const VersionChange& change);

 private:
  void follow_version(const std::string& model, int64_t version);
  void read_baseline(const std::string& model, int64_t version);
  std::shared_ptr<const Holdout> read_holdout(const std::string& model, int64_t version);
  void compare(const std::string& model, int64_t before, int64_t now);

  const Store& store_;
  Monitor& monitor_;
  Trials& trials_;
  const FindContender find_;
  std::function<void(const std::string&)> log_;
  std::map<std::string, int64_t> serving_;
  std::map<std::string, int64_t> replaced_;                           // by the version that serves
  std::map<std::pair<std::string, int64_t>, int64_t> compared_with_;  // by model and version
};

}  // namespace slipway
