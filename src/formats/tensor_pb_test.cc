// TensorProto in every spelling of its contents, and broken ones.
#include "formats/tensor_pb.h"

#include <fstream>

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "base/file.h"
#include "base/random.h"
#include "tensor/visit.h"

namespace slipway {
namespace {

onnx::TensorProto proto(int type, std::vector<int64_t> dims) {
  onnx::TensorProto p;
  p.set_name("w");
  p.set_data_type(type);
  for (int64_t d : dims) p.add_dims(d);
  return p;
}

std::string text(const onnx::TensorProto& p) {
  Result<Tensor> tensor = tensor_from_proto(p, {});
  return tensor.ok() ? to_string(*tensor) : tensor.status().to_string();
}

TEST(TensorPb, RoundTripsEveryType) {
  for (int type = 1; type <= 16; ++type) {
    if (type == 14 || type == 15) continue;
    DType dtype = dtype_from_onnx(type).value();
    Tensor tensor = dtype == DType::string ? Tensor::of<std::string>({2, 2}, {"a", "", "c d", "e"})
                                           : Tensor::of<double>({2, 2}, {0, 1, 1, 0}).cast(dtype);
    Result<Tensor> back = read_tensor_pb(write_tensor_pb(tensor, "x"));
    ASSERT_TRUE(back.ok()) << back.status().to_string();
    EXPECT_TRUE(identical(*back, tensor)) << dtype_name(dtype);
  }
}

TEST(TensorPb, ReadsTypedFields) {
  onnx::TensorProto p = proto(onnx::TensorProto::FLOAT, {2});
  p.add_float_data(1.5f);
  p.add_float_data(-2);
  EXPECT_EQ(text(p), "float32[2] [1.5, -2]");
  p = proto(onnx::TensorProto::INT8, {2});
  p.add_int32_data(-3);
  p.add_int32_data(4);
  EXPECT_EQ(text(p), "int8[2] [-3, 4]");
  p = proto(onnx::TensorProto::FLOAT16, {1});
  p.add_int32_data(0x3C00);
  EXPECT_EQ(text(p), "float16[1] [1]");
  p = proto(onnx::TensorProto::BFLOAT16, {1});
  p.add_int32_data(0x3F80);
  EXPECT_EQ(text(p), "bfloat16[1] [1]");
  p = proto(onnx::TensorProto::BOOL, {2});
  p.add_int32_data(0);
  p.add_int32_data(7);
  EXPECT_EQ(text(p), "bool[2] [false, true]");
  p = proto(onnx::TensorProto::UINT32, {1});
  p.add_uint64_data(4294967295u);
  EXPECT_EQ(text(p), "uint32[1] [4294967295]");
  p = proto(onnx::TensorProto::INT64, {});
  p.add_int64_data(-9);
  EXPECT_EQ(text(p), "int64[] -9");
}

// Two or four elements to a byte, the first in the lowest bits, in raw bytes and in int32_data.
TEST(TensorPb, UnpacksTypesOfFewerThanEightBits) {
  constexpr int kUint4 = 21, kInt4 = 22, kUint2 = 25, kInt2 = 26;
  onnx::TensorProto p = proto(kInt4, {3});
  p.set_raw_data("\xF7\x08");
  EXPECT_EQ(text(p), "int8[3] [7, -1, -8]");
  p.set_data_type(kUint4);
  EXPECT_EQ(text(p), "uint8[3] [7, 15, 8]");
  p = proto(kUint2, {5});
  p.set_raw_data("\xE4\x01");
  EXPECT_EQ(text(p), "uint8[5] [0, 1, 2, 3, 1]");
  p.set_data_type(kInt2);
  EXPECT_EQ(text(p), "int8[5] [0, 1, -2, -1, 1]");
  p = proto(kInt4, {2, 2});
  p.add_int32_data(0x21);
  p.add_int32_data(0xF3);
  EXPECT_EQ(text(p), "int8[2, 2] [[1, 2], [3, -1]]");
  p.add_int32_data(0);
  EXPECT_EQ(text(p), "DATA_LOSS: tensor \"w\": INT4[2, 2] takes 2 bytes, found 3; the file is damaged or was cut off");
  p = proto(kUint4, {0});
  p.set_raw_data("");
  EXPECT_EQ(text(p), "uint8[0] []");
}

TEST(TensorPb, RefusesWhatItCannotHold) {
  EXPECT_EQ(
      text(proto(17, {4})),
      "UNIMPLEMENTED: tensor \"w\": element type FLOAT8E4M3FN has no arithmetic here; convert the model to float32, "
      "float16, bfloat16 or int8 first");
  EXPECT_EQ(text(proto(onnx::TensorProto::FLOAT, {-1})),
            "INVALID_ARGUMENT: tensor \"w\": shape [-1] has a negative size");
  EXPECT_EQ(text(proto(onnx::TensorProto::FLOAT, {1 << 30, 1 << 30})),
            "INVALID_ARGUMENT: tensor \"w\": shape [1073741824, 1073741824] is too large");
  EXPECT_EQ(
      text(proto(onnx::TensorProto::FLOAT, {1 << 20, 1 << 20})),
      "DATA_LOSS: tensor \"w\": its shape holds 1099511627776 elements, but float_data has 0; the file is damaged");
  onnx::TensorProto p = proto(onnx::TensorProto::FLOAT, {2});
  p.set_raw_data("1234567");
  EXPECT_EQ(text(p), "DATA_LOSS: tensor \"w\": float32[2] takes 8 bytes, found 7; the file is damaged or was cut off");
  EXPECT_EQ(read_tensor_pb("\x0a").status().code(), Code::data_loss);
}

class ExternalData : public ::testing::Test {
 protected:
  ExternalData() {
    std::ofstream(folder_.path() / "w.bin", std::ios::binary) << std::string(16, '\1');
    std::filesystem::create_directory(folder_.path() / "inner");
  }

