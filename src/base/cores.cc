// Cores by affinity and by quota.
#include "base/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace slipway {

namespace {

namespace fs = std::filesystem;

// CPU time per period, in cores; 0: no limit or no such files.
double limit_of(const fs::path& group) {
  std::ifstream both(group / "cpu.max");  // "200000 100000" or "max 100000", microseconds
  std::string quota;
  double period = 0;
  if (both >> quota >> period) return quota == "max" || period <= 0 ? 0 : std::atof(quota.c_str()) / period;
  std::ifstream microseconds(group / "cpu.cfs_quota_us");
  std::ifstream of(group / "cpu.cfs_period_us");
  double spent = 0;
  if (!(microseconds >> spent) || !(of >> period) || spent <= 0 || period <= 0) return 0;
  return spent / period;
}

// The least limit of the group below `root` and of those around it.
double least_limit(const fs::path& root, const fs::path& group) {
  double least = 0;
  for (fs::path below = group.relative_path();; below = below.parent_path()) {
    const double limit = limit_of(root / below);
    if (limit > 0 && (least == 0 || limit < least)) least = limit;
    if (below.empty()) return least;
  }
}

// Whether the controllers of a line of /proc/PID/cgroup, "cpu,cpuacct", are those of the CPU; none: all of version 2's.
bool controls_cpu(const std::string& controllers) {
  return controllers.empty() || ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

int allowed_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());  // more cores than a cpu_set_t holds
}

}  // namespace

double quota_cores(const fs::path& proc, const fs::path& groups) {
  std::ifstream lines(proc / "cgroup");
  double least = 0;
  for (std::string line; std::getline(lines, line);) {  // "4:cpu,cpuacct:/user.slice"
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controls_cpu(controllers)) continue;
    const double limit = least_limit(groups / controllers, line.substr(second + 1));
    if (limit > 0 && (least == 0 || limit < least)) least = limit;
  }
  return least;
}

int usable_cores() {
  const int cores = std::max(1, allowed_cores());
  const double quota = quota_cores("/proc/self", "/sys/fs/cgroup");
  return quota > 0 ? std::clamp(static_cast<int>(std::ceil(quota)), 1, cores) : cores;
}

}  // namespace slipway
