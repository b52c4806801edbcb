// A monitor under hours of traffic in seconds of time, on a machine that is as restless as machines are.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "monitor/monitor.h"
#include "support/world.h"

namespace slipway {

// Times of requests: log-normal from request to request, drifting over minutes (a diurnal wave and an
// Ornstein-Uhlenbeck process), four times as long while a neighbour is busy for some seconds, and now and then a pause
// of a tenth of a second that whoever comes then waits out.
class Machine {
 public:
  explicit Machine(uint64_t seed, double compute_us = 90) : random_(seed), compute_us_(compute_us) {}

  void second(int64_t now_s) {
    drift_ = 0.98 * drift_ + 0.05 * random_.normal();
    if (busy_s_ > 0) {
      --busy_s_;
    } else if (random_.uniform() < 1.0 / 120) {
      busy_s_ = 2 + static_cast<int>(random_.below(7));
    }
    load_ = std::exp(0.3 * std::sin(static_cast<double>(now_s) / 110) + drift_) * (busy_s_ > 0 ? 4 : 1);
    pause_ = random_.uniform() < 0.05 ? random_.uniform() : -1;
  }
  // `moment` in [0, 1): of the second.
  void time(Observation& o, double moment) {
    const double wait_s = pause_ >= 0 && moment > pause_ && moment < pause_ + 0.1 ? pause_ + 0.1 - moment : 0;
    o.compute_ns = nanoseconds(compute_us_ * load_ * std::exp(0.25 * random_.normal()) *
                               std::sqrt(std::max<double>(1, static_cast<double>(o.rows))));
    o.queue_ns = nanoseconds(30 * load_ * std::exp(0.5 * random_.normal()) + wait_s * 1e6);
    o.total_ns = o.compute_ns + o.queue_ns + 20'000;
  }

 private:
  static int64_t nanoseconds(double us) { return static_cast<int64_t>(us * 1000); }
  Random random_;
  double compute_us_;
  double drift_ = 0, load_ = 1, pause_ = -1;
  int busy_s_ = 0;
};

class Simulation {
 public:
  using Make = std::function<Observation(int64_t second)>;

  explicit Simulation(uint64_t seed, std::shared_ptr<const Baseline> baseline, MonitorOptions options = {})
      : random_(seed), machine_(seed + 1), monitor_(Monitor::create(std::move(options), clock_).value()) {
    monitor_->add_sink([this](const AlarmEvent& e) {
      if (e.kind == AlarmEvent::Kind::raised) raised_.push_back(log_line(e));
      if (e.kind == AlarmEvent::Kind::raised && first_answer_ < 0) first_answer_ = answers_;
    });
    monitor_->set_baseline("digits", 1, std::move(baseline));
    monitor_->serving("digits", 1);
  }

  // Poisson arrivals at `rate(second)` a second; the monitor judges once a second.
  void run(int64_t seconds, const std::function<double(int64_t)>& rate, const Make& make) {
    for (int64_t s = 0; s < seconds; ++s, ++second_) {
      machine_.second(second_);
      const double mean = rate(second_);
      const int64_t begin_us = clock_.now_us();
      int64_t gone_us = 0;
      for (double at = next_gap(mean); at < 1; at += next_gap(mean)) {
        clock_.advance_us(static_cast<int64_t>(at * 1e6) - gone_us);
        gone_us = clock_.now_us() - begin_us;
        std::vector<Observation> batch;
        batch.push_back(make(second_));
        batch.back().time_us = clock_.now_us();
        machine_.time(batch.back(), at);
        monitor_->observe(std::move(batch));
        ++answers_;
      }
      clock_.advance_us(1'000'000 - gone_us);
      CHECK(monitor_->tick().ok(), "a monitor without a journal ticks");
    }
  }

  // Log lines of what was raised and announced.
  const std::vector<std::string>& raised() const { return raised_; }
  // Answers from here to the first alarm; -1: none yet.
  void forget() {
    raised_.clear();
    answers_ = 0;
    first_answer_ = -1;
  }
  int64_t first_answer() const { return first_answer_; }
  const Monitor& monitor() const { return *monitor_; }

 private:
  double next_gap(double mean) { return mean <= 0 ? 2 : -std::log(1 - random_.uniform()) / mean; }

  Random random_;
  Machine machine_;
  ManualClock clock_{1'700'000'000'000'000};
  std::unique_ptr<Monitor> monitor_;
  std::vector<std::string> raised_;
  int64_t second_ = 0;
  int64_t answers_ = 0;
  int64_t first_answer_ = -1;
};

}  // namespace slipway
