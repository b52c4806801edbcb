// Cores: quotas as control groups of both versions tell them, and affinity.
#include "base/cores.h"

#include <sched.h>

#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

class Cores : public ::testing::Test {
 protected:
  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((folder_.path() / file).parent_path());
    ASSERT_TRUE(write_file_atomic(folder_.path() / file, text).ok());
  }
  double quota() const { return quota_cores(folder_.path() / "proc", folder_.path() / "groups"); }

  TemporaryDirectory folder_;
};

TEST_F(Cores, NoControlGroupsLimitNothing) { EXPECT_EQ(quota(), 0); }

TEST_F(Cores, Version2) {
  write("proc/cgroup", "0::/work.slice/job\n");
  write("groups/work.slice/job/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), 0);
  write("groups/work.slice/job/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota(), 1.5);
}

TEST_F(Cores, TheLeastLimitOfTheGroupsAroundHolds) {
  write("proc/cgroup", "0::/work.slice/job\n");
  write("groups/work.slice/job/cpu.max", "400000 100000\n");
  write("groups/work.slice/cpu.max", "300000 100000\n");
  write("groups/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), 3);
}

TEST_F(Cores, Version1) {
  write("proc/cgroup", "5:memory:/a\n4:cpu,cpuacct:/docker/7\n0::/\n");
  write("groups/cpu,cpuacct/docker/7/cpu.cfs_quota_us", "-1\n");
  write("groups/cpu,cpuacct/docker/7/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 0);
  write("groups/cpu,cpuacct/docker/7/cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(quota(), 2.5);
}

TEST_F(Cores, ATaskOfOneCoreHasOne) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_cores(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), CPU_COUNT(&before));
}

}  // namespace
}  // namespace slipway
