// Follower: keeps the monitor and its trials in step with the store and with what a server has loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "monitor/monitor.h"
#include "monitor/trials.h"
#include "store/store.h"

namespace slipway {

// What a server has.
class LoadedVersions {
 public:
  virtual ~LoadedVersions() = default;
  virtual std::vector<std::string> models() const = 0;
  // The version that answers by default; 0: none.
  virtual int64_t serving(const std::string& model) const = 0;
  // The highest number that is loaded; 0: none.
  virtual int64_t latest(const std::string& model) const = 0;
  // Nothing when the version is not loaded.
  virtual std::optional<Contender> contender(const std::string& model, int64_t version) const = 0;
};

// Not thread-safe.
class Follower {
 public:
  // All outlive it. `log` is told what is wrong with the files of a version.
  Follower(const Store& store, Monitor& monitor, Trials& trials, std::function<void(const std::string&)> log)
      : store_(store), monitor_(monitor), trials_(trials), log_(std::move(log)) {}

  // Tells the monitor which versions answer now, each with its baseline and with what it replaced, which the store
  // knows even where no server ran then. Begins to compare what serves with what it replaced, and what is loaded for
  // later with what serves. Call often; cheap when nothing has changed.
  void follow(const LoadedVersions& loaded);

 private:
  void follow_version(const std::string& model, int64_t version);
  void read_baseline(const std::string& model, int64_t version);
  std::shared_ptr<const Holdout> read_holdout(const std::string& model, int64_t version);
  void compare(const LoadedVersions& loaded, const std::string& model, int64_t before, int64_t now);

  const Store& store_;
  Monitor& monitor_;
  Trials& trials_;
  std::function<void(const std::string&)> log_;
  std::map<std::string, int64_t> serving_;
  std::map<std::string, int64_t> replaced_;                           // by the version that serves
  std::map<std::pair<std::string, int64_t>, int64_t> compared_with_;  // by model and version
};

}  // namespace slipway
