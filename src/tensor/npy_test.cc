// .npy: bytes as NumPy writes them, round trips, refusals.
#include "tensor/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"

namespace slipway {
namespace {

using testing::HasSubstr;

// A version 1 file with the given dictionary, as NumPy pads it.
std::string npy(std::string header, const std::string& data) {
  header.append(64 - (10 + header.size() + 1) % 64, ' ');
  header += '\n';
  std::string out = "\x93NUMPY";
  out += {'\x01', '\x00', static_cast<char>(header.size()), '\x00'};
  return out + header + data;
}

TEST(Npy, WritesWhatNumpyWrites) {
  EXPECT_EQ(*npy_bytes(Tensor::of<uint8_t>({2, 3}, {1, 2, 3, 4, 5, 6})),
            npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", "\1\2\3\4\5\6"));
  EXPECT_EQ(*npy_bytes(Tensor::of<int16_t>({2}, {1, 258})),
            npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", std::string("\1\0\2\1", 4)));
  EXPECT_EQ(*npy_bytes(Tensor::scalar<uint8_t>(7)),
            npy("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", "\7"));
  EXPECT_EQ(npy_bytes(Tensor(DType::bf16, {1})).status().code(), Code::unimplemented);
}

TEST(Npy, EveryTypeComesBack) {
  TemporaryDirectory folder;
  for (DType dtype : {DType::f32, DType::f64, DType::f16, DType::u8, DType::i8, DType::u16, DType::i16, DType::u32,
                      DType::i32, DType::u64, DType::i64, DType::boolean}) {
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{5}, Shape{2, 3, 4}}) {
      Tensor tensor = Tensor(DType::f64, shape);
      Random random(3);
      for (double& x : tensor.mutable_data<double>()) x = static_cast<double>(random.below(100));
      tensor = tensor.cast(dtype);
      ASSERT_TRUE(save_npy(folder.path() / "x.npy", tensor).ok());
      Result<Tensor> back = load_npy(folder.path() / "x.npy");
      ASSERT_TRUE(back.ok()) << back.status().message();
      EXPECT_TRUE(identical(*back, tensor)) << to_string(tensor);
    }
  }
}

TEST(Npy, FortranOrderBecomesRowMajor) {
  std::string file = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "\1\4\2\5\3\6");
  Result<Tensor> tensor = parse_npy(file, "x");
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(to_string(*tensor), "uint8[2, 3] [[1, 2, 3], [4, 5, 6]]");
}

TEST(Npy, ReadsVersionTwoAndPythonTwo) {
  std::string header = "{'descr': '<u2', 'shape': (1L,), 'fortran_order': False}\n";
  std::string file =
      std::string("\x93NUMPY\2\0", 8) + static_cast<char>(header.size()) + std::string(3, '\0') + header + "\1\1";
  Result<Tensor> tensor = parse_npy(file, "x");
  ASSERT_TRUE(tensor.ok()) << tensor.status().message();
  EXPECT_EQ(to_string(*tensor), "uint16[1] [257]");
}

TEST(Npy, SaysWhatIsWrong) {
  const std::tuple<std::string, Code, const char*> table[] = {
      {"PK\3\4 something else", Code::invalid_argument, "x: offset 0: expected the magic \\x93NUMPY"},
      {"", Code::invalid_argument, "this is no .npy file"},
      {std::string("\x93NUMPY\x09\0\1\0{}", 12), Code::unimplemented, "version 1, 2 or 3, found 9"},
      {std::string("\x93NUMPY\1\0\xff\xff{}", 12), Code::invalid_argument, "expected a header of 65535 bytes, found 2"},
      {npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "abcd"), Code::unimplemented, "astype('<f4')"},
      {npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "abcd"), Code::unimplemented, "'|O'"},
      {npy("{'descr': [('a', '<f4')], 'shape': (1,), }", "abcd"), Code::unimplemented, "structured"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "abcd"), Code::invalid_argument,
       "expected 8 bytes for float32[2], found 4; the file is cut short"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "abcd"), Code::invalid_argument, "negative"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999,9999999999), }", ""), Code::invalid_argument,
       "too large"},
      {npy("{'descr': '<f4'}", "abcd"), Code::invalid_argument, "expected the keys descr and shape"},
      {npy("{'descr': '<f4", "abcd"), Code::unimplemented, "structured"},
  };
  for (const auto& [bytes, code, message] : table) {
    Status status = parse_npy(bytes, "x").status();
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
}

TEST(Npy, NoPrefixOfAFileIsRead) {
  std::string whole = *npy_bytes(Tensor::of<float>({2, 2}, {1, 2, 3, 4}));
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(parse_npy(whole.substr(0, n), "x").ok()) << n;
}

}  // namespace
}  // namespace slipway
