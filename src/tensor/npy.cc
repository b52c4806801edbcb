// Reading and writing .npy: a magic, a Python dictionary literal, raw elements.
#include "tensor/npy.h"

#include <charconv>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "base/file.h"
#include "tensor/raw.h"

namespace slipway {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kHighestRank = 32;

struct Spelling {
  DType dtype;
  std::string_view code;  // without the byte order
};

constexpr Spelling kSpellings[] = {
    {DType::f32, "f4"}, {DType::f64, "f8"}, {DType::f16, "f2"}, {DType::u8, "u1"},
    {DType::i8, "i1"},  {DType::u16, "u2"}, {DType::i16, "i2"}, {DType::u32, "u4"},
    {DType::i32, "i4"}, {DType::u64, "u8"}, {DType::i64, "i8"}, {DType::boolean, "b1"},
};

// What the dictionary says.
struct Header {
  DType dtype = DType::undefined;
  bool fortran = false;
  Shape shape;
};

// Reads the dictionary from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool take(std::string_view token) {
    skip_blanks();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  std::optional<std::string_view> quoted() {
    skip_blanks();
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) return std::nullopt;
    size_t end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::optional<int64_t> integer() {
    skip_blanks();
    int64_t value = 0;
    auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }
  std::string excerpt() const { return std::string(rest_.substr(0, 30)); }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
  std::string_view rest_;
};

Result<DType> dtype_from_descr(std::string_view descr) {
  if (descr.size() > 1 && descr[0] == '>') {
    return unsupported(
        fmt::format("big-endian elements '{}'; save the array with astype('<{}')", descr, descr.substr(1)));
  }
  std::string_view code = descr;
  if (!code.empty() && std::string_view("<|=").find(code[0]) != std::string_view::npos) code.remove_prefix(1);
  for (const Spelling& spelling : kSpellings) {
    if (spelling.code == code) return spelling.dtype;
  }
  return unsupported(fmt::format("element type '{}'; numbers and booleans can be read", descr));
}

Result<Shape> scan_shape(Scanner& scanner) {
  Shape shape;
  if (!scanner.take("(")) return invalid("expected '(' at \"" + scanner.excerpt() + "\"");
  while (!scanner.take(")")) {
    std::optional<int64_t> size = scanner.integer();
    if (!size) return invalid("expected a shape at \"" + scanner.excerpt() + "\"");
    shape.push_back(*size);
    if (shape.size() > kHighestRank) return invalid(fmt::format("more than {} dimensions", kHighestRank));
    scanner.take("L");  // Python 2 wrote long integers so
    if (scanner.take(",")) continue;
    if (!scanner.take(")")) return invalid("expected ')' at \"" + scanner.excerpt() + "\"");
    break;
  }
  RETURN_IF_ERROR(checked_count(shape).status());
  return shape;
}

Result<Header> scan_header(std::string_view text) {
  Scanner scanner(text);
  Header header;
  bool has_shape = false;
  if (!scanner.take("{")) return invalid("expected '{' at \"" + scanner.excerpt() + "\"");
  while (!scanner.take("}")) {
    std::optional<std::string_view> key = scanner.quoted();
    if (!key || !scanner.take(":")) return invalid("expected a key at \"" + scanner.excerpt() + "\"");
    if (*key == "descr") {
      std::optional<std::string_view> descr = scanner.quoted();
      if (!descr) return unsupported("a structured array; numbers and booleans can be read");
      header.dtype = TRY(dtype_from_descr(*descr));
    } else if (*key == "fortran_order") {
      header.fortran = scanner.take("True");
      if (!header.fortran && !scanner.take("False")) return invalid("fortran_order: expected True or False");
    } else if (*key == "shape") {
      header.shape = TRY(scan_shape(scanner));
      has_shape = true;
    } else {
      return invalid(fmt::format("key '{}': expected descr, fortran_order or shape", *key));
    }
    scanner.take(",");
  }
  if (header.dtype == DType::undefined || !has_shape) return invalid("expected the keys descr and shape");
  return header;
}

