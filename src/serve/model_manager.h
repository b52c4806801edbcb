// ModelManager: keeps the versions loaded that a store wants served, hands them to requests, and tells which serves.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/events.h"
#include "base/status.h"
#include "runtime/version_change.h"
#include "serve/metrics.h"
#include "serve/request.h"
#include "serve/servable.h"
#include "serve/version_policy.h"

namespace slipway {

// Where models come from. Thread-safe.
class VersionSource {
 public:
  virtual ~VersionSource() = default;
  virtual Result<std::vector<std::string>> models() = 0;
  virtual Result<PublishedModel> published(const std::string& model) = 0;
};

// Loads a version, checks it and warms it up. Called on the manager's loader thread.
using ServableLoader = std::function<Result<std::shared_ptr<Servable>>(const std::string& model, int64_t version)>;

struct ManagerOptions {
  int64_t poll_ms = 200;  // how often the source is asked
  // A folder that only the log may name: in what status() and find() tell, paths in it begin behind it.
  std::string private_root;
  // Told of loads, unloads, failures and switches, in words; may be empty. Called on the
  // manager's threads; must not call the manager.
  std::function<void(const std::string&)> log;
};

// One version as status pages see it.
struct VersionStatus {
  int64_t version = 0;
  VersionState state = VersionState::start;
  Status error;  // why it ended, or ok
};

// The outcome of looking a model up: a servable, or the reason there is none.
struct Lookup {
  enum class Miss { none, unknown_model, unknown_version, unknown_label, nothing_available, not_ready };
  std::shared_ptr<Servable> servable;  // nullptr unless miss is none
  Miss miss = Miss::none;
  Status error;  // of the version that is not ready, where known
};

// The one who knows which version of a model serves: others do not ask again and again, but subscribe.
//
// Thread-safe. A request keeps its version alive by the pointer it got; a version is destroyed on the manager's thread
// after the last such pointer is gone.
class ModelManager {
 public:
  // Requires: the pointers outlive this.
  ModelManager(VersionSource* source, ServableLoader loader, ManagerOptions options, const Clock* clock,
               ServerMetrics* metrics);
  ~ModelManager();
  ModelManager(const ModelManager&) = delete;
  ModelManager& operator=(const ModelManager&) = delete;

  // Asks the source once and loads what it wants before returning, then keeps doing so on threads of its own. An error
  // is one of the source as a whole; a model of it that cannot be read is logged and hinders no other one, and versions
  // that do not load are told by status().
  Status start();
  void stop();
  // Asks the source soon, not only after the next pause: for those who know that the store changed.
  void refresh();

  Lookup find(const ModelSpec& spec) const;
  std::vector<std::string> models() const;
  // Newest first; empty for an unknown model.
  std::vector<VersionStatus> status(const std::string& model) const;
  // The version that answers by default; 0: none, or no such model.
  int64_t serving_version(const std::string& model) const;

  // `listener` is told of every model that has versions at once, and from then on of each change in its order, on the
  // manager's threads; it may call find() and the other functions that ask. The next change waits until it returns.
  [[nodiscard]] Subscription subscribe(Events<VersionChange>::Listener listener);

  // One round of asking, deciding, switching, unloading and freeing; loads are queued. For start() and tests.
  Status poll_once();
  // Loads one queued version on this thread; false when none was queued.
  bool load_one();

 private:
  struct Version {
    HeldVersion held;
    std::string mark;  // of the files it was loaded from (PublishedModel::marks)
    Status error;
    std::shared_ptr<Servable> servable;
  };
  struct Model {
    PublishedModel published;
    std::map<int64_t, Version> versions;
    int64_t serving = 0;
    std::shared_ptr<Gauge> serving_gauge;
    VersionChange told;  // last
  };
  struct Load {
    std::string model;
    int64_t version;
  };

  void poll_forever();
  // Logs what a poll could not read, once.
  void tell(const Status& polled);
  void load_forever();
  void apply_plan(const std::string& name, Model& model);
  static VersionChange standing(const std::string& name, const Model& model);
  // Calls the listeners with what changed. Requires: mutex_ is not held.
  void tell_changes();
  void switch_to(const std::string& name, Model& model, int64_t version);
  void forget_old(Model& model);
  // Versions whose files are others than those they were loaded from. Requires: mutex_ is held.
  void forget_replaced(const std::string& name, Model& model);
  // Models that the source has no more. Requires: mutex_ is held; `names` is sorted.
  void forget_models(const std::vector<std::string>& names);
  void finish_load(const Load& load, Result<std::shared_ptr<Servable>> loaded, int64_t took_ns);
  // Destroys what no request holds any more.
  void free_retired();
  void log(const std::string& line);

  VersionSource* const source_;
  const ServableLoader loader_;
  const ManagerOptions options_;
  const Clock* const clock_;
  ServerMetrics* const metrics_;
  const std::shared_ptr<Counter> loads_ok_;
  const std::shared_ptr<Counter> loads_failed_;
  const std::shared_ptr<Counter> unloads_;
  const std::shared_ptr<MetricHistogram> load_seconds_;

  mutable std::mutex mutex_;  // of the next three: held shortly, never while loading, destroying or telling
  std::map<std::string, Model, std::less<>> models_;
  std::deque<VersionChange> changed_;  // not told yet, the oldest first
  std::vector<std::shared_ptr<Servable>> retired_;
  std::string source_error_;  // of the thread that polls

  std::mutex telling_;  // one thread at a time tells, so that changes are told in their order
  Events<VersionChange> changes_;

  std::mutex work_mutex_;
  std::condition_variable work_;
  std::deque<Load> queue_;
  bool poll_now_ = false;
  bool stopping_ = false;
  std::thread poller_;
  std::thread loader_thread_;
};

}  // namespace slipway
