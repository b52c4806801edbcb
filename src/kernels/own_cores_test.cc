// Threads and the cores that they may run on.
#include "kernels/own_cores.h"

#include <omp.h>

#include <set>

#include <gtest/gtest.h>

namespace slipway {
namespace {

cpu_set_t allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  return set;
}

std::vector<cpu_set_t> allowed_by_thread(int threads) {
  std::vector<cpu_set_t> sets(static_cast<size_t>(threads));
#pragma omp parallel num_threads(threads)
  sets[static_cast<size_t>(omp_get_thread_num())] = allowed();
  return sets;
}

int only_core(const cpu_set_t& set) {
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) return CPU_COUNT(&set) == 1 ? core : -1;
  }
  return -1;
}

TEST(OwnCores, OneForEachThreadWhileItLives) {
  const cpu_set_t before = allowed();
  const int threads = CPU_COUNT(&before);
  if (threads < 2) GTEST_SKIP() << "one core only";
  {
    OwnCores cores(threads);
    std::set<int> own;
    for (const cpu_set_t& set : allowed_by_thread(threads)) own.insert(only_core(set));
    EXPECT_EQ(own.count(-1), 0u);
    EXPECT_EQ(own.size(), static_cast<size_t>(threads));
  }
  for (const cpu_set_t& set : allowed_by_thread(threads)) EXPECT_TRUE(CPU_EQUAL(&set, &before));
}

TEST(OwnCores, FewerOrMoreThreadsThanCoresStayFree) {
  const cpu_set_t before = allowed();
  for (int threads : {1, CPU_COUNT(&before) - 1, CPU_COUNT(&before) + 1}) {
    if (threads == CPU_COUNT(&before)) continue;
    OwnCores cores(threads);
    const cpu_set_t now = allowed();
    EXPECT_TRUE(CPU_EQUAL(&now, &before)) << threads;
  }
}

}  // namespace
}  // namespace slipway
