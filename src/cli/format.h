// Numbers as people read them: bytes, durations, counts, shares. Three significant digits unless said otherwise.
#pragma once

#include <cstdint>
#include <string>

namespace slipway {

// "0 B", "999 B", "1.05 kB", "407 kB", "1.63 MB": powers of 1000, as disks and networks count.
std::string human_bytes(int64_t bytes);

// "850 ns", "183 µs", "1.42 s", "2 min 5 s", "1 h 2 min", "3 d 4 h".
std::string human_duration(int64_t ns);

// All digits, in groups of three: "101,770".
std::string human_count(int64_t n);

// The size of it: "950", "102 k", "1.20 M", "3.40 G", "5.00 T".
std::string human_magnitude(double n);

// A share of one in percent: 0.97531 is "97.53 %".
std::string human_percent(double share, int decimals = 2);

}  // namespace slipway
