// Dates: read by their digits.
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

// Seconds east of Greenwich of "Z", "+02:00", "+0200", "+02"; nullopt for anything else.
std::optional<int> offset_of(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int hours = digits_at(text, 1, 2);
  const bool colon = text.size() == 6 && text[3] == ':', plain = text.size() == 5;
  const int minutes = colon ? digits_at(text, 4, 2) : plain ? digits_at(text, 3, 2) : text.size() == 3 ? 0 : -1;
  if (hours < 0 || hours > 18 || minutes < 0 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
}

// Seconds since the day's begin of HH:MM[:SS[.SSS…]] and an offset from Greenwich, if there is one; nullopt for
// anything else.
std::optional<double> seconds_of(std::string_view time) {
  const int hours = digits_at(time, 0, 2), minutes = digits_at(time, 3, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || time[2] != ':') return std::nullopt;
  double seconds = hours * 3600 + minutes * 60;
  time.remove_prefix(5);
  if (time.starts_with(':')) {
    const int whole = digits_at(time, 1, 2);
    if (whole < 0 || whole > 60) return std::nullopt;
    seconds += whole;
    time.remove_prefix(3);
    double unit = 1;
    const bool fraction = time.starts_with('.') && digits_at(time, 1, 1) >= 0;
    if (fraction) time.remove_prefix(1);
    for (; fraction && digits_at(time, 0, 1) >= 0; time.remove_prefix(1))
      seconds += (unit /= 10) * digits_at(time, 0, 1);
  }
  if (time.empty()) return seconds;
  const std::optional<int> offset = offset_of(time);
  if (!offset) return std::nullopt;
  return seconds - *offset;
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
  if (cell[10] != 'T' && cell[10] != ' ') return std::nullopt;
  const std::optional<double> time = seconds_of(cell.substr(11));
  if (!time) return std::nullopt;
  return days + *time / 86400.0;
}

}  // namespace slipway
