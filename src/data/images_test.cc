// Images: decoding, resizing, folders of classes, broken files.
#include "data/images.h"

#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>

#include "base/file.h"
#include "decode/image_file.h"
#include "decode/image_resize.h"
#include "support/pictures.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// Every pixel with these components; `space`: what they are. libjpeg marks four inks as Adobe's.
std::string plain_jpeg(uint32_t side, J_COLOR_SPACE space, const std::vector<uint8_t>& pixel) {
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &memory, &size);
  encoder.image_width = encoder.image_height = side;
  encoder.input_components = static_cast<int>(pixel.size());
  encoder.in_color_space = space;
  jpeg_set_defaults(&encoder);
  jpeg_start_compress(&encoder, TRUE);
  std::vector<uint8_t> row;
  for (uint32_t i = 0; i < side; ++i) row.insert(row.end(), pixel.begin(), pixel.end());
  JSAMPROW rows = row.data();
  while (encoder.next_scanline < encoder.image_height) jpeg_write_scanlines(&encoder, &rows, 1);
  jpeg_finish_compress(&encoder);
  std::string bytes(reinterpret_cast<char*>(memory), size);
  jpeg_destroy_compress(&encoder);
  std::free(memory);
  return bytes;
}

std::string gray_jpeg(uint32_t side, uint8_t level) { return plain_jpeg(side, JCS_GRAYSCALE, {level}); }

TEST(ImageFile, PngPixelsAreExact) {
  std::string bytes = png_bytes(2, 1, PNG_FORMAT_RGB, {255, 0, 10, 1, 2, 3});
  Result<Image> image = decode_image(bytes, "a.png");
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image->width, 2);
  EXPECT_EQ(image->height, 1);
  EXPECT_THAT(image->pixels, ElementsAre(255, 0, 10, 1, 2, 3));
  // 0.299 * 255 + 0.114 * 10 = 77.4; 0.299 + 1.174 + 0.342 = 1.8
  EXPECT_THAT(to_gray(*image).pixels, ElementsAre(77, 2));
  std::string clear = png_bytes(1, 1, PNG_FORMAT_RGBA, {200, 100, 50, 0});
  EXPECT_THAT(decode_image(clear, "a.png")->pixels, ElementsAre(0, 0, 0)) << "transparent lies on black";
}

TEST(ImageFile, GrayJpegHasThreeEqualChannels) {
  Result<Image> image = decode_image(gray_jpeg(8, 130), "a.jpg");
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_THAT(image->pixels, testing::Each(testing::AllOf(testing::Ge(129), testing::Le(131))));
  EXPECT_EQ(image->pixels.size(), 8u * 8 * 3);
}

// Adobe's files hold 255 - ink: no cyan, half magenta, all yellow, a fifth black is (204, 102, 0).
TEST(ImageFile, CmykBecomesLight) {
  Result<Image> image = decode_image(plain_jpeg(8, JCS_CMYK, {255, 128, 0, 204}), "a.jpg");
  ASSERT_TRUE(image.ok()) << image.status().message();
  ASSERT_EQ(image->pixels.size(), 8u * 8 * 3);
  for (size_t i = 0; i < image->pixels.size(); i += 3) {
    EXPECT_NEAR(image->pixels[i], 204, 2);
    EXPECT_NEAR(image->pixels[i + 1], 102, 2);
    EXPECT_NEAR(image->pixels[i + 2], 0, 2);
  }
}

TEST(ImageFile, PalettesAreLookedUp) {
  std::string bytes = png_bytes(2, 1, PNG_FORMAT_RGB_COLORMAP, {1, 0}, {10, 20, 30, 200, 100, 50});
  EXPECT_THAT(decode_image(bytes, "a.png")->pixels, ElementsAre(200, 100, 50, 10, 20, 30));
}

TEST(ImageFile, SaysWhatIsWrong) {
  EXPECT_THAT(decode_image("GIF89a", "a.gif").status().message(),
              HasSubstr("a.gif: offset 0: expected a JPEG or PNG file"));
  std::string png = png_bytes(20, 20, PNG_FORMAT_GRAY, std::vector<uint8_t>(400, 7));
  std::string jpeg = gray_jpeg(64, 90);
  for (const std::string& whole : {png, jpeg}) {
    for (size_t length = 8; length < whole.size(); length += 5) {
      Result<Image> image = decode_image(whole.substr(0, length), "cut");
      // The last bytes of a file say only that it ends.
      EXPECT_TRUE(!image.ok() || length >= whole.size() - 16) << length << " of " << whole.size();
    }
  }
  EXPECT_THAT(decode_image(jpeg.substr(0, jpeg.size() / 2), "b.jpg").status().message(),
              HasSubstr("the file is damaged, replace or remove it"));
  std::string huge = gray_jpeg(8, 1);
  size_t frame = huge.find("\xFF\xC0");
  huge.replace(frame + 5, 4, std::string("\xFF\0\xFF\0", 4));
  EXPECT_THAT(decode_image(huge, "c.jpg").status().message(),
              HasSubstr("at most 67108864 pixels, found 65280 x 65280"));
}

std::vector<uint8_t> resized(const Image& image, int64_t height, int64_t width) {
  std::vector<uint8_t> to(static_cast<size_t>(image.channels * height * width));
  resize_into(image, height, width, to);
  return to;
}

