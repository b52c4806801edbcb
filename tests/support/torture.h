// What a running system must live through, each with a number of rounds: a few in every test run, many in the soak.
#pragma once

#include <chrono>
#include <cstdint>

namespace slipway {

// Publishers in processes of their own are killed with SIGKILL at moments drawn from `seed`. After each the store
// loads, its production version verifies, and no number was given out twice.
void kill_publishers(int rounds, uint64_t seed);

// A server raises an alarm, is killed with SIGKILL after `life`, and is started again on the same store: the production
// version and the alarm are there again, and so are all counts when `life` is long enough for them to be in the
// journal.
void kill_servers(int rounds, std::chrono::seconds life);

// A server that was stopped by SIGTERM starts again with every count it had.
void stop_and_restart();

// A version is published `publishes` times while keep-alive connections ask without a pause. No request fails, every
// version comes to serve, and the server's resident memory grows by less than `growth_bytes` from `settled` publishes
// to the last. A version weighs a megabyte, so that one kept by mistake each time is seen.
struct LoadFigures {
  int64_t requests = 0;
  int64_t resident_settled = 0;
  int64_t resident_end = 0;
};
LoadFigures publish_under_load(int publishes, int settled, int connections, int64_t growth_bytes);

// SIGTERM while connections ask without a pause: every request that was sent before it is answered with 200.
void stop_under_load(int rounds, int connections);

}  // namespace slipway
