// V2 infer bodies: JSON and binary tensors both ways, and refusals in Triton's words.
#include "serve/v2_json.h"

#include <cstring>

#include <gtest/gtest.h>

namespace slipway {
namespace {

const std::vector<Port> kPorts = {{"X", DType::f32, {Dim::named("n"), 2}}};

std::string bytes_of(const std::vector<float>& values) {
  std::string bytes(values.size() * 4, '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string read(const std::string& json, const std::string& binary = "", const std::vector<Port>& ports = kPorts) {
  Result<V2Request> request = read_infer_body(json, binary, "m");
  if (!request.ok()) return request.status().to_string();
  Result<std::vector<Tensor>> tensors = bind_inputs(*request, ports, "m");
  if (!tensors.ok()) return tensors.status().to_string();
  std::string out;
  for (const Tensor& tensor : *tensors) out += to_string(tensor);
  return out;
}

TEST(V2Request, JsonDataNestedOrFlatInAnyOrderOfMembers) {
  const char* expected = "float32[2, 2] [[1, 2], [3, 4]]";
  EXPECT_EQ(read(R"({"inputs":[{"name":"X","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}]})"), expected);
  EXPECT_EQ(read(R"({"inputs":[{"name":"X","shape":[2,2],"datatype":"FP32","data":[[1,2],[3,4]]}]})"), expected);
  EXPECT_EQ(read(R"({"inputs":[{"data":[[1,2],[3,4]],"datatype":"FP32","shape":[2,2],"name":"X"}],"id":"7"})"),
            expected);
}

TEST(V2Request, BinaryData) {
  EXPECT_EQ(read(R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}]})",
                 bytes_of({5, 6})),
            "float32[1, 2] [[5, 6]]");
  std::vector<Port> text = {{"S", DType::string, {2}}};
  EXPECT_EQ(read(R"({"inputs":[{"name":"S","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":11}}]})",
                 std::string("\3\0\0\0abc\0\0\0\0", 11), text),
            "string[2] [\"abc\", \"\"]");
}

// The session reads as many elements as the port's shape says.
TEST(V2Request, ASecondShapeDoesNotBelieTheElements) {
  EXPECT_EQ(
      read(R"({"inputs":[{"name":"X","shape":[1,1],"datatype":"FP32","data":[7],"shape":[9,2]}]})"),
      "INVALID_ARGUMENT: [request id: <id_unknown>] unexpected shape for input 'X' for model 'm'. Expected [-1,2], "
      "got [1,1]. ");
}

TEST(V2Request, OptionsAreRead) {
  Result<V2Request> request = read_infer_body(
      R"({"id":"a","parameters":{"binary_data_output":true,"timeout":5000,"sequence_id":3,"own":"x"},
          "inputs":[],"outputs":[{"name":"Y","parameters":{"classification":3,"binary_data":false}}]})",
      "", "m");
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->id, "a");
  EXPECT_TRUE(request->binary_output);
  EXPECT_EQ(request->timeout_us, 5000);
  EXPECT_EQ(request->outputs[0].classes, 3);
  EXPECT_EQ(request->outputs[0].binary, false);
}

TEST(V2Request, Refusals) {
  const std::pair<const char*, const char*> cases[] = {
      {"{",
       "INVALID_ARGUMENT: failed to parse the request JSON buffer: JSON Parse error: Missing a name for object member. "
       "at "
       "offset: 1"},
      {"{}", "INVALID_ARGUMENT: Unable to parse 'inputs'"},
      {R"({"inputs":5})", "INVALID_ARGUMENT: Unable to parse 'inputs'"},
      {R"({"inputs":[{"shape":[1,2],"datatype":"FP32","data":[1,2]}]})", "INVALID_ARGUMENT: Unable to parse 'name'"},
      {R"({"inputs":[{"name":"X","shape":[-1,2],"datatype":"FP32","data":[1,2]}]})",
       "INVALID_ARGUMENT: Unable to parse 'shape'"},
      {R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"F","data":[1,2]}]})",
       "INVALID_ARGUMENT: Unable to parse 'datatype' of input 'X'"},
      {R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32"}]})", "INVALID_ARGUMENT: Unable to parse 'data'"},
      {R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1]}]})",
       "INVALID_ARGUMENT: Failed to parse 'data' field: shape does not match true shape: input 'X': expected 2 "
       "elements for "
       "shape [1,2], found 1"},
      {R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2,3]}]})",
       "INVALID_ARGUMENT: Shape does not match true shape of 'data' field: input 'X': expected 2 elements for shape "
       "[1,2], "
       "found more"},
      {R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,"a"]}]})",
       "INVALID_ARGUMENT: Unable to parse 'data' of input 'X': JSON Value: \"a\" Type: String is not of expected type: "
       "float"},
      {R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP16","data":[1,2]}]})",
       "INVALID_ARGUMENT: sending FP16 data via JSON is not supported. Please use the binary data format for input "
       "'X'"},
      {R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}]})",
       "INVALID_ARGUMENT: unexpected size for input 'X', expecting 8 additional bytes for model 'm'"},
      {R"({"inputs":[{"name":"X","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]})",
       "INVALID_ARGUMENT: [request id: <id_unknown>] unexpected shape for input 'X' for model 'm'. Expected [-1,2], "
       "got [1,3]. "},
      {R"({"id":"q","inputs":[{"name":"X","shape":[1,2],"datatype":"INT32","data":[1,2]}]})",
       "INVALID_ARGUMENT: [request id: q] inference input 'X' data-type is 'INT32', but model 'm' expects 'FP32'"},
      {R"({"inputs":[{"name":"Z","shape":[1,2],"datatype":"FP32","data":[1,2]}]})",
       "INVALID_ARGUMENT: [request id: <id_unknown>] unexpected inference input 'Z' for model 'm'"},
      {R"({"inputs":[]})",
       "INVALID_ARGUMENT: [request id: <id_unknown>] expected 1 inputs but got 0 inputs for model 'm'. Got input(s) "
       "[], but "
       "missing required input(s) ['X']. Please provide all required input(s)."},
      {R"({"parameters":{"triton_x":1},"inputs":[]})",
       "INVALID_ARGUMENT: parameter keys starting with 'triton_' are reserved for Triton usage and should not be "
       "specified."},
      {R"({"inputs":[{"name":"X","shape":[1099511627776,1099511627776],"datatype":"FP32","data":[1]}]})",
       "INVALID_ARGUMENT: shape of input 'X': "},
  };
  for (const auto& [json, message] : cases) EXPECT_EQ(read(json).substr(0, std::strlen(message)), message) << json;
  EXPECT_EQ(read(R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2]}]})", "zz"),
            "INVALID_ARGUMENT: unexpected additional input data for model 'm'");
}

