// safetensors: header, bytes and their checksum.
#include "formats/safetensors.h"

#include <cstring>

#include <fmt/format.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/json.h"
#include "tensor/raw.h"

namespace slipway {

namespace {

struct TypeName {
  DType dtype;
  const char* name;
};

constexpr TypeName kTypes[] = {
    {DType::f32, "F32"}, {DType::f64, "F64"}, {DType::f16, "F16"},      {DType::bf16, "BF16"}, {DType::i64, "I64"},
    {DType::i32, "I32"}, {DType::i16, "I16"}, {DType::i8, "I8"},        {DType::u64, "U64"},   {DType::u32, "U32"},
    {DType::u16, "U16"}, {DType::u8, "U8"},   {DType::boolean, "BOOL"},
};

constexpr std::string_view kNoChecksum = "00000000";

const char* type_name(DType dtype) {
  for (const TypeName& row : kTypes) {
    if (row.dtype == dtype) return row.name;
  }
  return nullptr;
}

DType type_from(const std::string& name) {
  for (const TypeName& row : kTypes) {
    if (name == row.name) return row.dtype;
  }
  return DType::undefined;
}

Result<Tensor> read_tensor(const Json& entry, std::string_view bytes) {
  DType dtype = type_from(entry["dtype"].as_string());
  if (dtype == DType::undefined) return data_loss(fmt::format("unknown dtype \"{}\"", entry["dtype"].as_string()));
  Shape shape;
  for (const Json& size : entry["shape"].items()) shape.push_back(size.as_int(-1));
  uint64_t expected = static_cast<uint64_t>(TRY(checked_count(shape))) * size_of(dtype);
  const Json::Array& offsets = entry["data_offsets"].items();
  if (offsets.size() != 2) return data_loss("\"data_offsets\" must be two numbers");
  int64_t begin = offsets[0].as_int(-1), end = offsets[1].as_int(-1);
  if (begin < 0 || end < begin || static_cast<uint64_t>(end) > bytes.size() ||
      static_cast<uint64_t>(end - begin) != expected) {
    return data_loss(fmt::format("bytes [{}, {}) of {} do not hold its {} bytes", begin, end, bytes.size(), expected));
  }
  return tensor_from_raw(dtype, std::move(shape), bytes.substr(static_cast<size_t>(begin), expected));
}

// {"crc32c":"xxxxxxxx" as the writer spells it: where its digits begin in the file, or npos.
size_t checksum_place(std::string_view bytes, size_t header) {
  const std::string_view text = bytes.substr(0, sizeof(uint64_t) + header);
  const std::string member = fmt::format("\"{}\":\"", kChecksumKey);
  const size_t at = text.find(member);
  if (at == std::string_view::npos || at + member.size() + kNoChecksum.size() > text.size()) return text.npos;
  return at + member.size();
}

std::string checksum(std::string_view bytes, size_t place) {
  Crc32c crc;
  crc.update(bytes.substr(0, place));
  crc.update(kNoChecksum);
  crc.update(bytes.substr(place + kNoChecksum.size()));
  return fmt::format("{:08x}", crc.value());
}

Status check_bytes(std::string_view bytes, size_t header, const TensorFile& file, const std::string& where) {
  auto claimed = file.metadata.find(kChecksumKey);
  const size_t place = checksum_place(bytes, header);
  if (claimed == file.metadata.end() || place == std::string_view::npos) return {};
  const std::string found = checksum(bytes, place);
  if (found == claimed->second) return {};
  return data_loss(
      fmt::format("{}: the file is damaged: its bytes have CRC-32C {}, {} was written", where, found, claimed->second));
}

}  // namespace

Result<std::string> safetensors_bytes(const TensorFile& file) {
  Json metadata = Json::object({{kChecksumKey, kNoChecksum}});
  for (const auto& [key, value] : file.metadata) {
    if (key != kChecksumKey) metadata.set(key, value);
  }
  Json header = Json::object({{"__metadata__", metadata}});
  std::string body;
  for (const auto& [name, tensor] : file.tensors) {
    const char* type = type_name(tensor.dtype());
    if (type == nullptr)
      return unsupported(fmt::format("tensor \"{}\": safetensors cannot hold {}", name, dtype_name(tensor.dtype())));
    size_t begin = body.size();
    body.append(static_cast<const char*>(tensor.raw()), tensor.bytes());
    header.set(name, Json::object({{"dtype", type},
                                   {"shape", Json::array_of(tensor.shape())},
                                   {"data_offsets", Json::array({begin, body.size()})}}));
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  uint64_t length = text.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof(length));
  bytes += text + body;
  const size_t place = checksum_place(bytes, text.size());
  bytes.replace(place, kNoChecksum.size(), checksum(bytes, place));
  return bytes;
}

Status write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  return write_file_atomic(path, TRY(safetensors_bytes(file)));
}

Result<TensorFile> parse_safetensors(std::string_view bytes, const std::string& where) {
  uint64_t length = 0;
  if (bytes.size() >= sizeof(length)) std::memcpy(&length, bytes.data(), sizeof(length));
  if (bytes.size() < sizeof(length) || length > bytes.size() - sizeof(length)) {
    return data_loss(
        fmt::format("{}: a safetensors header of {} bytes does not fit the file's {}; it is cut short or "
                    "of another kind",
                    where, length, bytes.size()));
  }
  Result<Json> header = Json::parse(bytes.substr(sizeof(length), length));
  if (!header.ok()) return data_loss(fmt::format("{}: {}", where, header.status().message()));
  std::string_view body = bytes.substr(sizeof(length) + length);
  TensorFile file;
  for (const auto& [name, entry] : header->members()) {
    if (name == "__metadata__") {
      for (const auto& [key, value] : entry.members()) file.metadata[key] = value.as_string();
      continue;
    }
    Result<Tensor> tensor = read_tensor(entry, body);
    if (!tensor.ok()) {
      return data_loss(fmt::format("{}: tensor \"{}\": {}", where, name, tensor.status().message()));
    }
    file.tensors.emplace(name, *std::move(tensor));
  }
  RETURN_IF_ERROR(check_bytes(bytes, length, file, where));
  return file;
}

Result<TensorFile> read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(TRY(read_file(path)), path.string());
}

}  // namespace slipway
