// Sources: kinds by name and by what a path is, arrays from .npz files, augmentation for images only.
#include "data/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

using testing::HasSubstr;

TEST(Source, AnUnknownKindComesWithTheNearest) {
  DataSource source{.kind = "image"};
  EXPECT_THAT(
      load_dataset(source).status().message(),
      testing::AllOf(HasSubstr("expected one of audio, auto, csv, digits, idx, images, interactions, mnist, npy, "
                               "npz, series, text, texts"),
                     HasSubstr("did you mean images?")));
  for (const std::string& kind : data_kinds()) {
    if (kind == "auto" || kind == "digits" || kind == "mnist") continue;
    EXPECT_EQ(load_dataset({.kind = kind}).status().code(), Code::invalid_argument) << kind << " without a path";
  }
}

TEST(Source, TheKindFollowsThePath) {
  TemporaryDirectory folder;
  auto write = [&](const char* name, const std::string& text) {
    EXPECT_TRUE(write_file_atomic(folder.path() / name, text).ok());
    return folder.path() / name;
  };
  DataSource source{.path = write("a.txt", "to be or not to be")};
  source.text.sequence_length = 2;
  Result<DataPair> text = load_dataset(source);
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_EQ(text->train.window, 2);
  source.path = write("a.inter", "user_id:token\titem_id:token\trating:float\n1\t1\t1\n2\t1\t1\n3\t1\t1\n4\t1\t1\n");
  EXPECT_EQ(load_dataset(source)->train.inputs.dim(1), 2);
  source.path = write("a.npz", "no archive");
  EXPECT_THAT(load_dataset(source).status().message(), HasSubstr("a.npz: zip: "));
  source.path = write("a.bin", "?");
  EXPECT_THAT(load_dataset(source).status().message(), HasSubstr("name the kind of the data"));
  source.path = folder.path();
  ASSERT_TRUE(make_directories(folder.path() / "one").ok());
  write("one/a.bmp", "BM");
  write("one/b.gif", "GIF");
  EXPECT_THAT(
      load_dataset(source).status().message(),
      HasSubstr("expected a folder per class with .jpg, .jpeg, .png, .wav or .txt files in it; found 1 of .bmp, 1 of "
                ".gif; convert them"));
  write("one/x.png", "");
  EXPECT_THAT(load_dataset(source).status().message(),
              HasSubstr("expected a folder for each of 2 or more classes, found 1"));
}

TEST(Source, AugmentationIsForImages) {
  DataSource source{.kind = "digits", .digits = {.train = 20, .test = 10}};
  source.augmentation.crop_padding = 2;
  Result<DataPair> pair = load_dataset(source);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_TRUE(pair->train.augmentation.any());
  EXPECT_FALSE(pair->test.augmentation.any());
  source.augmentation.crop_padding = 28;
  EXPECT_THAT(load_dataset(source).status().message(), HasSubstr("augment.crop_padding: expected 0 to 27 pixels"));
}

}  // namespace
}  // namespace slipway