TEST(V2Request, AClaimedShapeCannotAskForMuchMemory) {
  std::string message = read(R"({"inputs":[{"name":"X","shape":[70000000000,2],"datatype":"FP32","data":[1,2]}]})");
  EXPECT_EQ(message,
            "INVALID_ARGUMENT: Failed to parse 'data' field: shape does not match true shape: input 'X': expected "
            "140000000000 elements for shape [70000000000,2], found 2");
  std::vector<Port> text = {{"S", DType::string, {Dim::named("n")}}};
  message =
      read(R"({"inputs":[{"name":"S","shape":[70000000000],"datatype":"BYTES","parameters":{"binary_data_size":4}}]})",
           std::string(4, '\0'), text);
  EXPECT_EQ(message.substr(0, 60), "INVALID_ARGUMENT: unexpected number of string elements in in");
}

TEST(V2Request, RawBodyTakesTheOpenDimensionFromItsSize) {
  Result<V2Request> request = read_raw_body(bytes_of({1, 2, 3, 4}), kPorts, "m");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(to_string(request->inputs[0].tensor), "float32[2, 2] [[1, 2], [3, 4]]");
  EXPECT_TRUE(request->binary_output);
  EXPECT_FALSE(read_raw_body(bytes_of({1, 2, 3}), kPorts, "m").ok());
}

TEST(V2Answer, JsonAndBinary) {
  Tensor y = Tensor::of<float>({1, 2}, {0.5, 2});
  V2Request request;
  Result<V2Answer> json = write_infer_body(request, {{.name = "Y", .binary = {}}}, {y}, "m", 3, {});
  EXPECT_EQ(json->body,
            R"({"model_name":"m","model_version":"3","outputs":[{"name":"Y","datatype":"FP32","shape":[1,2],)"
            R"("data":[0.5,2.0]}]})");
  EXPECT_FALSE(json->json_bytes);
  request.id = "i";
  request.binary_output = true;
  Result<V2Answer> binary = write_infer_body(request, {{.name = "Y", .binary = {}}}, {y}, "m", 3, {});
  std::string head = R"({"id":"i","model_name":"m","model_version":"3","outputs":[{"name":"Y","datatype":"FP32",)"
                     R"("shape":[1,2],"parameters":{"binary_data_size":8}}]})";
  EXPECT_EQ(binary->body, head + bytes_of({0.5, 2}));
  EXPECT_EQ(binary->json_bytes, head.size());
}

TEST(V2Answer, Classification) {
  Tensor y = Tensor::of<float>({1, 3}, {0.25, 0.5, 0.125});
  Result<V2Answer> answer =
      write_infer_body({}, {{.name = "Y", .binary = {}, .classes = 2}}, {y}, "m", 1, {"cat", "dog"});
  EXPECT_NE(answer->body.find(R"("datatype":"BYTES","shape":[1,2],"data":["0.500000:1:dog","0.250000:0:cat"])"),
            std::string::npos)
      << answer->body;
}

TEST(V2Request, NothingMayFollowTheDocument) {
  const std::string json = R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2]}]})";
  EXPECT_EQ(read(json + " \n"), "float32[1, 2] [[1, 2]]");
  EXPECT_EQ(read("\xEF\xBB\xBF" + json), "float32[1, 2] [[1, 2]]");
  EXPECT_EQ(
      read(json + "xx"),
      "INVALID_ARGUMENT: failed to parse the request JSON buffer: JSON Parse error: The document root must not be "
      "followed by other values. at offset: 70");
}

TEST(V2Request, WholeNumbersAbove2To24AreRoundedForFloats) {
  EXPECT_EQ(read(R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[16777217,1435774380]}]})"),
            to_string(Tensor::of<float>({1, 2}, {16777216.0f, 1435774380.0f})));
}

TEST(V2Answer, IsNoLongerThanTheLimit) {
  Tensor y = Tensor::of<float>({1, 2}, {0.5, 2});
  for (bool binary : {false, true}) {
    V2Request request;
    request.binary_output = binary;
    size_t size = write_infer_body(request, {{.name = "Y", .binary = {}}}, {y}, "m", 3, {})->body.size();
    EXPECT_TRUE(write_infer_body(request, {{.name = "Y", .binary = {}}}, {y}, "m", 3, {}, size).ok());
    Status refused = write_infer_body(request, {{.name = "Y", .binary = {}}}, {y}, "m", 3, {}, size - 3).status();
    EXPECT_EQ(refused.code(), Code::invalid_argument);
    EXPECT_NE(refused.message().find("--answer-limit"), std::string::npos) << refused.message();
  }
}

}  // namespace
}  // namespace slipway
