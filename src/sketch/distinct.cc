// HyperLogLog.
#include "sketch/distinct.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

namespace slipway {

namespace {
constexpr char kFirstRegister = '0';
}

Distinct::Distinct(int precision) : precision_(precision), registers_(size_t{1} << precision, 0) {
  CHECK(precision >= 4 && precision <= 16, "precision lies in [4, 16]");
}

void Distinct::add(uint64_t hash) {
  size_t index = hash >> (64 - precision_);
  uint64_t rest = hash << precision_;
  int rank = rest == 0 ? 64 - precision_ + 1 : std::countl_zero(rest) + 1;
  registers_[index] = std::max(registers_[index], static_cast<uint8_t>(rank));
}

void Distinct::merge(const Distinct& other) {
  CHECK(precision_ == other.precision_, "sketches of different precision");
  for (size_t i = 0; i < registers_.size(); ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

double Distinct::estimate() const {
  const double m = static_cast<double>(registers_.size());
  double inverse = 0;
  double empty = 0;
  for (uint8_t r : registers_) {
    inverse += std::ldexp(1.0, -r);
    empty += r == 0 ? 1 : 0;
  }
  double alpha = m == 16 ? 0.673 : m == 32 ? 0.697 : m == 64 ? 0.709 : 0.7213 / (1 + 1.079 / m);
  double raw = alpha * m * m / inverse;
  return raw <= 2.5 * m && empty > 0 ? m * std::log(m / empty) : raw;
}

Json Distinct::to_json() const {
  std::string text;
  for (uint8_t r : registers_) text += static_cast<char>(kFirstRegister + r);
  return Json::object({{"precision", precision_}, {"registers", std::move(text)}});
}

Result<Distinct> Distinct::from_json(const Json& json) {
  int64_t precision = json["precision"].as_int();
  if (precision < 4 || precision > 16) {
    return invalid(fmt::format("distinct: expected a precision in [4, 16], found {}", precision));
  }
  Distinct sketch(static_cast<int>(precision));
  const std::string& text = json["registers"].as_string();
  if (text.size() != sketch.registers_.size()) {
    return invalid(fmt::format("distinct: expected {} registers, found {}", sketch.registers_.size(), text.size()));
  }
  for (size_t i = 0; i < text.size(); ++i) {
    int rank = text[i] - kFirstRegister;
    if (rank < 0 || rank > 64) return invalid(fmt::format("distinct: register {} holds {}", i, rank));
    sketch.registers_[i] = static_cast<uint8_t>(rank);
  }
  return sketch;
}

}  // namespace slipway
