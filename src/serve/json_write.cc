// Tensors as JSON text: numbers, strings, nesting (declared in serve/json_tensor.h).
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "serve/json_tensor.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

constexpr size_t kLongestNumber = 40;

// printf's %g layout for the shortest digits: scientific below 1e-4 and from 10^precision on.
template <typename T>
char* write_real(char* to, T x) {
  if (!std::isfinite(x)) {
    const char* name = std::isnan(x) ? "NaN" : x < 0 ? "-Infinity" : "Infinity";
    size_t size = std::strlen(name);
    std::memcpy(to, name, size);
    return to + size;
  }
  if (x == 0) {
    std::memcpy(to, "-0.0", 4);
    if (std::signbit(x)) return to + 4;
    std::memcpy(to, "0.0", 3);
    return to + 3;
  }
  char scientific[kLongestNumber];
  char* end = std::to_chars(scientific, scientific + sizeof(scientific), x, std::chars_format::scientific).ptr;
  const char* p = scientific;
  if (*p == '-') *to++ = *p++;
  char digits[20];
  int count = 0;
  for (; *p != 'e'; ++p) {
    if (*p != '.') digits[count++] = *p;
  }
  int exponent = 0;
  std::from_chars(p[1] == '+' ? p + 2 : p + 1, end, exponent);
  constexpr int kShort = std::numeric_limits<T>::digits10;
  int precision = count <= kShort ? kShort : std::numeric_limits<T>::max_digits10;
  if (exponent < -4 || exponent >= precision) {
    *to++ = digits[0];
    if (count > 1) *to++ = '.';
    to = std::copy(digits + 1, digits + count, to);
    return std::copy(p, static_cast<const char*>(end), to);
  }
  if (exponent < 0) {
    *to++ = '0';
    *to++ = '.';
    for (int i = -1; i > exponent; --i) *to++ = '0';
    return std::copy(digits, digits + count, to);
  }
  for (int i = 0; i <= exponent; ++i) *to++ = i < count ? digits[i] : '0';
  *to++ = '.';
  if (count <= exponent + 1) {
    *to++ = '0';
    return to;
  }
  return std::copy(digits + exponent + 1, digits + count, to);
}

template <typename T>
void append_real(std::string& out, T x) {
  char buffer[kLongestNumber];
  out.append(buffer, write_real(buffer, x));
}

template <typename T>
char* write_element(char* to, T x) {
  if constexpr (std::is_same_v<T, bool>) {
    const char* name = x ? "true" : "false";
    size_t size = std::strlen(name);
    std::memcpy(to, name, size);
    return to + size;
  } else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return write_real(to, to_float(x));
  } else if constexpr (std::is_floating_point_v<T>) {
    return write_real(to, x);
  } else {
    return std::to_chars(to, to + kLongestNumber, x).ptr;
  }
}

void append_string_element(std::string& out, const std::string& text, bool base64) {
  if (!base64) return append_json_string(out, text);
  out += "{\"b64\":\"";
  out += base64_encode(text);
  out += "\"}";
}

// How a tensor is written.
struct Writer {
  std::string& out;
  const Tensor& tensor;
  const bool base64;
  const uint64_t limit;

  bool full() const { return out.size() > limit; }

  void elements(int64_t begin, int64_t count) {
    if (tensor.dtype() == DType::string) {
      for (int64_t i = begin; i < begin + count && !full(); ++i) {
        if (i > begin) out += ',';
        append_string_element(out, tensor.data<std::string>()[static_cast<size_t>(i)], base64);
      }
      return;
    }
    visit_dtype(tensor.dtype(), [&]<typename T>(TypeTag<T>) {
      const T* x = static_cast<const T*>(tensor.raw());
      char buffer[kLongestNumber];
      for (int64_t i = begin; i < begin + count; ++i) {
        char* to = buffer;
        if (i > begin) *to++ = ',';
        out.append(buffer, write_element(to, x[i]));
        if ((i & 1023) == 0 && full()) return;
      }
    });
  }

  void list(int64_t begin, int64_t count) {
    out += '[';
    elements(begin, count);
    out += ']';
  }

  // The elements from `begin` on, nested by the dimensions from `axis` on; returns the next element.
  int64_t nested(size_t axis, int64_t begin) {
    size_t rank = tensor.shape().size();
    if (axis >= rank) {
      elements(begin, 1);
      return begin + 1;
    }
    int64_t size = tensor.shape()[axis];
    if (axis + 1 == rank) {
      list(begin, size);
      return begin + size;
    }
    out += '[';
    for (int64_t i = 0; i < size && !full(); ++i) {
      if (i > 0) out += ',';
      begin = nested(axis + 1, begin);
    }
    out += ']';
    return begin;
  }
};

}  // namespace

void append_json_number(std::string& out, float x) { append_real(out, x); }
void append_json_number(std::string& out, double x) { append_real(out, x); }

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  bool ascii = true;
  for (char c : text) ascii &= static_cast<unsigned char>(c) < 0x80;
  if (!ascii && invalid_utf8(text)) return append_json_string(out, repaired_utf8(text));
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20) {
      out += c;
    } else if (size_t i = std::string_view("\b\f\n\r\t").find(c); i != std::string_view::npos) {
      out += '\\';
      out += "bfnrt"[i];
    } else {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  out += '"';
}

Status answer_too_large(uint64_t limit) {
  return invalid(
      fmt::format("the answer is larger than the limit of {} bytes; ask for fewer rows or outputs at a time, or start "
                  "the server with a larger --answer-limit",
                  limit));
}

void append_json_row(std::string& out, const Tensor& tensor, int64_t row, bool base64, uint64_t limit) {
  int64_t width = tensor.dim(0) == 0 ? 0 : tensor.count() / tensor.dim(0);
  Writer{out, tensor, base64, limit}.nested(1, row * width);
}

void append_json_tensor(std::string& out, const Tensor& tensor, bool base64, uint64_t limit) {
  Writer{out, tensor, base64, limit}.nested(0, 0);
}

void append_json_flat(std::string& out, const Tensor& tensor, uint64_t limit) {
  Writer{out, tensor, false, limit}.list(0, tensor.count());
}

}  // namespace slipway
