// Bad data through `slipway train`: IDX, CSV and NumPy files that are cut off, wrong, empty or do not belong together.
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "data/idx.h"
#include "support/bad_input.h"
#include "support/folder_test.h"
#include "tensor/npy.h"

namespace slipway {
namespace {

class BadData : public FolderTest {
 protected:
  // Trains on the data that `keys` of [data] say; it must be refused.
  void expect_data_refused(const std::string& keys, const std::vector<std::string>& says, int exit = 2) {
    std::string recipe = put("r.toml", fmt::format("[data]\n{}\n[model]\nlayers = [{{ type = \"Flatten\" }}, {{ type = "
                                                   "\"Dense\", units = 3, activation = \"softmax\" }}]\n[train]\n"
                                                   "epochs = 1\n",
                                                   keys));
    expect_refused({{"train", recipe, "-o", path("m.onnx")}, exit, says});
    EXPECT_FALSE(std::filesystem::exists(path("m.onnx"))) << keys;
  }
};

TEST_F(BadData, Csv) {
  struct Row {
    std::string text;
    std::vector<std::string> says;
  };
  std::string many = "a,b\n";
  for (int i = 0; i < 40; ++i) many += fmt::format("{},{}\n", i == 17 ? "seven" : fmt::format("{}.5", i), i % 2);
  const Row rows[] = {
      {"", {"d.csv: expected rows of data, found none", "check the path"}},
      {"a,b,c\n", {"d.csv: expected rows of data below the header, found none"}},
      {"a,b,c\n1,2,x\n3,4,y\n5,6\n", {"d.csv: line 4: expected 3 cells", "found 2", "quote cells"}},
      {"a,b,c\n1,2,x\n3,4,y,9\n5,6,x\n", {"d.csv: line 3: expected 3 cells", "found 4"}},
      {many, {"d.csv: line 19: column \"a\": expected a number", "found \"seven\"", "columns.a = \"category\""}},
      {"a,c\n1,x\n2,y\n3,x\ninf,y\n5,x\n6,y\n7,x\n", {"d.csv: line 5: column \"a\"", "number", "found \"inf\""}},
      {"a,c\n1,x\n2,y\n3,x\n1e999,y\n5,x\n6,y\n", {"d.csv: line 5: column \"a\"", "number", "found \"1e999\""}},
      {"a,c\n1,x\n2,y\n3,x\n4,\n5,x\n6,y\n",
       {"d.csv: line 5: target \"c\" says nothing in 1 of 6 rows", "leave these rows out"}},
      {"a,a,c\n1,2,x\n", {"d.csv: two columns are named \"a\"; rename one"}},
      {"a,b,c\n1,2,\"x\n", {"d.csv: line 2: a quote is opened and never closed", "close or double it"}},
      {"a,b,c\n1,2,x\n", {"d.csv: holding out 0.2 of 1 examples", "give more data"}},
      {"a,c\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n", {"target \"c\": expected at least 2 classes, found 1"}},
      {"a\n1\n2\n3\n4\n5\n6\n7\n", {"expected columns beside the target \"a\", found none"}},
      {std::string(5000, '\0'), {"d.csv"}},
  };
  for (const Row& row : rows) {
    put("d.csv", row.text);
    expect_data_refused("path = \"d.csv\"", row.says);
  }
}

TEST_F(BadData, CsvColumnsAndParts) {
  put("d.csv", "a,b,c\n1,2,x\n3,4,y\n5,6,x\n1,2,x\n3,4,y\n5,6,x\n");
  put("other.csv", "a,b,d\n1,2,x\n");
  expect_data_refused("path = \"d.csv\"\ntarget = \"z\"", {"d.csv", "no column \"z\"", "it has a, b, c"});
  expect_data_refused("path = \"d.csv\"\ndrop = [\"q\"]", {"d.csv", "no column \"q\"", "it has a, b, c"});
  expect_data_refused("path = \"d.csv\"\ntest_fraction = 1.5", {"expected a fraction between 0 and 1", "found 1.5"});
  expect_data_refused("path = \"d.csv\"\ntest_fraction = nan", {"r.toml:3: data.test_fraction", "finite", "found nan"});
  expect_data_refused("path = \"d.csv\"\ntest_path = \"other.csv\"", {"other.csv", "the columns a, b, c", "a, b, d"});
  expect_data_refused("path = \"d.csv\"\ntest_path = \"no.csv\"", {"no.csv", "No such file", "check the path"}, 3);
  expect_data_refused("kind = \"csv\"", {"\"csv\" needs a path", "empty"});
  expect_data_refused("path = \"d.xls\"",
                      {"d.xls", "expected a folder, .csv, .tsv, .inter, .npy, .npz, .txt or IDX file"});
}

// An IDX file of bytes with these declared sizes and `bytes` zeros.
std::string idx(std::string_view magic, const std::vector<uint32_t>& sizes, size_t bytes) {
  std::string out(magic);
  for (uint32_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  }
  return out + std::string(bytes, '\0');
}

TEST_F(BadData, Idx) {
  using namespace std::string_view_literals;
  put("im.idx3", idx("\0\0\x08\x03"sv, {10, 4, 4}, 160));
  put("la.idx1", idx("\0\0\x08\x01"sv, {10}, 10));
  put("nine.idx1", idx("\0\0\x08\x01"sv, {9}, 9));
  std::string far = idx("\0\0\x08\x01"sv, {10}, 10);
  far.back() = static_cast<char>(200);
  put("far.idx1", far);
  struct Row {
    std::string images;
    const char* labels;
    std::vector<std::string> says;
    int exit = 2;
  };
  const Row rows[] = {
      {idx("\0\0\x08\x03"sv, {10, 4, 4}, 160), "nine.idx1", {"one label for each of 10", "[9]", "belong together"}},
      {idx("\0\0\x08\x03"sv, {10, 4, 4}, 160), "far.idx1", {"201 classes", "check the labels"}},
      {idx("\0\0\x08\x03"sv, {10, 4, 4}, 100),
       "la.idx1",
       {"x.idx3: offset 16: expected 160 bytes", "found 100", "cut"}},
      {idx("\0\0\x08\x03"sv, {10, 4, 4}, 161), "la.idx1", {"expected 160 bytes", "found 161", "more than its header"}},
      {idx("PK\x08\x03"sv, {10, 4, 4}, 160), "la.idx1", {"x.idx3: offset 0", "magic 00 00", "found 50 4b", "fetch"}},
      {idx("\0\0\x44\x03"sv, {10, 4, 4}, 160), "la.idx1", {"x.idx3: offset 2", "element type", "found 44"}},
      {idx("\0\0\x08\x03"sv, {0xffffffff, 0xffffffff, 0xffffffff}, 9), "la.idx1", {"x.idx3: offset 4", "too large"}},
      {idx("\0\0\x08\x03"sv, {0x7fffffff, 1000, 1}, 9), "la.idx1", {"expected 2147483647000 bytes", "found 9"}},
      {idx("\0\0\x08\xff"sv, {1, 1}, 0), "la.idx1", {"x.idx3: offset 4: expected 1020 bytes of sizes", "found 8"}},
      {idx("\0\0\x08\x03"sv, {0, 4, 4}, 0), "la.idx1", {"x.idx3: expected at least one example", "[0, 4, 4]"}},
      {"", "la.idx1", {"x.idx3: offset 0: expected 4 bytes", "found 0"}},
      {idx("\0\0\x08\x03"sv, {10, 4, 4}, 160), "none.idx1", {"none.idx1", "No such file", "check the path"}, 3},
  };
  for (const Row& row : rows) {
    put("x.idx3", row.images);
    expect_data_refused(fmt::format("kind = \"idx\"\npath = \"x.idx3\"\nlabels = \"{}\"", row.labels), row.says,
                        row.exit);
  }
  expect_data_refused("kind = \"idx\"\npath = \"im.idx3\"", {"\"idx\" needs a path to the labels"});
}

// A .npy file with this header text and `bytes` zeros.
std::string npy(std::string header, size_t bytes) {
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  return out + header + std::string(bytes, '\0');
}

std::string npy_header(std::string_view type, std::string_view shape) {
  return fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type, shape);
}

TEST_F(BadData, Npy) {
  Tensor x(DType::f32, {10, 4});
  ASSERT_TRUE(save_npy(path("good.npy"), x).ok());
  x.mutable_data<float>()[37] = std::numeric_limits<float>::quiet_NaN();
  ASSERT_TRUE(save_npy(path("nan.npy"), x).ok());
  ASSERT_TRUE(save_npy(path("y.npy"), Tensor(DType::i64, {10})).ok());
  ASSERT_TRUE(save_npy(path("nine.npy"), Tensor(DType::i64, {9})).ok());
  Tensor negative(DType::i64, {10});
  negative.mutable_data<int64_t>()[4] = -1;
  ASSERT_TRUE(save_npy(path("negative.npy"), negative).ok());
  put("object.npy", npy(npy_header("|O", "(10,)"), 80));
  put("short.npy", npy(npy_header("<f4", "(10, 4)"), 100));
  put("huge.npy", npy(npy_header("<f4", "(10000000000, 10000000000, 10000)"), 100));
  put("below.npy", npy(npy_header("<f4", "(-1, 4)"), 100));
  put("none.npy", npy(npy_header("<f4", "(0, 4)"), 0));
  put("scalar.npy", npy(npy_header("<f4", "()"), 4));
  put("header.npy", npy("{'descr': '<f4', 'fortran_order'", 160));
  put("magic.npy", "\x93NUMPX\x01 and so on");
  put("cut.npy", std::string("\x93NUMPY\x01\x00\xff\xff{'de", 14));
  put("empty.npy", "");
  struct Row {
    const char* x;
    const char* y;
    std::vector<std::string> says;
    int exit = 2;
  };
  const Row rows[] = {
      {"good", "nine", {"good.npy: expected one label for each of 10 examples", "[9]", "belong together"}},
      {"good", "negative", {"label of example 4", "found -1"}},
      {"good", "good", {"4 label value(s) per example", "check the last layer"}},
      {"good", "object", {"object.npy: .npy header: element type '|O'", "numbers and booleans", "numpy.save"}, 5},
      {"nan", "y", {"nan.npy: input of example 9, element 1: expected a finite number, found nan", "clean or drop"}},
      {"short", "y", {"short.npy: offset", "expected 160 bytes", "found 100", "cut short"}},
      {"huge", "y", {"huge.npy", "too large"}},
      {"below", "y", {"below.npy", "[-1, 4] has a negative size"}},
      {"none", "y", {"none.npy: expected at least one example", "[0, 4]"}},
      {"scalar", "y", {"scalar.npy: expected at least one example"}},
      {"header", "y", {"header.npy: .npy header", "expected", "numpy.save"}},
      {"magic", "y", {"magic.npy: offset 0: expected the magic", "numpy.save"}},
      {"cut", "y", {"cut.npy: offset 10: expected a header of 65535 bytes, found 4", "cut short"}},
      {"empty", "y", {"empty.npy: offset 0", "found 0 other bytes"}},
      {"good", "missing", {"missing.npy", "No such file", "check the path"}, 3},
  };
  for (const Row& row : rows) {
    expect_data_refused(fmt::format("kind = \"npy\"\npath = \"{}.npy\"\nlabels = \"{}.npy\"", row.x, row.y), row.says,
                        row.exit);
  }
}

}  // namespace
}  // namespace slipway
