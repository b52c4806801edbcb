// Killed, reloaded and stopped under load: a few rounds of each in every test run (tests/soak has many). What must hold
// is expected in tests/support/torture.cc, round by round.
#include "support/torture.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Torture, KilledPublishersLeaveAStoreThatLoads) { kill_publishers(25, 1); }

TEST(Torture, KilledServersComeBackWithTheirAlarms) { kill_servers(3, std::chrono::seconds(0)); }

TEST(Torture, StoppedServersComeBackWithEveryCount) { stop_and_restart(); }

TEST(Torture, NewVersionsUnderLoadFailNoRequest) { publish_under_load(6, 3, 8, int64_t{64} << 20); }

TEST(Torture, StoppedUnderLoadAnswersWhatWasAsked) { stop_under_load(3, 16); }

}  // namespace
}  // namespace slipway
