// Events: who is called, when, and when not any more.
#include "base/events.h"

#include <atomic>
#include <latch>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Events, ListenersAreCalledInTheOrderInWhichTheyCame) {
  Events<int> events;
  std::string heard;
  const Subscription a = events.subscribe([&](int n) { heard += "a" + std::to_string(n); });
  const Subscription b = events.subscribe([&](int n) { heard += "b" + std::to_string(n); });
  events.tell(1);
  events.tell(2);
  EXPECT_EQ(heard, "a1b1a2b2");
}

TEST(Events, ASubscriptionEndsWithItsObject) {
  Events<int> events;
  std::string heard;
  Subscription kept;
  {
    Subscription moved = events.subscribe([&](int n) { heard += "a" + std::to_string(n); });
    const Subscription gone = events.subscribe([&](int n) { heard += "b" + std::to_string(n); });
    kept = std::move(moved);
  }
  events.tell(1);
  kept.reset();
  kept.reset();
  events.tell(2);
  EXPECT_EQ(heard, "a1");
}

TEST(Events, ASubscriptionMayOutliveThem) {
  auto events = std::make_unique<Events<int>>();
  Subscription kept = events->subscribe([](int) {});
  events.reset();
  kept.reset();
}

TEST(Events, ALateListenerIsToldHowThingsStand) {
  Events<int> events;
  std::string heard;
  const Subscription late = events.subscribe([&](int n) { heard += std::to_string(n); },
                                             [] {
                                               return std::vector<int>{7, 8};
                                             });
  events.tell(9);
  EXPECT_EQ(heard, "789");
}

// Whoever unsubscribes may destroy what the listener uses: it waits for a listener that runs.
TEST(Events, NoListenerRunsBehindItsEnd) {
  Events<int> events;
  std::latch running(1), ending(1);
  std::atomic<bool> finished{false};
  Subscription slow = events.subscribe([&](int) {
    running.count_down();
    ending.wait();
    finished = true;
  });
  std::thread teller([&] { events.tell(1); });
  running.wait();
  std::thread ender([&] {
    ending.count_down();
    slow.reset();
    EXPECT_TRUE(finished);
  });
  ender.join();
  teller.join();
}

TEST(Events, OfSeveralThreadsComeOneAtATime) {
  Events<int> events;
  int heard = 0;  // not atomic: calls do not overlap
  const Subscription each = events.subscribe([&](int n) { heard += n; });
  constexpr int kTimes = 2000;
  auto tell = [&] {
    for (int i = 0; i < kTimes; ++i) events.tell(1);
  };
  std::thread a(tell), b(tell);
  a.join();
  b.join();
  EXPECT_EQ(heard, 2 * kTimes);
}

}  // namespace
}  // namespace slipway