// Elements whose first index runs fastest, put into row-major order.
Tensor from_fortran(const Header& header, std::string_view data) {
  Tensor first_fastest = tensor_from_raw(header.dtype, header.shape, data);
  const auto* from = static_cast<const char*>(first_fastest.raw());
  Tensor tensor(header.dtype, header.shape);
  size_t width = size_of(header.dtype);
  auto* to = static_cast<char*>(tensor.mutable_raw());
  Shape index(header.shape.size(), 0);
  Shape strides = row_major_strides(header.shape);
  int64_t at = 0;
  for (int64_t i = 0, n = tensor.count(); i < n; ++i) {
    std::memcpy(to + static_cast<size_t>(at) * width, from + static_cast<size_t>(i) * width, width);
    for (size_t axis = 0; axis < index.size(); ++axis) {
      at += strides[axis];
      if (++index[axis] < header.shape[axis]) break;
      at -= strides[axis] * index[axis];
      index[axis] = 0;
    }
  }
  return tensor;
}

}  // namespace

Result<Tensor> parse_npy(std::string_view bytes, std::string_view where) {
  auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  if (!bytes.starts_with(kMagic) || bytes.size() < 12) {
    return invalid(
        fmt::format("{}: offset 0: expected the magic \\x93NUMPY, found {} other bytes; this is no .npy file: save the "
                    "array with numpy.save",
                    where, bytes.size()));
  }
  size_t version = byte(6);
  if (version < 1 || version > 3) {
    return unsupported(fmt::format("{}: offset 6: expected .npy version 1, 2 or 3, found {}", where, version));
  }
  size_t begin = version == 1 ? 10 : 12;
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > bytes.size() - begin) {
    return invalid(fmt::format("{}: offset {}: expected a header of {} bytes, found {}; the file is cut short", where,
                               begin, length, bytes.size() - begin));
  }
  Result<Header> header = scan_header(bytes.substr(begin, length));
  if (!header.ok()) {
    return Status(header.status().code(),
                  fmt::format("{}: .npy header: {}; save it again with numpy.save", where, header.status().message()));
  }
  std::string_view data = bytes.substr(begin + length);
  size_t expected = TensorType{header->dtype, header->shape}.bytes();
  if (data.size() != expected) {
    return invalid(fmt::format("{}: offset {}: expected {} bytes for {}, found {}; the file is {}", where,
                               begin + length, expected, to_string(TensorType{header->dtype, header->shape}),
                               data.size(), data.size() < expected ? "cut short" : "damaged"));
  }
  if (header->fortran && header->shape.size() > 1) return from_fortran(*header, data);
  return tensor_from_raw(header->dtype, std::move(header->shape), data);
}

Result<std::string> npy_bytes(const Tensor& tensor) {
  const Spelling* spelling = nullptr;
  for (const Spelling& candidate : kSpellings) {
    if (candidate.dtype == tensor.dtype()) spelling = &candidate;
  }
  if (spelling == nullptr) {
    return unsupported(
        fmt::format(".npy has no element type {}; cast the tensor to float32 first", dtype_name(tensor.dtype())));
  }
  std::string shape;
  for (int64_t size : tensor.shape()) shape += fmt::format("{}, ", size);
  if (tensor.rank() > 1) shape.resize(shape.size() - 2);
  if (tensor.rank() == 1) shape.pop_back();
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                   size_of(spelling->dtype) == 1 ? '|' : '<', spelling->code, shape);
  header.append(64 - (kMagic.size() + 4 + header.size() + 1) % 64, ' ');
  header += '\n';
  std::string out(kMagic);
  out += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  out += header;
  return out.append(static_cast<const char*>(tensor.raw()), tensor.bytes());
}

Result<Tensor> load_npy(const std::filesystem::path& path) {
  std::string bytes = TRY(read_file(path));
  return parse_npy(bytes, path.string());
}

Status save_npy(const std::filesystem::path& path, const Tensor& tensor) {
  return write_file_atomic(path, TRY(npy_bytes(tensor)));
}

}  // namespace slipway
