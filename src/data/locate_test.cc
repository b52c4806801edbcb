// The search order, downloads with their checksums (from file: URLs), and every kind of source.
#include "data/locate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/gzip.h"
#include "base/sha256.h"
#include "data/idx.h"
#include "data/source.h"
#include "tensor/npy.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

void write(const fs::path& path, const std::string& bytes) {
  CHECK(make_directories(path.parent_path()).ok() && write_file_atomic(path, bytes).ok(), "writing a test file");
}

// An MNIST of three images of 2 x 2 in each part.
void write_mnist(const fs::path& folder) {
  Tensor images = Tensor::of<uint8_t>({3, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255});
  Tensor labels = Tensor::of<uint8_t>({3}, {0, 9, 5});
  for (const char* part : {"train", "t10k"}) {
    write(folder / fmt::format("{}-images-idx3-ubyte.gz", part), gzip(idx_bytes(images)));
    write(folder / fmt::format("{}-labels-idx1-ubyte.gz", part), gzip(idx_bytes(labels)));
  }
}

// The four files under `host`, with the checksums they have there.
RemoteFolder remote_of(const fs::path& host) {
  RemoteFolder remote = mnist_download();
  remote.hosts = {"file://" + host.string() + "/"};
  for (RemoteFile& file : remote.files) file.sha256 = sha256_hex(*read_file(host / file.name));
  return remote;
}

TEST(Download, KeepsOnlyWhatHasTheRightChecksum) {
  TemporaryDirectory folder;
  fs::path host = folder.path() / "host", cache = folder.path() / "cache";
  write_mnist(host);
  RemoteFolder remote = remote_of(host);
  ASSERT_TRUE(download(remote, cache).ok());
  EXPECT_EQ(*read_file(cache / "t10k-labels-idx1-ubyte.gz"), *read_file(host / "t10k-labels-idx1-ubyte.gz"));

  write(cache / "t10k-labels-idx1-ubyte.gz", "damaged");
  ASSERT_TRUE(download(remote, cache).ok());
  EXPECT_EQ(*read_file(cache / "t10k-labels-idx1-ubyte.gz"), *read_file(host / "t10k-labels-idx1-ubyte.gz"));

  fs::remove(cache / "train-labels-idx1-ubyte.gz");
  write(host / "train-labels-idx1-ubyte.gz", "something else");
  Status status = download(remote, cache);
  EXPECT_EQ(status.code(), Code::data_loss);
  EXPECT_THAT(status.message(), HasSubstr("found " + sha256_hex("something else") + " (14 bytes)"));
  EXPECT_FALSE(fs::exists(cache / "train-labels-idx1-ubyte.gz"));
}

TEST(Download, TriesTheNextHostAndNamesThoseThatFailed) {
  TemporaryDirectory folder;
  write_mnist(folder.path() / "good");
  RemoteFolder remote = remote_of(folder.path() / "good");
  remote.hosts.insert(remote.hosts.begin(), "file://" + (folder.path() / "none").string() + "/");
  EXPECT_TRUE(download(remote, folder.path() / "cache").ok());
  remote.hosts.pop_back();
  Status status = download(remote, folder.path() / "other");
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_THAT(status.message(), HasSubstr("downloading train-images-idx3-ubyte.gz: file://"));
  EXPECT_THAT(status.message(), HasSubstr("or put the files into " + (folder.path() / "other").string() + " by hand"));
}

struct Search {
  TemporaryDirectory folder;
  Places places{
      .asked = "", .environment = "", .neighbour = at("neighbour"), .remote = std::nullopt, .cache = at("cache")};
  fs::path at(const char* name) { return folder.path() / name; }
};

TEST(Locate, LooksInOrder) {
  Search s;
  EXPECT_TRUE(locate_mnist(s.places)->folder.empty());
  write_mnist(s.at("host"));
  s.places.remote = remote_of(s.at("host"));
  EXPECT_EQ(locate_mnist(s.places)->folder, s.at("cache") / "mnist");
  write_mnist(s.at("neighbour") / "mnist");
  EXPECT_EQ(locate_mnist(s.places)->folder, s.at("neighbour") / "mnist");
  s.places.environment = s.at("environment");
  EXPECT_EQ(locate_mnist(s.places)->folder, s.at("neighbour") / "mnist");
  EXPECT_THAT(locate_mnist(s.places)->passed,
              ElementsAre("$SLIPWAY_DATA " + s.at("environment").string() + ": no MNIST there"));
  write_mnist(s.at("environment"));
  EXPECT_EQ(locate_mnist(s.places)->folder, s.at("environment"));
  s.places.asked = s.at("asked");
  EXPECT_THAT(locate_mnist(s.places).status().message(), HasSubstr("expected MNIST's four IDX files"));
  write_mnist(s.at("asked") / "mnist");
  EXPECT_EQ(locate_mnist(s.places)->folder, s.at("asked") / "mnist");
}

