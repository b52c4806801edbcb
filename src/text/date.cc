// Dates by their digits.
#include "text/date.h"

#include <chrono>

namespace slipway {

namespace {

// The number that `width` digits at `at` spell; -1 when they are none.
int digits_at(std::string_view cell, size_t at, size_t width) {
  if (cell.size() < at + width) return -1;
  int value = 0;
  for (char c : cell.substr(at, width)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::optional<double> parse_date(std::string_view cell) {
  using namespace std::chrono;
  int y = digits_at(cell, 0, 4), m = digits_at(cell, 5, 2), d = digits_at(cell, 8, 2);
  if (y < 0 || m < 0 || d < 0 || cell[4] != '-' || cell[7] != '-') return std::nullopt;
  year_month_day date{year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))};
  if (!date.ok()) return std::nullopt;
  double days = sys_days(date).time_since_epoch().count();
  if (cell.size() == 10) return days;
  int hours = digits_at(cell, 11, 2), minutes = digits_at(cell, 14, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || cell[13] != ':') return std::nullopt;
  if (cell[10] != 'T' && cell[10] != ' ') return std::nullopt;
  int seconds = cell.size() == 16 ? 0 : digits_at(cell, 17, 2);
  bool whole = cell.size() == 16 || (cell.size() == 19 && cell[16] == ':' && seconds >= 0 && seconds <= 60);
  if (!whole) return std::nullopt;
  return days + (hours * 3600 + minutes * 60 + seconds) / 86400.0;
}

}  // namespace slipway