  std::string read(const std::string& location, const std::string& offset = "0", const std::string& length = "8",
                   int type = onnx::TensorProto::UINT8) {
    onnx::TensorProto p = proto(type, {8});
    p.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : {std::pair("location", location), {"offset", offset}, {"length", length}}) {
      auto* entry = p.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    Result<Tensor> tensor = tensor_from_proto(p, folder_.path() / "inner" / "..");
    return tensor.ok() ? to_string(*tensor)
                       : std::string(code_name(tensor.status().code())) + " " + tensor.status().message();
  }

  TemporaryDirectory folder_;
};

TEST_F(ExternalData, ReadsTheRangeThatIsNamed) {
  EXPECT_EQ(read("w.bin", "8"), "uint8[8] [1, 1, 1, 1, 1, 1, 1, 1]");
  EXPECT_EQ(read("w.bin", "12", "4", 21), "uint8[8] [1, 0, 1, 0, 1, 0, 1, 0]");
  EXPECT_NE(read("w.bin", "9").find("it was cut off"), std::string::npos);
  EXPECT_NE(read("w.bin", "18446744073709551615").find("it was cut off"), std::string::npos);
  EXPECT_NE(read("w.bin", "0", "7").find("takes 8 bytes, found 7"), std::string::npos);
  EXPECT_NE(read("w.bin", "x").find("is no number"), std::string::npos);
  EXPECT_NE(read("missing.bin").find("put it beside the model"), std::string::npos);
}

TEST_F(ExternalData, StaysInTheFolder) {
  std::filesystem::create_symlink("/etc/hostname", folder_.path() / "link");
  EXPECT_NE(read("/etc/hostname").find("must be a path below"), std::string::npos);
  EXPECT_NE(read("inner/../../etc/hostname").find("must be a path below"), std::string::npos);
  EXPECT_NE(read("").find("must be a path below"), std::string::npos);
  EXPECT_NE(read("link").find("leads out of the model's folder"), std::string::npos);
  EXPECT_NE(read("inner").find("not a regular file"), std::string::npos);
}

}  // namespace
}  // namespace slipway
