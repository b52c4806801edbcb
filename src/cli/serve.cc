// slipway serve: answers requests to the models of a store until it is told to stop.
#include <algorithm>
#include <csignal>

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cli/live.h"
#include "cli/verb.h"

namespace slipway {

namespace {

struct Options {
  LiveOptions live;
  std::filesystem::path policy;
  std::filesystem::path threshold;
  bool no_monitor = false;
};

// Model and column names come from foreign files.
void log_line(const std::string& line) {
  fmt::print(stderr, "{} {}\n", rfc3339(SystemClock().now_us()), printable(line));
  std::fflush(stderr);
}

// SIGTERM and SIGINT are taken from every thread started after this and left to wait_for_stop().
sigset_t hold_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

const char* wait_for_stop(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  return signal == SIGTERM ? "SIGTERM" : "SIGINT";
}

// As many open files as the system lets this process have; says when that is fewer than connections may need.
void allow_connections(int64_t connections) {
  constexpr int64_t kOthers = 128;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
  if (files.rlim_max == RLIM_INFINITY || static_cast<int64_t>(files.rlim_max) >= connections + kOthers) return;
  log_line(fmt::format("at most {} connections instead of --max-connections {}: the system allows {} open files",
                       std::max<int64_t>(1, static_cast<int64_t>(files.rlim_max) - kOthers), connections,
                       files.rlim_max));
}

// What an address lets in.
std::string reach(const std::string& address) {
  if (address == "127.0.0.1" || address == "localhost" || address == "::1") {
    return " (this machine only; --address 0.0.0.0 for all)";
  }
  return " (nobody is asked who he is: let only those reach it who may)";
}

Result<ThresholdModel> read_threshold(const std::filesystem::path& path) {
  std::string text = TRY(read_file(path));
  Result<Json> json = Json::parse(text);
  Result<ThresholdModel> model = json.ok() ? ThresholdModel::from_json(*json) : json.status();
  if (!model.ok()) {
    return invalid(fmt::format("{}: {}; make it with slipway threshold", path.string(), model.status().message()));
  }
  return model;
}

Status serve(Options& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a log pipe that closes must not end the server
  sigset_t signals = hold_stop_signals();
  LiveOptions live = options.live;
  live.log = log_line;
  allow_connections(live.server.http.max_connections);
  live.session.max_plans = 64;
  live.watch = !options.no_monitor;
  if (!options.policy.empty()) live.policy = TRY(Policy::read(options.policy));
  if (!options.threshold.empty()) live.monitor.threshold = TRY(read_threshold(options.threshold));
  std::unique_ptr<Live> running = TRY(Live::start(live));
  const std::string& address = live.server.http.address;
  const bool v6 = address.find(':') != std::string::npos;
  log_line(fmt::format("listening on http://{}:{}{}", v6 ? "[" + address + "]" : address, running->server().port(),
                       reach(address)));
  const char* name = wait_for_stop(signals);
  log_line(fmt::format("{}: finishing what is under way, at most {} s", name, live.server.drain_ms / 1000));
  running->stop();
  log_line("stopped");
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  LiveOptions& live = options->live;
  ServerOptions& server = live.server;
  server.http.port = 8501;
  app.add_option("STORE", live.root, "Folder of the model store").required();
  app.add_option("--http", server.http.port, "Port of TensorFlow Serving REST, V2 REST and /metrics; 0: any free one")
      .check(between(0, 65535));
  app.add_option("--address", server.http.address,
                 "Address to listen on: 127.0.0.1 lets this machine in, 0.0.0.0 everybody (nobody is asked who he is)");
  app.add_option("--threads", server.http.threads, "Threads that read requests and run short models; 0: one per core")
      .check(between(0, 1024));
  app.add_option("--workers", server.worker_threads, "Threads for models whose runs are long; 0: one per core")
      .check(between(0, 1024));
  app.add_option("--model-threads", live.session.threads, "Threads of one run; 0: by its size").check(between(0, 1024));
  app.add_option("--batch-rows", server.batch.max_rows, "Rows that may share a run; 1: no batching")
      .check(between(1, 65536));
  app.add_option("--batch-delay-us", server.batch.max_delay_us, "Microseconds a run may wait for more rows")
      .check(not_negative());
  app.add_option("--queue", server.batch.max_queue_rows, "Rows that may wait per version before requests are refused")
      .check(positive());
  app.add_option("--body-limit", server.http.body_limit, "Largest request body, unpacked, e.g. 64MB").size_with_unit();
  app.add_option("--max-body-memory", server.http.body_memory, "Bytes of all bodies under way; beyond it 503")
      .size_with_unit();
  app.add_option("--body-rate", server.http.body_rate, "Bytes per second below which a body is cut after 30 s; 0: none")
      .check(not_negative());
  app.add_option("--answer-limit", server.answer_limit, "Largest answer, e.g. 256MB; beyond it 400").size_with_unit();
  app.add_option("--max-connections", server.http.max_connections,
                 "Open connections; near it the slowest are closed, a few more are kept for health checks")
      .check(between(1, 1'000'000));
  app.add_option("--cors", server.http.allow_origin,
                 "Origin whose pages may ask from a browser, or *; none if not given");
  app.add_option("--timeout-ms", server.timeout_ms, "Deadline of requests that bring none; 0: none")
      .check(not_negative());
  app.add_option("--poll-ms", server.manager.poll_ms, "How often the store is looked at").check(positive());
  app.add_option("--drain-ms", server.drain_ms, "How long a stop waits for answers under way").check(not_negative());
  app.add_option("--policy", options->policy, "TOML file that says which remedy may act by itself");
  app.add_option("--threshold", options->threshold, "Learned threshold (slipway threshold) for the threshold detector");
  app.add_option("--webhook", live.webhook, "URL that alarms are posted to as JSON");
  app.add_option("--journal", live.monitor.journal,
                 "SQLite file of observations, alarms and audit; in the store if not given");
  app.add_flag("--no-monitor", options->no_monitor, "Serve only: observe nothing, repair nothing");
  return [options] { return serve(*options); };
}

}  // namespace

VERB(serve) = {
    .name = "serve",
    .brief = "Serve the models of a store over HTTP",
    .help =
        "Answers TensorFlow Serving REST (/v1/models/M:predict), V2 REST (/v2/models/M/infer) and Prometheus "
        "(/metrics).\n"
        "New versions, promotions and rollbacks in the store take effect without a restart and without a failed "
        "request.\n"
        "SIGTERM stops: new connections are refused, requests under way are answered.\n"
        "It answers this machine only, unless --address says otherwise.\n"
        "  slipway serve STORE --http 8501\n"
        "  curl -d '{\"instances\": [[0.1, 0.2]]}' localhost:8501/v1/models/NAME:predict",
    .declare = declare,
};

}  // namespace slipway
