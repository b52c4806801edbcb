// Live: a server with the monitor watching its answers and the healer acting on what it sees.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/file_lock.h"
#include "monitor/intake.h"
#include "monitor/monitor.h"
#include "monitor/trials.h"
#include "monitor/webhook.h"
#include "repair/follower.h"
#include "repair/healer.h"
#include "repair/store_actions.h"
#include "serve/server.h"
#include "serve/store_source.h"
#include "store/store.h"

namespace slipway {

struct LiveOptions {
  std::filesystem::path root;  // of the store
  ServerOptions server;
  SessionOptions session;
  MonitorOptions monitor;
  Policy policy;
  std::string webhook;                          // URL for alarms and repairs; empty: none
  int64_t tick_ms = 250;                        // between two judgements
  bool watch = true;                            // false: serve only
  std::function<void(const std::string&)> log;  // of alarms, repairs and loads; may be empty. Thread-safe.
};

// Adds GET /v1/alarms (alarms, active and cleared), /v1/diagnosis (diagnosis, repairs, audit) and /v1/monitor (windows)
// and POST /v1/repairs/approve and /v1/repairs/refuse to the server, and the monitor's lines to /metrics. The journal
// is kept in STORE/.slipway/journal.sqlite unless options.monitor names another file; where that cannot be written,
// nothing is kept over a restart, and the log says so; where it is damaged, a new one is begun beside it. Models are
// served all the same.
class Live {
 public:
  static Result<std::unique_ptr<Live>> start(LiveOptions options);
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  Server& server() { return *server_; }
  Store& store() { return store_; }
  // nullptr when it does not watch.
  Monitor* monitor() { return monitor_.get(); }
  Healer* healer() { return healer_.get(); }

  // Finishes requests under way, judges what they left, writes the journal. Idempotent.
  void stop();

 private:
  Live(LiveOptions options, Store store);
  Status start_watching();
  // Monitor and healer, by what the journal remembers.
  Status remember();
  Result<std::unique_ptr<Monitor>> make_monitor();
  // Makes room for a new journal beside a damaged one; false where the store cannot be written.
  bool set_aside(const std::filesystem::path& journal, const Status& damage);
  // Says so when another server watches the same store.
  void remark_others();
  void listen();
  void add_routes();
  using ByHand = Status (Healer::*)(int64_t repair, const std::string& who, int64_t now_us);
  HttpResponse decide(const HttpRequest& request, ByHand by_hand, const char* decided);
  void try_forever();
  void tick();
  void tick_forever();
  void log(const std::string& line) const;

  LiveOptions options_;
  SystemClock clock_;
  Store store_;
  StoreSource source_;
  StoreActions actions_;
  std::optional<FileLock> watching_;  // the store's
  std::unique_ptr<Monitor> monitor_;
  std::unique_ptr<Healer> healer_;
  std::unique_ptr<Trials> trials_;
  std::unique_ptr<Follower> follower_;
  std::unique_ptr<Webhook> webhook_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<Server> server_;
  Subscription versions_;  // to the server's; first to end
  std::string last_error_;
  std::string last_undelivered_;  // of the webhook
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread ticker_;
  std::thread trier_;
};

}  // namespace slipway
