// Live: wiring of server, monitor and healer.
#include "cli/live.h"

#include <chrono>

#include <fmt/format.h>

#include "base/file.h"

namespace slipway {

namespace {

constexpr const char* kOwnFolder = ".slipway";  // in the store

HttpResponse json_page(const Json& json) {
  HttpResponse response;
  response.body = json.dump(2) + "\n";
  return response;
}

}  // namespace

Live::Live(LiveOptions options, Store store)
    : options_(std::move(options)), store_(std::move(store)), source_(store_), actions_(store_) {}

Live::~Live() { stop(); }

void Live::log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

Result<std::unique_ptr<Live>> Live::start(LiveOptions options) {
  Store store = TRY(Store::open(options.root));
  std::unique_ptr<Live> live(new Live(std::move(options), std::move(store)));
  if (live->options_.watch) RETURN_IF_ERROR(live->start_watching());
  ServerOptions server = live->options_.server;
  server.manager.log = live->options_.log;
  server.manager.private_root = live->options_.root.string();
  ObservationSink sink;
  if (live->intake_) sink = [intake = live->intake_.get()](Observation o) { return intake->offer(std::move(o)); };
  live->server_ = TRY(Server::start(server, &live->source_, store_loader(live->store_, live->options_.session), sink));
  if (live->server_->models().models().empty()) {
    live->log(fmt::format("{} holds no model yet; what slipway publish or train --store puts there is served at once",
                          live->options_.root.string()));
  }
  if (live->options_.watch) {
    live->add_routes();
    live->follow_versions();
    live->ticker_ = std::thread([raw = live.get()] { raw->tick_forever(); });
  }
  return live;
}

void Live::remark_others() {
  std::filesystem::path folder = options_.root / kOwnFolder;
  if (!make_directories(folder).ok()) return;
  Result<std::optional<FileLock>> lock = FileLock::try_acquire(folder / "watching.lock");
  if (!lock.ok()) return;  // a store that cannot be written
  if (*lock) {
    watching_.emplace(std::move(**lock));
  } else {
    log(
        fmt::format("another server watches {} too, and both will judge and repair its models; start all but one with "
                    "--no-monitor",
                    options_.root.string()));
  }
}

Result<std::unique_ptr<Monitor>> Live::make_monitor() {
  if (!options_.monitor.journal.empty()) return Monitor::create(options_.monitor, clock_);
  MonitorOptions monitor = options_.monitor;
  std::filesystem::path folder = options_.root / kOwnFolder;
  monitor.journal = folder / "journal.sqlite";
  Status error = make_directories(folder);
  if (error.ok()) {
    Result<std::unique_ptr<Monitor>> made = Monitor::create(monitor, clock_);
    if (made.ok() || made.status().code() == Code::data_loss) return made;
    error = made.status();
  }
  log(fmt::format(
      "the store cannot be written ({}): alarms, counts and repairs are forgotten when the server ends; name "
      "a file that can with --journal",
      error.message()));
  monitor.journal.clear();
  return Monitor::create(monitor, clock_);
}

Status Live::start_watching() {
  remark_others();
  monitor_ = TRY(make_monitor());
  healer_ = TRY(Healer::create(*monitor_, actions_, options_.policy));
  monitor_->add_sink([this](const AlarmEvent& event) { log(log_line(event)); });
  healer_->add_sink([this](const Repair& repair) { log(log_line(repair)); });
  if (!options_.webhook.empty()) {
    webhook_ = TRY(Webhook::start({.url = options_.webhook}));
    monitor_->add_sink([this](const AlarmEvent& event) { webhook_->send(event.alarm.to_json()); });
  }
  intake_ = std::make_unique<Intake>(IntakeOptions{},
                                     [this](std::vector<Observation>&& batch) { monitor_->observe(std::move(batch)); });
  return {};
}

void Live::add_routes() {
  server_->add_route("GET", "/v1/alarms", [this](const HttpRequest&) { return json_page(monitor_->alarms_json()); });
  server_->add_route("GET", "/v1/diagnosis", [this](const HttpRequest&) { return json_page(healer_->to_json()); });
  server_->add_route("GET", "/v1/monitor", [this](const HttpRequest&) { return json_page(monitor_->snapshot()); });
  server_->metrics().add_source([this](std::string& out) {
    out += monitor_->metrics();
    append_metric(out, "slipway_observations_thinned_total", "counter",
                  "Answers whose tensors the monitor did not see, because too many bytes were waiting.",
                  static_cast<double>(intake_->thinned()));
  });
}

void Live::follow_versions() {
  for (const std::string& model : server_->models().models()) {
    int64_t version = server_->models().serving_version(model);
    if (version == 0 || serving_[model] == version) continue;
    serving_[model] = version;
    if (Result<std::string> bytes = store_.read(model, version, "baseline.json"); bytes.ok()) {
      Result<Json> json = Json::parse(*bytes);
      Result<Baseline> baseline = json.ok() ? Baseline::from_json(*json) : Result<Baseline>(json.status());
      if (baseline.ok()) {
        monitor_->set_baseline(model, version, std::make_shared<const Baseline>(*std::move(baseline)));
      } else {
        log(fmt::format("model {} version {}: baseline.json: {}; its answers are watched without it", model, version,
                        baseline.status().message()));
      }
    }
    monitor_->serving(model, version);
  }
}

void Live::tick() {
  follow_versions();
  Status judged = monitor_->tick();
  Status healed = healer_->step(clock_.now_us());
  server_->models().refresh();
  follow_versions();
  Status error = judged.ok() ? healed : judged;
  if (!error.ok() && error.message() != last_error_) log("monitor: " + error.message());
  last_error_ = error.message();
  std::string undelivered = webhook_ ? webhook_->last_error() : "";
  if (!undelivered.empty() && undelivered != last_undelivered_) {
    log(undelivered + "; the alarm stays at /v1/alarms, check the URL of --webhook");
  }
  last_undelivered_ = std::move(undelivered);
}

void Live::tick_forever() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::milliseconds(options_.tick_ms), [this] { return stopping_; })) {
    lock.unlock();
    tick();
    lock.lock();
  }
}

void Live::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_all();
  if (ticker_.joinable()) ticker_.join();
  if (server_) server_->stop();
  if (intake_) intake_->stop();
  if (monitor_) {
    Status judged = monitor_->tick();
    Status written = monitor_->flush();
    if (Status error = judged.ok() ? written : judged; !error.ok()) log("monitor: " + error.message());
  }
}

}  // namespace slipway
