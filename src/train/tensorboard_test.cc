// Event files, byte for byte.
#include "train/tensorboard.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/file.h"

namespace slipway::train {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (int value : values) text += static_cast<char>(value);
  return text;
}

// Every event file that TensorFlow writes begins with these 12 bytes: the first event is 24 bytes long.
TEST(TensorBoard, TheFirstRecordHasTensorFlowsHeader) {
  std::string record = tfrecord(event_file_version(1.0));
  EXPECT_EQ(record.substr(0, 12), bytes({0x18, 0, 0, 0, 0, 0, 0, 0, 0xA3, 0x7F, 0x4B, 0x22}));
  // wall_time = 1: double 1.0; file_version = 3: 13 bytes.
  std::string event = bytes({0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x1A, 0x0D}) + "brain.Event:2";
  EXPECT_EQ(record.substr(12, 24), event);
  EXPECT_EQ(record.size(), 8u + 4 + 24 + 4);
}

TEST(TensorBoard, ScalarsAreSummaryValues) {
  std::pair<std::string, double> scalars[] = {{"loss", 0.5}, {"acc", 1}};
  std::string expected = bytes({0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F,  // wall_time = 1.0
                                0x10, 0xAC, 0x02,                    // step = 300
                                0x2A, 0x19,                          // summary of 25 bytes
                                0x0A, 0x0B, 0x0A, 0x04}) +
                         "loss" + bytes({0x15, 0, 0, 0, 0x3F, 0x0A, 0x0A, 0x0A, 0x03}) + "acc" +
                         bytes({0x15, 0, 0, 0x80, 0x3F});
  EXPECT_EQ(event_scalars(1.0, 300, scalars), expected);
}

TEST(TensorBoard, FilesAreRecordsBehindEachOther) {
  TemporaryDirectory folder;
  std::pair<std::string, double> scalars[] = {{"loss", 0.5}};
  {
    Result<EventFile> file = EventFile::create(folder.path() / "run", 1700000000.25);
    ASSERT_TRUE(file.ok()) << file.status().message();
    ASSERT_TRUE(file->add(1700000001, 1, scalars).ok());
  }
  Result<std::string> text = read_file(folder.path() / "run" / "events.out.tfevents.1700000000.slipway");
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_EQ(*text, tfrecord(event_file_version(1700000000.25)) + tfrecord(event_scalars(1700000001, 1, scalars)));
}

}  // namespace
}  // namespace slipway::train
