// Human spellings of numbers.
#include "cli/format.h"

#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

namespace slipway {

namespace {

// `x` with three significant digits. Requires: 0 <= x < 999.5.
std::string three_digits(double x) {
  if (x < 9.995) return fmt::format("{:.2f}", x);
  if (x < 99.95) return fmt::format("{:.1f}", x);
  return fmt::format("{:.0f}", x);
}

// `x` in the largest of `units` (each 1000 times the one before, the first being 1) that keeps it below 1000.
std::string scaled(double x, std::span<const char* const> units) {
  size_t unit = 0;
  double size = std::abs(x);
  while (size >= 999.5 && unit + 1 < units.size()) {
    size /= 1000;
    ++unit;
  }
  std::string number = unit == 0 && size == std::floor(size) ? fmt::format("{:.0f}", size)
                       : size < 999.5                        ? three_digits(size)
                                                             : fmt::format("{:.0f}", size);
  std::string_view name = units[unit];
  return fmt::format("{}{}{}{}", x < 0 ? "-" : "", number, name.empty() ? "" : " ", name);
}

// "<major> <unit> <minor> <unit>", leaving out a minor part of zero.
std::string two_parts(int64_t value, int64_t factor, const char* major, const char* minor) {
  if (value % factor == 0) return fmt::format("{} {}", value / factor, major);
  return fmt::format("{} {} {} {}", value / factor, major, value % factor, minor);
}

}  // namespace

std::string human_bytes(int64_t bytes) {
  static constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  return scaled(static_cast<double>(bytes), kUnits);
}

std::string human_duration(int64_t ns) {
  static constexpr std::array kUnits = {"ns", "µs", "ms", "s"};
  if (ns < 0) return "-" + human_duration(-ns);
  double seconds = static_cast<double>(ns) / 1e9;
  if (seconds < 119.5) return scaled(static_cast<double>(ns), kUnits);
  int64_t whole = std::llround(seconds);
  if (whole < 3600) return two_parts(whole, 60, "min", "s");
  int64_t minutes = std::llround(seconds / 60);
  if (minutes < 24 * 60) return two_parts(minutes, 60, "h", "min");
  return two_parts(std::llround(seconds / 3600), 24, "d", "h");
}

std::string human_count(int64_t n) {
  std::string digits = fmt::format("{}", n);
  size_t first = n < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string human_magnitude(double n) {
  static constexpr std::array kUnits = {"", "k", "M", "G", "T", "P", "E"};
  return scaled(n, kUnits);
}

std::string human_percent(double share, int decimals) { return fmt::format("{:.{}f} %", share * 100, decimals); }

}  // namespace slipway
