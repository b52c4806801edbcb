// Hundreds of kills and dozens of reloads under load, with what they cost printed. What must hold is expected in
// tests/support/torture.cc, round by round.
#include "support/torture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Soak, KilledPublishersLeaveAStoreThatLoads) { kill_publishers(400, 7); }

TEST(Soak, KilledServersComeBackWithTheirAlarms) { kill_servers(30, std::chrono::seconds(0)); }

TEST(Soak, KilledServersComeBackWithTheirCounts) { kill_servers(3, std::chrono::seconds(12)); }

// 40 versions of a megabyte: a version kept by mistake each time would be 40 MiB and more.
TEST(Soak, FiftyVersionsUnderLoadFailNoRequestAndKeepNoMemory) {
  LoadFigures figures = publish_under_load(50, 10, 64, int64_t{16} << 20);
  fmt::print("{} requests, none failed; resident {:.1f} MB after 10 publishes, {:.1f} MB after 50\n", figures.requests,
             static_cast<double>(figures.resident_settled) / 1e6, static_cast<double>(figures.resident_end) / 1e6);
}

TEST(Soak, StoppedUnderLoadAnswersWhatWasAsked) { stop_under_load(20, 64); }

}  // namespace
}  // namespace slipway
