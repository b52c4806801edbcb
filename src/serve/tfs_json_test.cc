// TensorFlow Serving's predict bodies: what is understood, what is refused and in which words.
#include "serve/tfs_json.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

const std::vector<Port> kOne = {{"x", DType::f32, {Dim::named("n"), 2}}};
const std::vector<Port> kTwo = {{"a", DType::f32, {Dim::named("n"), 2}}, {"b", DType::i64, {Dim::named("n")}}};

// The tensors, or the error.
std::string read(const std::string& json, const std::vector<Port>& ports = kOne) {
  Result<PredictBody> body = read_predict_body(json, ports);
  if (!body.ok()) return body.status().message();
  std::string out = body->by_row ? "rows" : "columns";
  for (const Tensor& tensor : body->inputs) out += " " + to_string(tensor);
  return out;
}

TEST(PredictBody, RowsAndColumns) {
  EXPECT_EQ(read(R"({"instances": [[1,2],[3,4]]})"), "rows float32[2, 2] [[1, 2], [3, 4]]");
  EXPECT_EQ(read(R"({"instances": [{"x": [1,2]}]})"), "rows float32[1, 2] [[1, 2]]");
  EXPECT_EQ(read(R"({"inputs": [[1,2]]})"), "columns float32[1, 2] [[1, 2]]");
  EXPECT_EQ(read(R"({"inputs": {"x": [[1,2]], "other": {"a": []}}})"), "columns float32[1, 2] [[1, 2]]");
  EXPECT_EQ(read(R"({"signature_name": "serving_default", "instances": [[1,2]]})"), "rows float32[1, 2] [[1, 2]]");
  EXPECT_EQ(read(R"({"instances": [1, 2, 3]})"), "rows float32[3] [1, 2, 3]");
  EXPECT_EQ(read(R"({"instances":[{"a":[1,2],"b":7},{"b":8,"a":[3,4]}]})", kTwo),
            "rows float32[2, 2] [[1, 2], [3, 4]] int64[2] [7, 8]");
  EXPECT_EQ(read(R"({"inputs":{"b":[7],"a":[[1,2]]}})", kTwo), "columns float32[1, 2] [[1, 2]] int64[1] [7]");
}

TEST(PredictBody, BytesBehindTheDocumentAreIgnored) {
  EXPECT_EQ(read(R"({"instances": [[1,2]]} and more)"), "rows float32[1, 2] [[1, 2]]");
}

TEST(PredictBody, Refusals) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "JSON Parse error: The document is empty"},
      {"  ", "JSON Parse error: The document is empty. at offset: 2"},
      {"[1]", "JSON Value: [1] Is not object"},
      {"{", "JSON Parse error: Missing a name for object member. at offset: 1"},
      {"{\"a\" 1}", "JSON Parse error: Missing a colon after a name of object member. at offset: 5"},
      {"{\"a\":1 \"b\":2}", "JSON Parse error: Missing a comma or } after an object member. at offset: 7"},
      {R"({"instances": [[1,2]], "x": tru})", "JSON Parse error: Invalid value. at offset: 31"},
      // Wrong syntax anywhere counts before a wrong value.
      {R"({"instances": [["a"]], })", "JSON Parse error: Missing a name for object member. at offset: 23"},
      {R"({"a": 1})", "Missing 'inputs' or 'instances' key"},
      {R"({"instances": [[1]], "inputs": [[1]]})",
       "JSON Value: {\"instances\": [[1]], \"inputs\": [[1]]} Not formatted correctly expecting only one of 'inputs' "
       "or "
       "'instances' keys to exist "},
      {R"({"instances": {}})", "JSON Value: {} Expecting 'instances' to be an list/array"},
      {R"({"instances": []})", "JSON Value: [] No values in 'instances' array"},
      {R"({"signature_name": 5, "instances": [[1]]})",
       "JSON Value: {\"signature_name\": 5, \"instances\": [[1]]} not formatted correctly. 'signature_name' key must "
       "be a "
       "string value."},
      {R"({"signature_name": "s", "instances": [[1]]})", "Serving signature name: \"s\" not found in signature def"},
      {R"({"instances": [[1,2],[3,"x"]]})",
       "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: \"x\" Type: String is "
       "not of "
       "expected type: float"},
      {R"({"instances": [[1,2],[3]]})",
       "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 2 but got: "
       "1"},
      {R"({"instances": [[[1],[2]],[[1,2]]]})",
       "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [2,1] but got: "
       "[1,2]"},
      {R"({"instances": [{"y": [1,2]}]})",
       "Failed to process element: 0 key: y of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have "
       "named "
       "input: y"},
      {R"({"instances": [{"x": [1,2]}, [1,2]]})", "Expecting object but got list at item 1 of input list"},
      {R"({"instances": [[1,2], {"x": [1,2]}]})", "Expecting value/list but got object at item 1 of input list"},
      {R"({"instances": [{}]})",
       "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal to: x"},
      {R"({"inputs": {"y": [1]}})", "Missing named input: x in 'inputs' object."},
      {R"({"inputs": [[1,2],[3]]})", "Encountered list at unexpected size: 1 at level: 1 expected size: 2"},
  };
  for (const auto& [json, message] : cases) EXPECT_EQ(read(json), message) << json;
}

