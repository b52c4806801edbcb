// Live: wiring of server, monitor and healer.
#include "cli/live.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include <fmt/format.h>

#include "base/file.h"
#include "base/utf8.h"

namespace slipway {

namespace {

constexpr const char* kOwnFolder = ".slipway";  // in the store

HttpResponse json_page(const Json& json) {
  HttpResponse response;
  response.body = json.dump(2) + "\n";
  return response;
}

Result<std::vector<Tensor>> asked(const Servable& servable, std::span<const Tensor> inputs) {
  RETURN_IF_ERROR(check_inputs(servable.inputs(), inputs));
  try {
    return servable.run(inputs);
  } catch (const std::exception& e) {
    return internal(fmt::format("the engine failed: {}", e.what()));
  }
}

// A version that can be asked beside its service.
Contender contender_of(const std::shared_ptr<Servable>& servable) {
  Contender c{.version = servable->version(), .classes = servable->classes()};
  if (!servable->inputs().empty()) {
    const Port& first = servable->inputs().front();
    if (!first.any_rank && !first.dims.empty() && first.dims[0].known()) c.rows = first.dims[0].size;
  }
  if (servable->front() != nullptr) {
    c.preparation = servable->front()->identity();
    c.prepare = [servable](const NamedRows& rows) { return servable->front()->tensors(rows); };
  }
  c.ask = [servable](std::span<const Tensor> inputs) { return asked(*servable, inputs); };
  return c;
}

}  // namespace

Live::Live(LiveOptions options, Store store)
    : options_(std::move(options)), store_(std::move(store)), source_(store_), actions_(store_, &source_) {}

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
    live->listen();
    live->ticker_ = std::thread([raw = live.get()] { raw->tick_forever(); });
    live->trier_ = std::thread([raw = live.get()] { raw->try_forever(); });
  }
  return live;
}

// Monitor and healer are told by the server which version serves, and the server by the healer that one is to.
void Live::listen() {
  ModelManager& models = server_->models();
  auto find = [&models](const std::string& model, int64_t version) {
    const Lookup found = models.find({.name = model, .version = version});
    return found.servable ? std::optional(contender_of(found.servable)) : std::nullopt;
  };
  follower_ =
      std::make_unique<Follower>(store_, *monitor_, *trials_, find, [this](const std::string& line) { log(line); });
  versions_ = models.subscribe([this](const VersionChange& change) { follower_->follow(change); });
  healer_->add_sink([&models](const Repair&) { models.refresh(); });
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
    const bool damaged = made.status().code() == Code::data_loss;
    if (damaged && set_aside(monitor.journal, made.status())) made = Monitor::create(monitor, clock_);
    if (made.ok()) return made;
    error = made.status();
  }
  log(fmt::format(
      "the store cannot be written ({}): alarms, counts and repairs are forgotten when the server ends; name "
      "a file that can with --journal",
      error.message()));
  monitor.journal.clear();
  return Monitor::create(monitor, clock_);
}

