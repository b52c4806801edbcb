// Reading and writing IDX.
#include "data/idx.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "base/file.h"
#include "base/gzip.h"

namespace slipway {

namespace {

struct Element {
  uint8_t code;
  DType dtype;
};

constexpr Element kElements[] = {{0x08, DType::u8},  {0x09, DType::i8},  {0x0B, DType::i16},
                                 {0x0C, DType::i32}, {0x0D, DType::f32}, {0x0E, DType::f64}};

static_assert(std::endian::native == std::endian::little, "IDX elements are swapped for a little-endian machine");

constexpr std::string_view kMend = "fetch the file again or check that it is an IDX file";

// Copies `count` elements of `width` bytes with their bytes turned around.
void copy_swapped(const char* from, size_t count, size_t width, char* to) {
  if (width == 1) {
    if (count > 0) std::memcpy(to, from, count);
    return;
  }
  for (size_t i = 0; i < count * width; i += width) std::reverse_copy(from + i, from + i + width, to + i);
}

uint32_t big_endian_u32(const char* bytes) {
  uint32_t value;
  copy_swapped(bytes, 1, sizeof(value), reinterpret_cast<char*>(&value));
  return value;
}

Result<DType> element_type(std::string_view bytes, std::string_view where) {
  if (bytes.size() < 4) {
    return invalid(
        fmt::format("{}: offset 0: expected 4 bytes of IDX magic, found {}; {}", where, bytes.size(), kMend));
  }
  if (bytes[0] != 0 || bytes[1] != 0) {
    return invalid(fmt::format("{}: offset 0: expected the IDX magic 00 00, found {:02x} {:02x}; {}", where,
                               static_cast<uint8_t>(bytes[0]), static_cast<uint8_t>(bytes[1]), kMend));
  }
  auto code = static_cast<uint8_t>(bytes[2]);
  for (const Element& element : kElements) {
    if (element.code == code) return element.dtype;
  }
  return invalid(fmt::format("{}: offset 2: expected an element type 08, 09, 0b, 0c, 0d or 0e, found {:02x}; {}", where,
                             code, kMend));
}

}  // namespace

Result<Tensor> parse_idx(std::string_view bytes, std::string_view where) {
  DType dtype = TRY(element_type(bytes, where));
  size_t rank = static_cast<uint8_t>(bytes[3]);
  size_t header = 4 + 4 * rank;
  if (bytes.size() < header) {
    return invalid(fmt::format("{}: offset 4: expected {} bytes of sizes for rank {}, found {}; {}", where, 4 * rank,
                               rank, bytes.size() - 4, kMend));
  }
  Shape shape;
  for (size_t i = 0; i < rank; ++i) shape.push_back(big_endian_u32(bytes.data() + 4 + 4 * i));
  Result<int64_t> count = checked_count(shape);
  if (!count.ok()) {
    return invalid(fmt::format("{}: offset 4: {}; {}", where, count.status().message(), kMend));
  }
  size_t expected = static_cast<size_t>(*count) * size_of(dtype);
  size_t found = bytes.size() - header;
  if (found != expected) {
    return invalid(fmt::format("{}: offset {}: expected {} bytes of elements for {}, found {}; the file {}; {}", where,
                               header, expected, to_string(TensorType{dtype, shape}), found,
                               found < expected ? "is cut short" : "has more than its header says", kMend));
  }
  Tensor tensor(dtype, shape);
  copy_swapped(bytes.data() + header, static_cast<size_t>(*count), size_of(dtype),
               static_cast<char*>(tensor.mutable_raw()));
  return tensor;
}

std::string idx_bytes(const Tensor& tensor) {
  auto element = std::ranges::find(kElements, tensor.dtype(), &Element::dtype);
  CHECK(element != std::end(kElements), "a type that IDX cannot say");
  std::string out = {'\0', '\0', static_cast<char>(element->code), static_cast<char>(tensor.rank())};
  for (int64_t size : tensor.shape()) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  }
  size_t header = out.size();
  out.resize(header + tensor.bytes());
  copy_swapped(static_cast<const char*>(tensor.raw()), static_cast<size_t>(tensor.count()), size_of(tensor.dtype()),
               out.data() + header);
  return out;
}

Result<Tensor> load_idx(const std::filesystem::path& path) {
  std::string bytes = TRY(read_file(path));
  if (is_gzip(bytes)) bytes = TRY(gunzip(bytes, path.string()));
  return parse_idx(bytes, path.string());
}

}  // namespace slipway
