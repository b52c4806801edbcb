// Reading WAV and changing the sample rate.
#include "decode/wav.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <optional>

#include <fmt/format.h>

namespace slipway {

namespace {

constexpr uint16_t kPcm = 1, kFloat = 3, kExtensible = 0xFFFE;
// From here on a size says that it was not known when it was written: ffmpeg, sox and arecord do so into a pipe.
constexpr size_t kUnknownSize = 0x7FFFF000;

uint64_t wide_little_endian(std::string_view bytes, size_t at, size_t width) {
  uint64_t value = 0;
  for (size_t i = 0; i < width; ++i) value |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

uint32_t little_endian(std::string_view bytes, size_t at, size_t width) {
  return static_cast<uint32_t>(wide_little_endian(bytes, at, width));
}

struct Format {
  uint32_t code = 0;
  uint32_t channels = 0;
  uint32_t rate = 0;
  uint32_t bits = 0;
};

Result<Format> read_format(std::string_view chunk, std::string_view where, size_t offset) {
  if (chunk.size() < 16) {
    return invalid(fmt::format("{}: offset {}: expected 16 bytes of format, found {}", where, offset, chunk.size()));
  }
  Format format{little_endian(chunk, 0, 2), little_endian(chunk, 2, 2), little_endian(chunk, 4, 4),
                little_endian(chunk, 14, 2)};
  if (format.code == kExtensible && chunk.size() >= 26) format.code = little_endian(chunk, 24, 2);
  bool pcm = format.code == kPcm && (format.bits == 8 || format.bits == 16 || format.bits == 24 || format.bits == 32);
  if (!pcm && !(format.code == kFloat && (format.bits == 32 || format.bits == 64))) {
    return unsupported(fmt::format(
        "{}: offset {}: expected PCM of 8, 16, 24 or 32 bits or float of 32 or 64, found format {} of {} bits; "
        "convert the file",
        where, offset, format.code, format.bits));
  }
  if (format.channels == 0 || format.rate == 0) {
    return invalid(fmt::format("{}: offset {}: expected channels and a sample rate, found {} and {}", where, offset,
                               format.channels, format.rate));
  }
  return format;
}

float sample_at(std::string_view bytes, size_t at, const Format& format) {
  if (format.bits == 64) return static_cast<float>(std::bit_cast<double>(wide_little_endian(bytes, at, 8)));
  uint32_t raw = little_endian(bytes, at, format.bits / 8);
  if (format.code == kFloat) return std::bit_cast<float>(raw);
  if (format.bits == 8) return (static_cast<float>(raw) - 128) / 128;
  auto shifted = static_cast<int32_t>(raw << (32 - format.bits));
  return static_cast<float>(static_cast<double>(shifted) / 2147483648.0);
}

Result<Wave> read_samples(std::string_view data, const Format& format, std::string_view where, size_t offset) {
  size_t width = format.bits / 8, frame = width * format.channels;
  Wave wave{.rate = format.rate, .samples = std::vector<float>(data.size() / frame)};
  for (size_t i = 0; i < wave.samples.size(); ++i) {
    float sum = 0;
    for (size_t c = 0; c < format.channels; ++c) sum += sample_at(data, i * frame + c * width, format);
    wave.samples[i] = sum / static_cast<float>(format.channels);
    if (std::isfinite(wave.samples[i])) continue;
    return invalid(fmt::format("{}: offset {}: sample {}: expected a finite number, found {}; the file is damaged",
                               where, offset, i, wave.samples[i]));
  }
  return wave;
}

}  // namespace

Result<Wave> parse_wav(std::string_view bytes, std::string_view where) {
  if (bytes.size() < 12 || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WAVE") {
    return invalid(fmt::format("{}: offset 0: expected a RIFF WAVE file, found {} other bytes; convert or remove it",
                               where, bytes.size()));
  }
  std::optional<Format> format;
  for (size_t at = 12; bytes.size() - at >= 8;) {
    std::string_view name = bytes.substr(at, 4);
    size_t size = little_endian(bytes, at + 4, 4);
    at += 8;
    if (name == "data" && size >= kUnknownSize) size = std::min(size, bytes.size() - at);
    if (size > bytes.size() - at) {
      return invalid(fmt::format("{}: offset {}: expected {} bytes of \"{}\", found {}; the file is cut short", where,
                                 at, size, name == "data" || name == "fmt " ? name : "another part",
                                 bytes.size() - at));
    }
    if (name == "fmt ") format = TRY(read_format(bytes.substr(at, size), where, at));
    if (name == "data") {
      if (!format) return invalid(fmt::format("{}: offset {}: samples before their format", where, at));
      return read_samples(bytes.substr(at, size), *format, where, at);
    }
    at = std::min(bytes.size(), at + size + size % 2);
  }
  return invalid(fmt::format("{}: offset {}: expected samples, found none", where, bytes.size()));
}

std::vector<float> resampled(std::span<const float> samples, int64_t from, int64_t to, size_t most) {
  if (from == to) return {samples.begin(), samples.begin() + static_cast<ptrdiff_t>(std::min(most, samples.size()))};
  double ratio = static_cast<double>(to) / static_cast<double>(from);
  double cutoff = std::min(1.0, ratio);
  double half = 16 / cutoff;
  double length = std::ceil(static_cast<double>(samples.size()) * ratio);
  std::vector<float> out(length < static_cast<double>(most) ? static_cast<size_t>(length) : most);
  auto last = static_cast<int64_t>(samples.size()) - 1;
  for (size_t n = 0; n < out.size(); ++n) {
    double t = static_cast<double>(n) / ratio;
    auto begin = std::max<int64_t>(0, std::llround(std::ceil(t - half)));
    auto end = std::min<int64_t>(last, std::llround(std::floor(t + half)));
    double sum = 0;
    for (int64_t k = begin; k <= end; ++k) {
      double distance = t - static_cast<double>(k);
      double angle = std::numbers::pi * cutoff * distance;
      double sinc = angle == 0 ? 1 : std::sin(angle) / angle;
      double window = 0.5 + 0.5 * std::cos(std::numbers::pi * distance / half);
      sum += static_cast<double>(samples[static_cast<size_t>(k)]) * cutoff * sinc * window;
    }
    out[n] = static_cast<float>(sum);
  }
  return out;
}

Result<std::vector<float>> wav_samples(std::string_view bytes, std::string_view where, int64_t rate, int64_t length) {
  Wave wave = TRY(parse_wav(bytes, where));
  if (wave.samples.empty()) return invalid(std::string(where) + ": expected samples, found none");
  std::vector<float> samples = resampled(wave.samples, wave.rate, rate, static_cast<size_t>(length));
  samples.resize(static_cast<size_t>(length));
  return samples;
}

}  // namespace slipway
