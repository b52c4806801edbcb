// TensorBoard event files: scalars by step, in TFRecord frames of Event messages.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace slipway::train {

// One TFRecord: length (8 bytes), its masked CRC-32C (4), the data, its masked CRC-32C (4), all little-endian
// (tensorflow/core/lib/io/record_writer.h). Masked: the CRC rotated right by 15 bits plus 0xA282EAD8.
std::string tfrecord(std::string_view data);

// Event messages in protobuf's encoding (tensorflow/core/util/event.proto): the one that opens a file, and scalars
// (Summary.Value with tag and simple_value).
std::string event_file_version(double wall_time);
std::string event_scalars(double wall_time, int64_t step, std::span<const std::pair<std::string, double>> scalars);

// Appends events to a new file events.out.tfevents.<seconds>.slipway in a folder. Not thread-safe.
class EventFile {
 public:
  // The folder is made where it is missing.
  static Result<EventFile> create(const std::filesystem::path& folder, double wall_time);
  // On disk when it returns.
  Status add(double wall_time, int64_t step, std::span<const std::pair<std::string, double>> scalars);

 private:
  EventFile(std::filesystem::path path, std::ofstream stream) : path_(std::move(path)), stream_(std::move(stream)) {}
  Status write(std::string_view bytes);

  std::filesystem::path path_;
  std::ofstream stream_;
};

}  // namespace slipway::train
