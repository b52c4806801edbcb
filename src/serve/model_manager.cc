// ModelManager: asking the source, loading aside, switching at once, telling of it, freeing late.
#include "serve/model_manager.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include <fmt/format.h>

namespace slipway {

namespace {
constexpr size_t kRememberedVersions = 16;  // ended ones, for status pages

// `status` without the folder in front of paths.
Status without_root(const Status& status, std::string root) {
  if (root.empty()) return status;
  if (root.back() != '/') root += '/';
  std::string message = status.message();
  for (size_t at = 0; (at = message.find(root, at)) != std::string::npos;) {
    bool begins = at == 0 || std::string_view(" \"'(:=").find(message[at - 1]) != std::string_view::npos;
    begins ? message.erase(at, root.size()), 0 : at += root.size();
  }
  return {status.code(), std::move(message)};
}
}  // namespace

ModelManager::ModelManager(VersionSource* source, ServableLoader loader, ManagerOptions options, const Clock* clock,
                           ServerMetrics* metrics)
    : source_(source),
      loader_(std::move(loader)),
      options_(std::move(options)),
      clock_(clock),
      metrics_(metrics),
      loads_ok_(metrics->counter("slipway_model_loads_total", "Versions loaded, or not.", {{"result", "ok"}})),
      loads_failed_(metrics->counter("slipway_model_loads_total", "Versions loaded, or not.", {{"result", "error"}})),
      unloads_(metrics->counter("slipway_model_unloads_total", "Versions unloaded.")),
      load_seconds_(metrics->seconds("slipway_model_load_duration_seconds", "Loading and warming up a version.")) {}

ModelManager::~ModelManager() { stop(); }

Status ModelManager::start() {
  RETURN_IF_ERROR(source_->models().status());
  tell(poll_once());
  while (load_one()) {
  }
  tell(poll_once());  // serve what was loaded
  poller_ = std::thread([this] { poll_forever(); });
  loader_thread_ = std::thread([this] { load_forever(); });
  return {};
}

void ModelManager::stop() {
  {
    std::lock_guard lock(work_mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (poller_.joinable()) poller_.join();
  if (loader_thread_.joinable()) loader_thread_.join();
}

void ModelManager::refresh() {
  {
    std::lock_guard lock(work_mutex_);
    poll_now_ = true;
  }
  work_.notify_all();
}

void ModelManager::poll_forever() {
  for (;;) {
    {
      std::unique_lock lock(work_mutex_);
      work_.wait_for(lock, std::chrono::milliseconds(options_.poll_ms), [this] { return stopping_ || poll_now_; });
      if (stopping_) return;
      poll_now_ = false;
    }
    tell(poll_once());
  }
}

void ModelManager::tell(const Status& polled) {
  std::string message = polled.ok() ? "" : polled.to_string();
  if (message != source_error_ && !polled.ok())
    log(fmt::format("the store cannot be read, what is loaded goes on serving: {}", message));
  source_error_ = std::move(message);
}

void ModelManager::load_forever() {
  for (;;) {
    {
      std::unique_lock lock(work_mutex_);
      work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
    }
    load_one();
  }
}

Status ModelManager::poll_once() {
  std::vector<std::string> names = TRY(source_->models());
  Status first_error;
  for (const std::string& name : names) {
    Result<PublishedModel> published = source_->published(name);
    if (!published.ok()) {
      if (first_error.ok()) first_error = published.status().at(name);
      continue;
    }
    std::lock_guard lock(mutex_);
    Model& model = models_[name];
    model.published = std::move(*published);
    apply_plan(name, model);
  }
  {
    std::lock_guard lock(mutex_);
    forget_models(names);
  }
  tell_changes();
  free_retired();
  return first_error;
}

void ModelManager::forget_replaced(const std::string& name, Model& model) {
  for (auto it = model.versions.begin(); it != model.versions.end();) {
    auto& [number, version] = *it;
    auto mark = model.published.marks.find(number);
    const bool same = mark == model.published.marks.end() || mark->second == version.mark;
    if (same || version.held.state == VersionState::loading) {  // what is loading is seen when it is there
      ++it;
      continue;
    }
    if (version.servable != nullptr) {
      retired_.push_back(std::move(version.servable));
      unloads_->add();
      log(fmt::format("model {} version {} is unloaded: the store has another one of this number", name, number));
    }
    it = model.versions.erase(it);
  }
}

// Requires: mutex_ is held.
void ModelManager::apply_plan(const std::string& name, Model& model) {
  forget_replaced(name, model);
  std::vector<HeldVersion> held;
  for (const auto& [number, version] : model.versions) held.push_back(version.held);
  VersionPlan plan = plan_versions(model.published, held, model.serving, clock_->steady_ns());
  if (plan.serve != model.serving) switch_to(name, model, plan.serve);
  for (int64_t number : plan.unload) {
    Version& version = model.versions.at(number);
    version.held = {.version = number, .state = VersionState::end};
    version.error = {};
    if (!model.published.has(number)) version.error = not_found(fmt::format("version {} was deleted", number));
    retired_.push_back(std::move(version.servable));
    unloads_->add();
    log(fmt::format("model {} version {} is unloaded{}", name, number,
                    version.error.ok() ? "" : ": it was deleted from the store"));
  }
  for (int64_t number : plan.load) {
    Version& version = model.versions[number];
    version.held.version = number;
    version.held.state = VersionState::loading;
    if (auto mark = model.published.marks.find(number); mark != model.published.marks.end())
      version.mark = mark->second;
    std::lock_guard lock(work_mutex_);
    queue_.push_back({name, number});
  }
  if (!plan.load.empty()) work_.notify_all();
  forget_old(model);
  VersionChange now = standing(name, model);
  if (now.serving == model.told.serving && now.loaded == model.told.loaded) return;
  model.told = now;
  changed_.push_back(std::move(now));
}

VersionChange ModelManager::standing(const std::string& name, const Model& model) {
  VersionChange now{.model = name, .serving = model.serving};
  for (const auto& [number, version] : model.versions) {
    if (version.servable != nullptr) now.loaded.push_back(number);
  }
  return now;
}

void ModelManager::tell_changes() {
  std::lock_guard telling(telling_);
  for (;;) {
    VersionChange next;
    {
      std::lock_guard lock(mutex_);
      if (changed_.empty()) return;
      next = std::move(changed_.front());
      changed_.pop_front();
    }
    changes_.tell(next);
  }
}

Subscription ModelManager::subscribe(Events<VersionChange>::Listener listener) {
  return changes_.subscribe(std::move(listener), [this] {
    std::lock_guard lock(mutex_);
    std::vector<VersionChange> now;
    for (const auto& [name, model] : models_) {
      if (!model.told.loaded.empty()) now.push_back(model.told);
    }
    return now;
  });
}

void ModelManager::switch_to(const std::string& name, Model& model, int64_t version) {
  if (model.serving_gauge == nullptr) {
    model.serving_gauge = metrics_->gauge("slipway_model_serving_version",
                                          "The version that answers by default; 0: none.", {{"model_name", name}});
  }
  model.serving_gauge->set(version);
  log(version == 0         ? fmt::format("model {} serves no version any more", name)
      : model.serving == 0 ? fmt::format("model {} serves version {}", name, version)
                           : fmt::format("model {} serves version {} instead of {}", name, version, model.serving));
  model.serving = version;
}

void ModelManager::forget_models(const std::vector<std::string>& names) {
  for (auto& [name, model] : models_) {
    if (model.published.versions.empty() || std::ranges::binary_search(names, name)) continue;
    model.published = {};
    apply_plan(name, model);
  }
}

void ModelManager::forget_old(Model& model) {
  size_t ended = 0;
  for (auto it = model.versions.rbegin(); it != model.versions.rend(); ++it)
    ended += it->second.held.state == VersionState::end;
  for (auto it = model.versions.begin(); it != model.versions.end() && ended > kRememberedVersions;) {
    bool published = std::ranges::find(model.published.versions, it->first) != model.published.versions.end();
    bool worth = it->second.held.failures > 0 && published;
    if (it->second.held.state != VersionState::end || worth) {
      ++it;
      continue;
    }
    it = model.versions.erase(it);
    --ended;
  }
}

bool ModelManager::load_one() {
  Load load;
  {
    std::lock_guard lock(work_mutex_);
    if (queue_.empty()) return false;
    load = std::move(queue_.front());
    queue_.pop_front();
  }
  int64_t start = clock_->steady_ns();
  auto guarded = [&]() -> Result<std::shared_ptr<Servable>> {
    try {
      return loader_(load.model, load.version);
    } catch (const std::exception& e) {
      return internal(fmt::format("loading failed: {}", e.what()));
    }
  };
  Result<std::shared_ptr<Servable>> loaded = guarded();
  finish_load(load, std::move(loaded), clock_->steady_ns() - start);
  tell_changes();
  return true;
}

void ModelManager::finish_load(const Load& load, Result<std::shared_ptr<Servable>> loaded, int64_t took_ns) {
  load_seconds_->observe(static_cast<uint64_t>(took_ns));
  (loaded.ok() ? loads_ok_ : loads_failed_)->add();
  std::lock_guard lock(mutex_);
  Model& model = models_.at(load.model);
  Version& version = model.versions.at(load.version);
  if (loaded.ok()) {
    version.held = {.version = load.version, .state = VersionState::available};
    version.error = {};
    version.servable = std::move(*loaded);
    log(fmt::format("model {} version {} is available (loaded in {} ms)", load.model, load.version,
                    took_ns / 1'000'000));
    for (const std::string& note : version.servable->notes()) {
      log(fmt::format("model {} version {}: {}", load.model, load.version, note));
    }
  } else {
    version.held.state = VersionState::end;
    version.held.failures += 1;
    version.held.retry_at_ns = clock_->steady_ns() + retry_pause_ns(version.held.failures);
    version.error = without_root(loaded.status(), options_.private_root);
    log(fmt::format("model {} version {} is not served: {}", load.model, load.version, loaded.status().to_string()));
  }
  apply_plan(load.model, model);
}

void ModelManager::free_retired() {
  std::vector<std::shared_ptr<Servable>> free;
  {
    std::lock_guard lock(mutex_);
    // Nobody can get a new pointer to a retired version, so a count of one stays one.
    auto unused =
        std::stable_partition(retired_.begin(), retired_.end(), [](const auto& s) { return s.use_count() > 1; });
    free.assign(std::make_move_iterator(unused), std::make_move_iterator(retired_.end()));
    retired_.erase(unused, retired_.end());
  }
}

Lookup ModelManager::find(const ModelSpec& spec) const {
  using Miss = Lookup::Miss;
  std::lock_guard lock(mutex_);
  auto it = models_.find(spec.name);
  if (it == models_.end()) return {.miss = Miss::unknown_model};
  const Model& model = it->second;
  int64_t number = spec.version != 0 ? spec.version : model.serving;
  if (spec.label == "latest" || spec.label == "previous") {
    number = 0;
    for (const auto& [n, version] : model.versions) {
      bool counts = version.servable != nullptr && (spec.label == "latest" || n != model.serving);
      if (counts) number = n;
    }
  } else if (!spec.label.empty() && spec.label != "production" && spec.label != "stable") {
    return {.miss = Miss::unknown_label};
  }
  if (number == 0) return {.miss = Miss::nothing_available};
  auto version = model.versions.find(number);
  if (version == model.versions.end()) return {.miss = Miss::unknown_version};
  if (version->second.servable == nullptr) {
    bool coming = version->second.held.state == VersionState::loading;
    return {.miss = coming ? Miss::not_ready : Miss::unknown_version, .error = version->second.error};
  }
  return {.servable = version->second.servable};
}

std::vector<std::string> ModelManager::models() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, model] : models_) names.push_back(name);
  return names;
}

std::vector<VersionStatus> ModelManager::status(const std::string& name) const {
  std::lock_guard lock(mutex_);
  std::vector<VersionStatus> all;
  auto it = models_.find(name);
  if (it == models_.end()) return all;
  const auto& versions = it->second.versions;
  for (auto v = versions.rbegin(); v != versions.rend(); ++v) {
    all.push_back({.version = v->first, .state = v->second.held.state, .error = v->second.error});
  }
  return all;
}

int64_t ModelManager::serving_version(const std::string& name) const {
  std::lock_guard lock(mutex_);
  auto it = models_.find(name);
  return it == models_.end() ? 0 : it->second.serving;
}

void ModelManager::log(const std::string& line) {
  if (options_.log) options_.log(line);
}

}  // namespace slipway
