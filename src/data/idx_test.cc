// IDX: golden bytes, every type, refusals with offsets; the real MNIST where it is.
#include "data/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/gzip.h"
#include "data/mnist.h"
#include "support/places.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using namespace std::string_literals;

TEST(Idx, GoldenBytes) {
  std::string bytes = "\0\0\x08\x02\0\0\0\x02\0\0\0\x03\x01\x02\x03\x04\x05\x06"s;
  Result<Tensor> tensor = parse_idx(bytes, "x");
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(to_string(*tensor), "uint8[2, 3] [[1, 2, 3], [4, 5, 6]]");
  EXPECT_EQ(idx_bytes(*tensor), bytes);
  EXPECT_EQ(to_string(*parse_idx("\0\0\x0b\x01\0\0\0\x02\x01\x00\xff\xfe"s, "x")), "int16[2] [256, -2]");
  EXPECT_EQ(to_string(*parse_idx("\0\0\x0d\x00\x3f\x80\0\0"s, "x")), "float32[] 1");
}

TEST(Idx, EveryTypeComesBack) {
  for (DType dtype : {DType::u8, DType::i8, DType::i16, DType::i32, DType::f32, DType::f64}) {
    Tensor tensor = Tensor::of<int32_t>({2, 2}, {1, 2, 100, 101}).cast(dtype);
    Result<Tensor> back = parse_idx(idx_bytes(tensor), "x");
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_TRUE(identical(*back, tensor)) << dtype_name(dtype);
  }
}

TEST(Idx, SaysOffsetExpectedFoundAndHowToMend) {
  const std::pair<std::string, const char*> table[] = {
      {"", "f: offset 0: expected 4 bytes of IDX magic, found 0; fetch the file again or check that it is an IDX file"},
      {"PNG\x0d", "offset 0: expected the IDX magic 00 00, found 50 4e"},
      {"\0\0\x0a\x01\0\0\0\x01x"s, "offset 2: expected an element type 08, 09, 0b, 0c, 0d or 0e, found 0a"},
      {"\0\0\x08\x03\0\0\0\x01"s, "offset 4: expected 12 bytes of sizes for rank 3, found 4"},
      {"\0\0\x08\x01\0\0\0\x05"
       "abc"s,
       "offset 8: expected 5 bytes of elements for uint8[5], found 3; the file is cut short"},
      {"\0\0\x08\x01\0\0\0\x01"
       "abc"s,
       "expected 1 bytes of elements for uint8[1], found 3; the file has more than"},
      {"\0\0\x08\x01\xff\xff\xff\xff"
       "abc"s,
       "expected 4294967295 bytes"},
      {"\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s, "too large"},
      {"\0\0\x0e\xff"s, "expected 1020 bytes of sizes for rank 255, found 0"},
  };
  for (const auto& [bytes, message] : table) {
    Status status = parse_idx(bytes, "f").status();
    EXPECT_EQ(status.code(), Code::invalid_argument);
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
}

// A small MNIST: 3 training and 2 test images of 2 x 2.
struct Folder {
  TemporaryDirectory folder;
  void write(const std::string& name, const Tensor& tensor, bool packed = false) {
    std::string bytes = idx_bytes(tensor);
    CHECK(write_file_atomic(folder.path() / name, packed ? gzip(bytes) : bytes).ok(), "writing a test file");
  }
  Folder() {
    write("train-images-idx3-ubyte.gz", Tensor::of<uint8_t>({3, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255}), true);
    write("train-labels-idx1-ubyte", Tensor::of<uint8_t>({3}, {0, 9, 5}));
    write("t10k-images.idx3-ubyte", Tensor::of<uint8_t>({2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7}));
    write("t10k-labels-idx1-ubyte.gz", Tensor::of<uint8_t>({2}, {1, 2}), true);
  }
};

TEST(Mnist, ReadsPackedAndPlainFiles) {
  Folder f;
  EXPECT_TRUE(has_mnist(f.folder.path()));
  Result<DataPair> pair = load_mnist(f.folder.path());
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->train.size(), 3);
  EXPECT_EQ(pair->test.size(), 2);
  EXPECT_EQ(to_string(pair->train.labels), "int64[3] [0, 9, 5]");
  EXPECT_EQ(pair->train.scaling.scale[0], 1.f / 255);
  EXPECT_EQ(pair->train.classes.size(), 10u);
  EXPECT_EQ(pair->source, "MNIST in " + f.folder.path().string());
}

TEST(Mnist, NamesTheFileThatIsMissingOrOdd) {
  Folder f;
  f.write("train-labels-idx1-ubyte", Tensor::of<uint8_t>({2}, {0, 9}));
  EXPECT_THAT(load_mnist(f.folder.path()).status().message(), HasSubstr("expected one label for each of 3 examples"));
  f.write("train-labels-idx1-ubyte", Tensor::of<uint8_t>({3}, {0, 10, 1}));
  EXPECT_THAT(load_mnist(f.folder.path()).status().message(),
              HasSubstr("label of example 1: expected a class from 0 to 9"));
  f.write("train-labels-idx1-ubyte", Tensor::of<uint8_t>({3, 1}, {0, 1, 1}));
  EXPECT_THAT(load_mnist(f.folder.path()).status().message(), HasSubstr("are images and labels exchanged?"));
  f.write("train-labels-idx1-ubyte", Tensor::of<uint8_t>({3}, {0, 1, 1}));
  f.write("train-images-idx3-ubyte", Tensor(DType::u8, {3, 5, 5}));
  EXPECT_THAT(load_mnist(f.folder.path()).status().message(),
              HasSubstr("found [5, 5] for training and [2, 2] for testing"));
  f.write("train-images-idx3-ubyte", Tensor(DType::u8, {0, 5, 5}));
  EXPECT_THAT(load_mnist(f.folder.path()).status().message(), HasSubstr("MNIST train: expected at least one example"));
  fs::remove(f.folder.path() / "t10k-labels-idx1-ubyte.gz");
  EXPECT_FALSE(has_mnist(f.folder.path()));
}

TEST(Mnist, ReadsTheRealFiles) {
  fs::path folder = data_folder() / "mnist";
  if (!has_mnist(folder)) GTEST_SKIP() << "no MNIST in " << folder << "; set SLIPWAY_DATA";
  Result<DataPair> pair = load_mnist(folder);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->train.inputs.shape(), (Shape{60000, 28, 28}));
  EXPECT_EQ(pair->test.inputs.shape(), (Shape{10000, 28, 28}));
  std::vector<int> counts(10);
  for (int64_t label : pair->train.labels.data<int64_t>()) ++counts[static_cast<size_t>(label)];
  EXPECT_EQ(counts, (std::vector<int>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  double sum = 0;
  for (uint8_t pixel : pair->train.inputs.data<uint8_t>()) sum += pixel;
  EXPECT_NEAR(sum / 255 / (60000.0 * 784), 0.1307, 0.0001);
}

}  // namespace
}  // namespace slipway
