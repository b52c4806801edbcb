// Writing event files.
#include "train/tensorboard.h"

#include <bit>

#include <fmt/format.h>

#include "base/crc32c.h"
#include "base/file.h"

namespace slipway::train {

namespace {

template <typename T>
void append_little_endian(std::string& to, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) to += static_cast<char>((value >> (8 * i)) & 0xFF);
}

uint32_t masked_crc(std::string_view bytes) {
  uint32_t crc = crc32c(bytes);
  return std::rotr(crc, 15) + 0xA282EAD8u;
}

// Protobuf: a key is (field number << 3) | wire type.
constexpr uint64_t kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

void append_varint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}
void append_double(std::string& to, uint64_t field, double value) {
  append_varint(to, field << 3 | kFixed64);
  append_little_endian(to, std::bit_cast<uint64_t>(value));
}
void append_float(std::string& to, uint64_t field, float value) {
  append_varint(to, field << 3 | kFixed32);
  append_little_endian(to, std::bit_cast<uint32_t>(value));
}
void append_integer(std::string& to, uint64_t field, int64_t value) {
  append_varint(to, field << 3 | kVarint);
  append_varint(to, static_cast<uint64_t>(value));
}
void append_bytes(std::string& to, uint64_t field, std::string_view bytes) {
  append_varint(to, field << 3 | kBytes);
  append_varint(to, bytes.size());
  to += bytes;
}

}  // namespace

std::string tfrecord(std::string_view data) {
  std::string record;
  append_little_endian(record, static_cast<uint64_t>(data.size()));
  append_little_endian(record, masked_crc(record));
  record += data;
  append_little_endian(record, masked_crc(data));
  return record;
}

// Event: wall_time = 1, step = 2, file_version = 3, summary = 5.
std::string event_file_version(double wall_time) {
  std::string event;
  append_double(event, 1, wall_time);
  append_bytes(event, 3, "brain.Event:2");
  return event;
}

// Summary: value = 1; Summary.Value: tag = 1, simple_value = 2.
std::string event_scalars(double wall_time, int64_t step, std::span<const std::pair<std::string, double>> scalars) {
  std::string summary;
  for (const auto& [tag, number] : scalars) {
    std::string value;
    append_bytes(value, 1, tag);
    append_float(value, 2, static_cast<float>(number));
    append_bytes(summary, 1, value);
  }
  std::string event;
  append_double(event, 1, wall_time);
  append_integer(event, 2, step);
  append_bytes(event, 5, summary);
  return event;
}

Result<EventFile> EventFile::create(const std::filesystem::path& folder, double wall_time) {
  RETURN_IF_ERROR(make_directories(folder));
  std::filesystem::path path = folder / fmt::format("events.out.tfevents.{:.0f}.slipway", wall_time);
  std::ofstream stream(path, std::ios::binary | std::ios::app);
  EventFile file(std::move(path), std::move(stream));
  RETURN_IF_ERROR(file.write(tfrecord(event_file_version(wall_time))));
  return file;
}

Status EventFile::add(double wall_time, int64_t step, std::span<const std::pair<std::string, double>> scalars) {
  return write(tfrecord(event_scalars(wall_time, step, scalars)));
}

Status EventFile::write(std::string_view bytes) {
  stream_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream_.flush();
  if (stream_.good()) return {};
  return unavailable(fmt::format("{}: cannot be written; check the folder's permissions and space", path_.string()));
}

}  // namespace slipway::train