TEST(PredictBody, RefusalsWithTwoInputs) {
  EXPECT_EQ(read(R"({"instances": [[1,2]]})", kTwo),
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map");
  EXPECT_EQ(
      read(R"({"inputs": [[1,2]]})", kTwo),
      "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map");
  EXPECT_EQ(read(R"({"instances": [{"a":[1,2]}]})", kTwo),
            "Failed to process element: 0 of 'instances' list. JSON object: {\"a\":[1,2]} keys must be equal to: a,b");
  EXPECT_EQ(read(R"({"inputs": {"a":[[1,2]]}})", kTwo), "Missing named input: b in 'inputs' object.");
}

TEST(PredictBody, Base64StringsAreNotNamedTensors) {
  std::vector<Port> text = {{"s", DType::string, {Dim::named("n")}}};
  EXPECT_EQ(read(R"({"instances": [{"b64":"aGk="}, "x"]})", text), "rows string[2] [\"hi\", \"x\"]");
  EXPECT_EQ(read(R"({"inputs": {"b64":"aGk="}})", text), "columns string[] \"hi\"");
}

TEST(PredictAnswer, RowsAndColumns) {
  Tensor y = Tensor::of<float>({2, 2}, {1, 2, 3, 4});
  Tensor s = Tensor::of<std::string>({2}, {"a", "b"});
  EXPECT_EQ(*write_predict_body(true, {"y"}, {y}), R"({"predictions":[[1.0,2.0],[3.0,4.0]]})");
  EXPECT_EQ(*write_predict_body(false, {"y"}, {y}), R"({"outputs":[[1.0,2.0],[3.0,4.0]]})");
  EXPECT_EQ(*write_predict_body(true, {"y", "s_bytes"}, {y, s}),
            R"({"predictions":[{"y":[1.0,2.0],"s_bytes":{"b64":"YQ=="}},{"y":[3.0,4.0],"s_bytes":{"b64":"Yg=="}}]})");
  EXPECT_EQ(*write_predict_body(false, {"y", "s"}, {y, s}), R"({"outputs":{"y":[[1.0,2.0],[3.0,4.0]],"s":["a","b"]}})");
  EXPECT_EQ(write_predict_body(true, {"y"}, {Tensor::scalar<float>(1)}).status().message(),
            "Tensor name: y has no shape information ");
  EXPECT_EQ(write_predict_body(true, {"y", "z"}, {y, Tensor::of<float>({1}, {1})}).status().message(),
            "Tensor name: z has inconsistent batch size: 1 expecting: 2");
}

TEST(PredictAnswer, IsNoLongerThanTheLimit) {
  Tensor y = Tensor::of<float>({2, 2}, {1, 2, 3, 4});
  size_t size = write_predict_body(true, {"y"}, {y}).value().size();
  EXPECT_TRUE(write_predict_body(true, {"y"}, {y}, size).ok());
  for (bool by_row : {false, true}) {
    Status refused = write_predict_body(by_row, {"y"}, {y}, 20).status();
    EXPECT_EQ(refused.code(), Code::invalid_argument);
    EXPECT_NE(refused.message().find("larger than the limit of 20 bytes"), std::string::npos) << refused.message();
  }
}

}  // namespace
}  // namespace slipway