TEST(ImageResize, WeightsOfPillowsBilinear) {
  Image row{.width = 4, .height = 1, .channels = 1, .pixels = {0, 0, 255, 255}};
  // Weights 3/7, 3/7, 1/7 over the first three: 255 / 7 = 36.4.
  EXPECT_THAT(resized(row, 1, 2), ElementsAre(36, 219));
  Image two{.width = 2, .height = 1, .channels = 1, .pixels = {0, 100}};
  EXPECT_THAT(resized(two, 1, 4), ElementsAre(0, 25, 75, 100));
  Image column{.width = 1, .height = 2, .channels = 1, .pixels = {0, 100}};
  EXPECT_THAT(resized(column, 4, 1), ElementsAre(0, 25, 75, 100));
  Image colors{.width = 1, .height = 2, .channels = 3, .pixels = {1, 2, 3, 4, 5, 6}};
  EXPECT_THAT(resized(colors, 2, 1), ElementsAre(1, 4, 2, 5, 3, 6)) << "channels come first";
}

class ImageFolder : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) {
    fs::path path = folder_.path() / name;
    ASSERT_TRUE(make_directories(path.parent_path()).ok());
    ASSERT_TRUE(write_file_atomic(path, bytes).ok());
  }
  void write_level(const std::string& name, uint8_t level) {
    write(name, png_bytes(3, 3, PNG_FORMAT_GRAY, std::vector<uint8_t>(9, level)));
  }
  Result<DataPair> load(const ImageOptions& options, const fs::path& test = {}) {
    return load_images(folder_.path(), test, 0.5, 1, options);
  }
  TemporaryDirectory folder_;
};

TEST_F(ImageFolder, AClassPerFolderInOrderOfNames) {
  for (uint8_t i = 0; i < 4; ++i) {
    write_level("train/dog/" + std::to_string(i) + ".png", static_cast<uint8_t>(100 + i));
    write("train/cat/" + std::to_string(i) + ".JPG", gray_jpeg(16, static_cast<uint8_t>(10 * i)));
  }
  write_level("test/dog/x.png", 200);
  write("train/dog/notes.txt", "no image");
  Result<DataPair> pair = load({.height = 2, .width = 1, .gray = true});
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(pair->train.classes, ElementsAre("cat", "dog"));
  EXPECT_EQ(pair->train.inputs.shape(), (Shape{8, 1, 2, 1}));
  EXPECT_EQ(to_string(pair->train.labels), "int64[8] [0, 0, 0, 0, 1, 1, 1, 1]");
  EXPECT_EQ(pair->train.inputs.data<uint8_t>()[14], 103);
  EXPECT_EQ(to_string(pair->test.labels), "int64[1] [1]");
  EXPECT_EQ(pair->train.scaling.scale[0], 1.f / 255);
  EXPECT_THAT(raw_inputs(pair->train.preparation->front)[0].words, HasSubstr("gray"));
  EXPECT_THAT(pair->understood["skipped"].dump(), HasSubstr(R"("why":"ending in .txt","files":1,"first":)"));
}

TEST_F(ImageFolder, BrokenFilesAreRefusedOrSkipped) {
  for (uint8_t i = 0; i < 4; ++i) {
    write_level("a/" + std::to_string(i) + ".png", i);
    write_level("b/" + std::to_string(i) + ".png", static_cast<uint8_t>(50 + i));
  }
  write("a/1x.png", "broken");
  EXPECT_THAT(load({}).status().message(),
              testing::AllOf(HasSubstr("a/1x.png: offset 0"), HasSubstr("or set broken = \"skip\"")));
  Result<DataPair> pair = load({.height = 1, .width = 1, .gray = true, .broken = BrokenFiles::skip});
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->train.size() + pair->test.size(), 8);
  EXPECT_THAT(pair->understood["skipped"].dump(), HasSubstr(R"("why":"broken","files":1,"first":)"));
  for (const Dataset* part : {&pair->train, &pair->test}) {
    for (size_t i = 0; i < static_cast<size_t>(part->size()); ++i) {
      EXPECT_EQ(part->inputs.data<uint8_t>()[i] >= 50, part->labels.data<int64_t>()[i] == 1)
          << "labels stay with images";
    }
  }
}

TEST_F(ImageFolder, SaysWhatIsWrong) {
  EXPECT_THAT(load({}).status().message(), HasSubstr("expected a folder for each of 2 or more classes, found 0"));
  write_level("a/1.png", 1);
  ASSERT_TRUE(make_directories(folder_.path() / "b").ok());
  EXPECT_THAT(load({}).status().message(), HasSubstr("b: expected files ending in .jpg, .jpeg, .png, found none"));
  write("b/1.bmp", "BM");
  write("b/2.BMP", "BM");
  write("b/3.webp", "RIFF");
  EXPECT_THAT(load({}).status().message(),
              HasSubstr("b: expected files ending in .jpg, .jpeg, .png, found 2 ending in .bmp, 1 ending in .webp; "
                        "convert them or remove the folder"));
  EXPECT_THAT(load({.height = 0}).status().message(), HasSubstr("size: expected 1 to 8192 pixels a side, found 0"));
  EXPECT_THAT(load_images(folder_.path() / "none", {}, 0.5, 1, {}).status().message(),
              HasSubstr("expected a folder with a folder per class"));
  write_level("b/1.png", 1);
  TemporaryDirectory other;
  ASSERT_TRUE(make_directories(other.path() / "z").ok());
  EXPECT_THAT(load({}, other.path()).status().message(), HasSubstr("z: expected one of the training classes a, b"));
}

}  // namespace
}  // namespace slipway