bool Live::set_aside(const std::filesystem::path& journal, const Status& damage) {
  std::filesystem::path aside = journal;
  aside += ".damaged";
  std::error_code error;
  std::filesystem::rename(journal, aside, error);
  if (error) return false;
  for (const char* part : {"-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(journal.string() + part, ignored);
  }
  log(
      fmt::format("the journal is damaged ({}): a new one is begun, and the old one kept as {}; alarms, counts and "
                  "repairs before now are forgotten",
                  damage.message(), aside.string()));
  return true;
}

Status Live::remember() {
  healer_.reset();
  monitor_ = TRY(make_monitor());
  healer_ = TRY(Healer::create(*monitor_, actions_, options_.policy));
  return {};
}

Status Live::start_watching() {
  remark_others();
  Status remembered = remember();
  const bool own = options_.monitor.journal.empty() && monitor_ != nullptr;
  if (remembered.code() == Code::data_loss && own) {  // found by the healer
    monitor_.reset();
    if (set_aside(options_.root / kOwnFolder / "journal.sqlite", remembered)) remembered = remember();
  }
  RETURN_IF_ERROR(remembered);
  trials_ = std::make_unique<Trials>(*monitor_, clock_);
  monitor_->add_sink([this](const AlarmEvent& event) { log(log_line(event)); });
  healer_->add_sink([this](const Repair& repair) { log(log_line(repair)); });
  if (!options_.webhook.empty()) {
    webhook_ = TRY(Webhook::start({.url = options_.webhook}));
    monitor_->add_sink([this](const AlarmEvent& event) { webhook_->send(event.alarm.to_json()); });
    healer_->add_sink([this](const Repair& repair) {
      webhook_->send(Json::object({{"event", "repair"}, {"repair", repair.to_json()}}));
    });
  }
  intake_ = std::make_unique<Intake>(IntakeOptions{}, [this](std::vector<Observation>&& batch) {
    for (const Observation& o : batch) trials_->observe(o);
    monitor_->observe(std::move(batch));
  });
  return {};
}

void Live::add_routes() {
  server_->add_route("GET", "/v1/alarms", [this](const HttpRequest&) { return json_page(monitor_->alarms_json()); });
  server_->add_route("GET", "/v1/diagnosis", [this](const HttpRequest&) { return json_page(healer_->to_json()); });
  server_->add_route("GET", "/v1/monitor", [this](const HttpRequest&) { return json_page(monitor_->snapshot()); });
  server_->add_route("POST", "/v1/repairs/approve",
                     [this](const HttpRequest& request) { return decide(request, &Healer::approve, "approved"); });
  server_->add_route("POST", "/v1/repairs/refuse",
                     [this](const HttpRequest& request) { return decide(request, &Healer::refuse, "refused"); });
  server_->metrics().add_source([this](std::string& out) {
    out += monitor_->metrics();
    append_metric(out, "slipway_observations_thinned_total", "counter",
                  "Answers whose tensors the monitor did not see, because too many bytes were waiting.",
                  static_cast<double>(intake_->thinned()));
  });
}

namespace {

// Browsers send this POST for a page of any origin without asking first; only pages of the server's own address may.
bool from_elsewhere(const HttpRequest& request) {
  const std::string_view origin = request.header("Origin");
  const size_t host = origin.find("://");
  return !origin.empty() && (host == std::string_view::npos || origin.substr(host + 3) != request.header("Host"));
}

}  // namespace

// {"repair": 3, "by": "ana"}: a person decides whether a proposed repair is to be made.
HttpResponse Live::decide(const HttpRequest& request, ByHand by_hand, const char* decided) {
  if (from_elsewhere(request)) {
    return error_response(403, "a page of another origin may not decide about repairs; slipway doctor does");
  }
  Result<Json> json = Json::parse(request.body);
  const bool named = json.ok() && ((*json)["by"].is_null() || (*json)["by"].is_string());
  if (!named || !(*json)["repair"].is_integer()) {
    return error_response(400, "expected {\"repair\": NUMBER, \"by\": \"NAME\"}, the number of a proposed repair");
  }
  const int64_t repair = (*json)["repair"].as_int();
  const std::string by = printable((*json)["by"].as_string());  // it stands in a line of the audit log
  Status status = ((*healer_).*by_hand)(repair, by.empty() ? "a person" : by, clock_.now_us());
  if (status.ok()) return json_page(Json::object({{decided, repair}}));
  return error_response(status.code() == Code::not_found ? 404 : 409, status.message());
}

// Beside the requests, and behind them where the processor is short.
void Live::try_forever() {
  constexpr int kNice = 15;
  constexpr auto kIdle = std::chrono::milliseconds(50);
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);  // of this thread
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const int64_t begin = clock_.steady_ns();
    const bool asked = trials_->step();
    const auto took = std::chrono::nanoseconds(clock_.steady_ns() - begin);
    lock.lock();
    // At most half of one core.
    wake_.wait_for(lock, asked ? std::min<std::chrono::nanoseconds>(took, std::chrono::seconds(5)) : kIdle,
                   [this] { return stopping_; });
  }
}

void Live::tick() {
  Status judged = monitor_->tick();
  Status healed = healer_->step(clock_.now_us());
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
  if (trier_.joinable()) trier_.join();
  if (server_) server_->stop();
  versions_.reset();
  if (intake_) intake_->stop();
  if (monitor_) {
    Status judged = monitor_->tick();
    Status written = monitor_->flush();
    if (Status error = judged.ok() ? written : judged; !error.ok()) log("monitor: " + error.message());
  }
}

}  // namespace slipway
