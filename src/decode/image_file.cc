// Decoding through libjpeg and libpng; neither is let write to stderr or end the program.
#include "decode/image_file.h"

#include <csetjmp>
#include <cstdio>

#include <fmt/format.h>
#include <jpeglib.h>
#include <png.h>

namespace slipway {

namespace {

constexpr int64_t kMostPixels = int64_t{1} << 26;

Status damaged(std::string_view where, std::string_view what) {
  return data_loss(fmt::format("{}: {}; the file is damaged, replace or remove it", where, what));
}

Status check_size(int64_t width, int64_t height, std::string_view where) {
  if (width > 0 && height > 0 && width <= kMostPixels / height) return {};
  return exhausted(fmt::format("{}: expected an image of at most {} pixels, found {} x {}; make it smaller", where,
                               kMostPixels, width, height));
}

// Decoding state that outlives a longjmp out of libjpeg.
struct JpegReader {
  jpeg_decompress_struct decoder{};
  jpeg_error_mgr errors{};
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void on_jpeg_error(j_common_ptr common) {
  auto* reader = static_cast<JpegReader*>(common->client_data);
  common->err->format_message(common, reader->message);
  std::longjmp(reader->escape, 1);
}

// A warning stands for bytes that had to be guessed: the first is kept.
void on_jpeg_message(j_common_ptr common, int level) {
  if (level >= 0) return;
  auto* reader = static_cast<JpegReader*>(common->client_data);
  if (common->err->num_warnings++ == 0) common->err->format_message(common, reader->message);
}

// Cyan, magenta, yellow and black, as for print.
bool has_four_inks(const jpeg_decompress_struct& decoder) {
  return decoder.jpeg_color_space == JCS_CMYK || decoder.jpeg_color_space == JCS_YCCK;
}

// Red, green and blue in place of four inks, as Pillow has them: (255 - ink) (255 - black) / 255. Adobe's files hold
// what is left of the light, not the ink. Pixels are read and written from the first on, which is safe in place.
void inks_to_light(bool adobe, std::vector<uint8_t>& pixels) {
  const size_t n = pixels.size() / 4;
  for (size_t i = 0; i < n; ++i) {
    uint8_t light[4];
    for (size_t c = 0; c < 4; ++c) light[c] = adobe ? pixels[4 * i + c] : static_cast<uint8_t>(255 - pixels[4 * i + c]);
    for (size_t c = 0; c < 3; ++c) pixels[3 * i + c] = static_cast<uint8_t>((light[c] * light[3] + 127) / 255);
  }
  pixels.resize(3 * n);
}

// No object with a destructor lives in the functions that longjmp leaves.
bool read_jpeg_header(JpegReader& reader, std::string_view bytes) {
  if (setjmp(reader.escape) != 0) return false;
  jpeg_create_decompress(&reader.decoder);
  jpeg_mem_src(&reader.decoder, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&reader.decoder, TRUE);
  reader.decoder.out_color_space = has_four_inks(reader.decoder) ? JCS_CMYK : JCS_RGB;
  return true;
}

bool read_jpeg_pixels(JpegReader& reader, uint8_t* pixels, size_t row_bytes) {
  if (setjmp(reader.escape) != 0) return false;
  jpeg_start_decompress(&reader.decoder);
  while (reader.decoder.output_scanline < reader.decoder.output_height) {
    JSAMPROW row = pixels + reader.decoder.output_scanline * row_bytes;
    jpeg_read_scanlines(&reader.decoder, &row, 1);
  }
  jpeg_finish_decompress(&reader.decoder);
  return true;
}

Result<Image> decode_jpeg(std::string_view bytes, std::string_view where) {
  JpegReader reader;
  reader.decoder.err = jpeg_std_error(&reader.errors);
  reader.decoder.client_data = &reader;
  reader.errors.error_exit = on_jpeg_error;
  reader.errors.emit_message = on_jpeg_message;
  struct Closer {
    JpegReader& reader;
    ~Closer() { jpeg_destroy_decompress(&reader.decoder); }
  } closer{reader};
  if (!read_jpeg_header(reader, bytes)) return damaged(where, reader.message);
  Image image{.width = reader.decoder.image_width, .height = reader.decoder.image_height, .pixels = {}};
  RETURN_IF_ERROR(check_size(image.width, image.height, where));
  const bool four_inks = has_four_inks(reader.decoder);
  auto row_bytes = static_cast<size_t>(image.width * (four_inks ? 4 : 3));
  image.pixels.resize(row_bytes * static_cast<size_t>(image.height));
  bool whole = read_jpeg_pixels(reader, image.pixels.data(), row_bytes);
  if (!whole || reader.errors.num_warnings > 0) return damaged(where, reader.message);
  if (four_inks) inks_to_light(reader.decoder.saw_Adobe_marker != 0, image.pixels);
  return image;
}

Result<Image> decode_png(std::string_view bytes, std::string_view where) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  struct Closer {
    png_image& png;
    ~Closer() { png_image_free(&png); }
  } closer{png};
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size())) return damaged(where, png.message);
  RETURN_IF_ERROR(check_size(png.width, png.height, where));
  png.format = PNG_FORMAT_RGB;
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  Image image{.width = png.width, .height = png.height, .pixels = {}};
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  png_color black{};
  if (!png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr)) return damaged(where, png.message);
  return image;
}

}  // namespace

Result<Image> decode_image(std::string_view bytes, std::string_view where) {
  if (bytes.starts_with("\xFF\xD8\xFF")) return decode_jpeg(bytes, where);
  if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return decode_png(bytes, where);
  return invalid(fmt::format("{}: offset 0: expected a JPEG or PNG file, found {} other bytes; convert or remove it",
                             where, bytes.size()));
}

Image to_gray(const Image& image) {
  CHECK(image.channels == 3, "gray is made of three channels");
  Image gray{.width = image.width, .height = image.height, .channels = 1, .pixels = {}};
  gray.pixels.resize(image.pixels.size() / 3);
  for (size_t i = 0; i < gray.pixels.size(); ++i) {
    const uint8_t* p = image.pixels.data() + 3 * i;
    // In 1/65536, as 0.299, 0.587 and 0.114; they add up to one, so that gray stays what it is.
    gray.pixels[i] = static_cast<uint8_t>((p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 32768u) >> 16);
  }
  return gray;
}

}  // namespace slipway