TEST(Locate, WithoutDataItGeneratesAndSaysWhy) {
  Search s;
  Result<DataPair> digits = load_digits(s.places);
  ASSERT_TRUE(digits.ok());
  EXPECT_THAT(digits->source, HasSubstr("generated digits"));
  EXPECT_THAT(digits->source, HasSubstr("neighbour: no MNIST there"));
  write_mnist(s.at("neighbour"));
  EXPECT_EQ(load_digits(s.places)->source, "MNIST in " + s.at("neighbour").string());
}

TEST(Source, KindsAreToldByThePath) {
  TemporaryDirectory folder;
  write_mnist(folder.path() / "digits");
  Result<DataPair> mnist = load_dataset({.path = folder.path() / "digits"});
  ASSERT_TRUE(mnist.ok()) << mnist.status().message();
  EXPECT_EQ(mnist->train.classes.size(), 10u);

  write(folder.path() / "t.csv.gz", gzip("a,b,y\n1,x,0\n2,y,1\n3,x,0\n4,y,1\n5,x,1\n"));
  Result<DataPair> csv = load_dataset({.path = folder.path() / "t.csv.gz", .test_fraction = 0.4});
  ASSERT_TRUE(csv.ok()) << csv.status().message();
  EXPECT_EQ(csv->train.size(), 3);
  EXPECT_EQ(csv->test.size(), 2);
  EXPECT_EQ(csv->train.features, csv->test.features);

  EXPECT_THAT(load_dataset({.path = folder.path() / "x.png"}).status().message(),
              HasSubstr("name the kind of the data"));
  EXPECT_THAT(load_dataset({.kind = "cvs"}).status().message(),
              HasSubstr("expected one of audio, auto, csv, digits, idx, images"));
  EXPECT_THAT(load_dataset({.kind = "csv"}).status().message(), HasSubstr("needs a path; it is empty"));
  EXPECT_EQ(load_dataset({.kind = "csv", .path = "/nonexistent.csv"}).status().code(), Code::not_found);
}

TEST(Source, NpyFoldersAndFiles) {
  TemporaryDirectory folder;
  Tensor x(DType::f64, {10, 2});
  write(folder.path() / "x.npy", *npy_bytes(x));
  write(folder.path() / "y.npy", *npy_bytes(Tensor::of<int32_t>({10, 1}, {0, 1, 2, 0, 1, 2, 0, 1, 2, 0})));
  Result<DataPair> pair = load_dataset({.path = folder.path()});
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->train.inputs.type(), (TensorType{DType::f32, {8, 2}}));
  EXPECT_EQ(pair->train.labels.type(), (TensorType{DType::i64, {8}}));
  EXPECT_EQ(pair->train.classes.size(), 3u);

  write(folder.path() / "t.npy", *npy_bytes(Tensor(DType::f32, {10, 3})));
  pair = load_dataset({.path = folder.path() / "x.npy", .labels = folder.path() / "t.npy"});
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->test.labels.type(), (TensorType{DType::f32, {2, 3}}));

  write(folder.path() / "short.npy", *npy_bytes(Tensor(DType::f32, {9, 3})));
  EXPECT_THAT(load_dataset({.path = folder.path() / "x.npy", .labels = folder.path() / "short.npy"}).status().message(),
              HasSubstr("expected one label for each of 10 examples, found labels of shape [9, 3]"));
}

TEST(Source, IdxPairsWithTestData) {
  TemporaryDirectory folder;
  write_mnist(folder.path());
  DataSource source{.path = folder.path() / "train-images-idx3-ubyte.gz",
                    .labels = folder.path() / "train-labels-idx1-ubyte.gz",
                    .test_path = folder.path() / "t10k-images-idx3-ubyte.gz",
                    .test_labels = folder.path() / "t10k-labels-idx1-ubyte.gz"};
  Result<DataPair> pair = load_dataset(source);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->test.size(), 3);
  EXPECT_EQ(pair->train.classes.size(), 10u);
  source.test_labels.clear();
  EXPECT_THAT(load_dataset(source).status().message(), HasSubstr("needs a path to the test labels"));
}

}  // namespace
}  // namespace slipway
