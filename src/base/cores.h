// How many processor cores this process may use.
#pragma once

#include <filesystem>

namespace slipway {

// The smaller of the cores that the process may be scheduled on (sched_getaffinity: taskset, cpusets) and its control
// group's quota, rounded up (Linux cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`; containers' CPU limits). At least 1.
// Reads small files at each call. Thread-safe.
int usable_cores();

// The quota in cores that the control groups of the process and their parents leave it; 0: none is set.
// `proc`: holds the process's file `cgroup` (/proc/self); `groups`: where the control groups' file system is mounted.
double quota_cores(const std::filesystem::path& proc, const std::filesystem::path& groups);

}  // namespace slipway
