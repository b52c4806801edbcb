// Events: who knows of a change tells, and whoever subscribed is called.
//
//   Events<VersionChange> changes;                           // of the one who knows
//   Subscription s = changes.subscribe([](const VersionChange& c) { … });
//   changes.tell({.model = "digits", .serving = 3});         // returns when every listener has been called
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace slipway {

// Keeps a listener subscribed while it lives; may outlive the Events it came from.
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::function<void()> end) : end_(std::move(end)) {}
  ~Subscription() { reset(); }
  Subscription(Subscription&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    if (this != &other) {
      reset();
      end_ = std::exchange(other.end_, nullptr);
    }
    return *this;
  }

  // Ends it. The listener is not running, and will not be called any more, when this returns.
  void reset() {
    if (std::function<void()> end = std::exchange(end_, nullptr)) end();
  }

 private:
  std::function<void()> end_;  // empty: of nothing
};

// Thread-safe. Listeners are called on the thread that tells, one after the other in the order in which they came, and
// never two at a time: events of several threads queue up. A listener must not tell, subscribe or unsubscribe on the
// same Events (it would wait for itself), nor wait for a thread that does; it may take locks that nobody holds who
// tells.
template <typename Event>
class Events {
 public:
  using Listener = std::function<void(const Event&)>;

  Events() : state_(std::make_shared<State>()) {}

  // `listener` is first told all that `now` returns, so that nothing is missed between a look of its own and its first
  // event; what changes meanwhile is told next.
  [[nodiscard]] Subscription subscribe(Listener listener, const std::function<std::vector<Event>()>& now = {}) {
    std::lock_guard lock(state_->mutex);
    if (now) {
      for (const Event& event : now()) listener(event);
    }
    const int id = state_->next++;
    state_->listeners.emplace_back(id, std::move(listener));
    return Subscription([weak = std::weak_ptr<State>(state_), id] {
      const std::shared_ptr<State> state = weak.lock();
      if (state == nullptr) return;
      std::lock_guard end_lock(state->mutex);
      std::erase_if(state->listeners, [id](const auto& each) { return each.first == id; });
    });
  }

  void tell(const Event& event) {
    std::lock_guard lock(state_->mutex);
    for (const auto& [id, listener] : state_->listeners) listener(event);
  }

 private:
  struct State {
    std::mutex mutex;  // held while listeners run
    std::vector<std::pair<int, Listener>> listeners;
    int next = 0;
  };
  std::shared_ptr<State> state_;
};

}  // namespace slipway
