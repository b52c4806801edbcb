// Conversion between element types.
#include "kernels/cast.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <string>
#include <type_traits>

#include <fmt/format.h>

#include "kernels/parallel.h"
#include "tensor/visit.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;

// Truncates; what the integer cannot hold becomes its nearest bound.
template <typename To, typename From>
To saturate(From x) {
  constexpr To kLow = std::numeric_limits<To>::min();
  constexpr To kHigh = std::numeric_limits<To>::max();
  if (!(x == x)) return 0;
  // kHigh may round up to a value that does not fit, hence >=.
  if (x >= static_cast<From>(kHigh)) return kHigh;
  if (x <= static_cast<From>(kLow)) return kLow;
  return static_cast<To>(x);
}

template <typename To, typename From>
To convert(From x) {
  if constexpr (std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>) {
    return convert<To>(to_float(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From{};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return saturate<To>(x);
  } else {
    return convert_element<To>(x);
  }
}

template <typename From>
std::string written(From x) {
  if constexpr (std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>) {
    return written(to_float(x));
  } else if constexpr (std::is_floating_point_v<From>) {
    std::string text = fmt::format("{}", x);
    return text.find_first_of(".enai") == std::string::npos ? text + ".0" : text;
  } else {
    return fmt::format("{}", x);
  }
}

// Whether a number has been read from `begin` to `end`, and nothing but spaces follows up to the end of `text`.
bool ends_well(const std::string& text, const char* end) {
  const char* last = text.c_str() + text.size();
  if (end == text.c_str()) return false;
  return std::all_of(end, last, [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; });
}

// False where `text` is no number. Whole numbers are read as such, so that 64 bits stay exact.
template <typename To>
bool parse(const std::string& text, To& y) {
  char* end = nullptr;
  if constexpr (std::is_integral_v<To> && !std::is_same_v<To, bool>) {
    errno = 0;
    if constexpr (std::is_same_v<To, uint64_t>) {
      y = std::strtoull(text.c_str(), &end, 10);
    } else {
      y = static_cast<To>(std::strtoll(text.c_str(), &end, 10));
    }
    if (errno == 0 && ends_well(text, end)) return true;
  }
  y = convert<To>(std::strtod(text.c_str(), &end));
  return ends_well(text, end);
}

Status parse_all(const std::string* x, DType to, void* y, int64_t n) {
  return visit_dtype(to, [&]<typename To>(TypeTag<To>) -> Status {
    for (int64_t i = 0; i < n; ++i) {
      if (parse(x[i], static_cast<To*>(y)[i])) continue;
      return invalid(fmt::format("\"{}\" (element {}) is no number", x[i].substr(0, 80), i));
    }
    return {};
  });
}

}  // namespace

Status cast(DType from, const void* x, DType to, void* y, int64_t n, int threads) {
  if (from == DType::string && to == DType::string) {
    std::copy_n(static_cast<const std::string*>(x), n, static_cast<std::string*>(y));
  } else if (from == DType::string) {
    return parse_all(static_cast<const std::string*>(x), to, y, n);
  } else if (to == DType::string) {
    visit_dtype(from, [&]<typename From>(TypeTag<From>) {
      for (int64_t i = 0; i < n; ++i) static_cast<std::string*>(y)[i] = written(static_cast<const From*>(x)[i]);
    });
  } else {
    visit_dtype(from, [&]<typename From>(TypeTag<From>) {
      visit_dtype(to, [&]<typename To>(TypeTag<To>) {
        parallel_for(threads, n, kGrain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) static_cast<To*>(y)[i] = convert<To>(static_cast<const From*>(x)[i]);
        });
      });
    });
  }
  return {};
}

}  // namespace slipway::kernels
