// Conversion between element types.
#include "kernels/cast.h"

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

template <typename To>
To parsed(const std::string& text) {
  if constexpr (std::is_same_v<To, uint64_t>) {
    return std::strtoull(text.c_str(), nullptr, 10);
  } else if constexpr (std::is_integral_v<To> && !std::is_same_v<To, bool>) {
    return static_cast<To>(std::strtoll(text.c_str(), nullptr, 10));
  } else {
    return convert<To>(std::strtod(text.c_str(), nullptr));
  }
}

}  // namespace

void cast(DType from, const void* x, DType to, void* y, int64_t n, int threads) {
  if (from == DType::string && to == DType::string) {
    std::copy_n(static_cast<const std::string*>(x), n, static_cast<std::string*>(y));
  } else if (from == DType::string) {
    visit_dtype(to, [&]<typename To>(TypeTag<To>) {
      for (int64_t i = 0; i < n; ++i) static_cast<To*>(y)[i] = parsed<To>(static_cast<const std::string*>(x)[i]);
    });
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
}

}  // namespace slipway::kernels
