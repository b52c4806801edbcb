// TensorCollector: lists of numbers, booleans and strings into a growing buffer of the element type.
#include "serve/json_tensor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "base/base64.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

// Memory for elements; a string tensor's are alive from the start.
template <typename T>
struct Elements {
  std::shared_ptr<void> owner;
  T* data = nullptr;
  int64_t capacity = 0;

  void grow(int64_t count, int64_t needed) {
    int64_t larger = std::max<int64_t>({needed, capacity * 2, 16});
    if constexpr (std::is_same_v<T, std::string>) {
      auto strings = std::make_shared<std::vector<std::string>>(static_cast<size_t>(larger));
      std::move(data, data + count, strings->data());
      data = strings->data();
      owner = std::move(strings);
    } else {
      auto bytes = allocate_bytes(static_cast<size_t>(larger) * sizeof(T));
      if (count > 0) std::memcpy(static_cast<void*>(bytes.get()), data, static_cast<size_t>(count) * sizeof(T));
      data = reinterpret_cast<T*>(bytes.get());
      owner = std::move(bytes);
    }
    capacity = larger;
  }
};

// False: the number does not fit the type; `lossy` tells whether its kind was right.
template <typename T>
bool convert_number(const JsonNumber& n, T& out, bool& lossy) {
  lossy = true;
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    return to_real(n, out);
  } else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    float wide = 0;
    if (!to_real(n, wide)) return false;
    out = convert_element<T>(wide);
    return std::isinf(wide) || !std::isinf(to_float(out));
  } else {
    if (!n.integer) {
      lossy = false;
      return false;
    }
    uint64_t most = static_cast<uint64_t>(std::numeric_limits<T>::max());
    if constexpr (std::is_signed_v<T>) most += n.negative ? 1 : 0;
    uint64_t magnitude = n.digits;
    if (!n.exact) {  // twenty digits may still fit
      const char* first = n.text.data() + (n.negative ? 1 : 0);
      if (std::from_chars(first, n.text.data() + n.text.size(), magnitude).ec != std::errc()) return false;
    }
    bool negative = n.negative && magnitude != 0;
    if (magnitude > most || (negative && std::is_unsigned_v<T>)) return false;
    out = static_cast<T>(negative ? ~magnitude + 1 : magnitude);
    return true;
  }
}

template <typename T>
class Collector final : public TensorCollector {
 public:
  explicit Collector(int64_t expected) { elements_.grow(0, std::clamp<int64_t>(expected, 1, int64_t{1} << 24)); }

  bool read(JsonScanner& scanner, Shape& shape) override {
    rank_ = -1;
    sizes_.fill(-1);
    if (!read_value(scanner, 0)) return false;
    shape.assign(sizes_.begin(), sizes_.begin() + rank_);
    return true;
  }

  bool read_flat(JsonScanner& scanner, int64_t most) override {
    int depth = 0;
    for (bool first = true;; first = false) {
      char c = scanner.peek();
      if (!first) {
        if (c != ',' && c != ']') return scanner.fail(kMissingArraySeparator);
        scanner.advance();
        if (c == ']' && --depth == 0) return true;
        if (c == ']') continue;
        c = scanner.peek();
      }
      while (c == '[') {
        if (++depth > kMaxRank) return error("Unable to parse 'data': lists are nested deeper than 32 levels");
        scanner.advance();
        c = scanner.peek();
      }
      if (depth == 0) return error("Unable to parse 'data'");
      if (c == ']') {
        scanner.advance();
        if (--depth == 0) return true;
        continue;
      }
      if (count_ >= most) return error("Shape does not match true shape of 'data' field");
      if (!read_element(scanner, c)) return false;
    }
  }

  Tensor take(Shape shape) override {
    CHECK(element_count(shape) == count_, "collected count does not match the shape");
    Tensor tensor = Tensor::view(dtype_of<T>, std::move(shape), std::move(elements_.owner), elements_.data);
    elements_ = {};
    count_ = 0;
    return tensor;
  }

  int64_t count() const override { return count_; }

 private:
  bool error(std::string message) {
    if (status_.ok()) status_ = invalid(std::move(message));
    return false;
  }

  bool read_value(JsonScanner& scanner, int level) {
    char c = scanner.peek();
    if (c == '[') return read_list(scanner, level);
    if (rank_ < 0) rank_ = level;
    if (level != rank_) {
      std::string_view text;
      if (!scanner.skip_value(&text)) return false;
      return error(fmt::format("JSON Value: {} found at incorrect level: {} in the JSON DOM. Expected at level: {}",
                               json_excerpt(text), level + 1, rank_));
    }
    return read_element(scanner, c);
  }

