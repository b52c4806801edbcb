// slipway serve: answers requests to the models of a store until it is told to stop.
#include <csignal>

#include <fmt/format.h>
#include <pthread.h>

#include "base/clock.h"
#include "cli/verb.h"
#include "serve/server.h"
#include "serve/store_source.h"

namespace slipway {

namespace {

struct Options {
  std::string root;
  ServerOptions server;
  SessionOptions session;
};

void log_line(const std::string& line) {
  fmt::print(stderr, "{} {}\n", rfc3339(SystemClock().now_us()), line);
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

Status serve(Options& options) {
  sigset_t signals = hold_stop_signals();
  Store store = TRY(Store::open(options.root));
  StoreSource source(store);
  options.server.manager.log = log_line;
  options.session.max_plans = 64;
  std::unique_ptr<Server> server = TRY(Server::start(options.server, &source, store_loader(store, options.session)));
  log_line(fmt::format("listening on http://{}:{}", options.server.http.address, server->port()));
  const char* name = wait_for_stop(signals);
  log_line(fmt::format("{}: finishing what is under way, at most {} s", name, options.server.drain_ms / 1000));
  server->stop();
  log_line("stopped");
  return {};
}

std::function<Status()> declare(CLI::App& app) {
  auto options = std::make_shared<Options>();
  ServerOptions& server = options->server;
  server.http.port = 8501;
  app.add_option("STORE", options->root, "Folder of the model store")->required();
  app.add_option("--http", server.http.port, "Port of TensorFlow Serving REST, V2 REST and /metrics; 0: any free one")
      ->capture_default_str();
  app.add_option("--address", server.http.address, "Address to listen on; 127.0.0.1 for this machine only")
      ->capture_default_str();
  app.add_option("--threads", server.http.threads, "Threads that read requests and run short models; 0: one per core")
      ->capture_default_str();
  app.add_option("--workers", server.worker_threads, "Threads for models whose runs are long; 0: one per core")
      ->capture_default_str();
  app.add_option("--model-threads", options->session.threads, "Threads of one run; 0: by its size")
      ->capture_default_str();
  app.add_option("--batch-rows", server.batch.max_rows, "Rows that may share a run; 1: no batching")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  app.add_option("--batch-delay-us", server.batch.max_delay_us, "Microseconds a run may wait for more rows")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--queue", server.batch.max_queue_rows, "Rows that may wait per version before requests are refused")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--body-limit", server.http.body_limit, "Largest request body, e.g. 64MB")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  app.add_option("--timeout-ms", server.timeout_ms, "Deadline of requests that bring none; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--poll-ms", server.manager.poll_ms, "How often the store is looked at")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--drain-ms", server.drain_ms, "How long a stop waits for answers under way")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
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
        "  slipway serve STORE --http 8501\n"
        "  curl -d '{\"instances\": [[0.1, 0.2]]}' localhost:8501/v1/models/NAME:predict",
    .declare = declare,
};

}  // namespace slipway