  bool read_list(JsonScanner& scanner, int level) {
    if (rank_ >= 0 && level >= rank_) {
      return error(fmt::format("Encountered list at unexpected level: {} expected < {}", level, rank_));
    }
    if (level == kMaxRank) return error(fmt::format("Encountered list nested deeper than {} levels", kMaxRank));
    scanner.advance();
    int64_t size = 0;
    if (scanner.peek() == ']') {
      scanner.advance();
      if (rank_ < 0) rank_ = level + 1;
    } else {
      for (;; ++size) {
        if (level + 1 == rank_) size += read_run(scanner);
        char c = scanner.peek();
        bool fine = level + 1 == rank_ && c != '[' ? read_element(scanner, c) : read_value(scanner, level + 1);
        if (!fine) return false;
        c = scanner.peek();
        if (c != ',' && c != ']') return scanner.fail(kMissingArraySeparator);
        scanner.advance();
        if (c == ']') break;
      }
      ++size;
    }
    int64_t& expected = sizes_[static_cast<size_t>(level)];
    if (expected < 0) expected = size;
    if (size == expected) return true;
    return error(
        fmt::format("Encountered list at unexpected size: {} at level: {} expected size: {}", size, level, expected));
  }

  // Elements of the most frequent kind, many at a time.
  int64_t read_run(JsonScanner& scanner) {
    if constexpr (!std::is_same_v<T, float>) {
      return 0;
    } else {
      scanner.peek();
      int64_t read = scanner.read_plain_floats(elements_.data + count_, elements_.capacity - count_);
      count_ += read;
      return read;
    }
  }

  bool read_element(JsonScanner& scanner, char c) {
    if (count_ == elements_.capacity) elements_.grow(count_, count_ + 1);
    T& out = elements_.data[count_];
    if constexpr (std::is_same_v<T, std::string>) {
      if (c == '"') return read_text(scanner, out);
      if (c == '{') return read_base64(scanner, out);
    } else if constexpr (std::is_same_v<T, bool>) {
      if (c == 't' || c == 'f') {
        if (!scanner.read_literal(c == 't' ? "true" : "false")) return false;
        out = c == 't';
        ++count_;
        return true;
      }
    } else if (c != '"' && c != 't' && c != 'f' && c != 'n' && c != '{' && c != '[') {
      JsonNumber number;
      if (!scanner.read_number(number)) return false;
      bool lossy = false;
      if (!convert_number(number, out, lossy)) return number_error(number, lossy);
      ++count_;
      return true;
    }
    return type_error(scanner, c);
  }

  bool read_text(JsonScanner& scanner, std::string& out) {
    std::string_view text;
    std::string scratch;
    if (!scanner.read_string(text, scratch)) return false;
    out = text;
    ++count_;
    return true;
  }

  bool read_base64(JsonScanner& scanner, std::string& out) {
    const char* start = scanner.position();
    int members = 0;
    bool found = false;
    std::string encoded;
    bool fine = scanner.read_object([&](std::string_view key) {
      ++members;
      if (key != "b64" || scanner.peek() != '"') return scanner.skip_value();
      found = true;
      std::string scratch;
      std::string_view text;
      if (!scanner.read_string(text, scratch)) return false;
      encoded = text;
      return true;
    });
    if (!fine) return false;
    if (!found || members != 1) {
      return error(fmt::format("JSON Value: {} not formatted correctly for base64 data",
                               json_excerpt({start, static_cast<size_t>(scanner.position() - start)})));
    }
    std::optional<std::string> decoded = base64_decode(encoded);
    if (!decoded) return error("Unable to base64 decode");
    out = std::move(*decoded);
    ++count_;
    return true;
  }

  bool number_error(const JsonNumber& number, bool lossy) {
    if (lossy) {
      return error(fmt::format("Cannot convert JSON value: {} to {} without loss of precision.",
                               json_excerpt(number.text), tensorflow_type_name(dtype_of<T>)));
    }
    return error(fmt::format("JSON Value: {} Type: Number is not of expected type: {}", json_excerpt(number.text),
                             tensorflow_type_name(dtype_of<T>)));
  }

  bool type_error(JsonScanner& scanner, char first) {
    std::string_view text;
    if (!scanner.skip_value(&text)) return false;
    return error(fmt::format("JSON Value: {} Type: {} is not of expected type: {}", json_excerpt(text),
                             json_type_name(first), tensorflow_type_name(dtype_of<T>)));
  }

  Elements<T> elements_;
  int64_t count_ = 0;
  std::array<int64_t, kMaxRank> sizes_{};
  int rank_ = -1;
};

}  // namespace

std::unique_ptr<TensorCollector> TensorCollector::create(DType dtype, int64_t expected) {
  if (dtype == DType::string) return std::make_unique<Collector<std::string>>(expected);
  return visit_dtype(dtype, [&]<typename T>(TypeTag<T>) -> std::unique_ptr<TensorCollector> {
    return std::make_unique<Collector<T>>(expected);
  });
}

std::string_view tensorflow_type_name(DType dtype) {
  switch (dtype) {
    case DType::f32: return "float";
    case DType::f64: return "double";
    case DType::f16: return "half";
    default: return dtype_name(dtype);
  }
}

std::string json_excerpt(std::string_view text) {
  constexpr size_t kMost = 256;
  if (text.size() <= kMost) return std::string(text);
  size_t size = kMost;
  while (size > kMost - 3 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;  // whole characters
  return std::string(text.substr(0, size)) + "...";
}

}  // namespace slipway
