// Bad requests to a real server, both protocols: wrong JSON, wrong tensors, wrong names. It answers each with a reason,
// and afterwards as if nothing had been.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/live_server.h"

namespace slipway {
namespace {

using testing::Client;
using testing::Reply;

struct Row {
  std::string body;
  std::vector<std::string> says;
  int status = 400;
};

TEST(BadRequests, PredictBodies) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  const std::string element = "Failed to process element: 0 of 'instances' list";
  const Row rows[] = {
      {"", {"JSON Parse error", "empty"}},
      {"[]", {"[] Is not object"}},
      {"\"x\"", {"Is not object"}},
      {"3", {"3 Is not object"}},
      {"\xff\xfe", {"JSON Parse error", "offset: 0"}},
      {"{'instances':[1]}", {"JSON Parse error", "offset: 1"}},
      {R"({"instances":[1,]})", {"JSON Parse error", "offset: 16"}},
      {R"({"instances":[[01]]})", {"JSON Parse error", "offset: 16"}},
      {R"({"instances":[]})", {"No values in 'instances' array"}},
      {R"({"instances":{}})", {"Expecting 'instances' to be an list"}},
      {R"({"instances":null})", {"null Expecting 'instances'"}},
      {R"({"nothing":1})", {"Missing 'inputs' or 'instances' key"}},
      {R"({"inputs":[],"instances":[]})", {"only one of 'inputs' or 'instances'"}},
      {R"({"instances":[[1,2,3]]})", {"input \"input\": expected float32[batch, 4], found float32[1, 3]"}},
      {R"({"instances":[[[1,2,3,4]]]})", {"expected float32[batch, 4], found float32[1, 1, 4]"}},
      {R"({"instances":[1,2,3,4]})", {"expected float32[batch, 4], found float32[4]"}},
      {R"({"instances":[[1,2,3,4],[1,2,3]]})", {"element: 1", "Expecting", "4", "3"}},
      {R"({"instances":[[[1,2],[1]]]})", {element, "unexpected size: 1 at level: 1 expected size: 2"}},
      {R"({"instances":[["1",2,3,4]]})", {element, "\"1\" Type: String is not of expected type: float"}},
      {R"({"instances":[[true,2,3,4]]})", {element, "true", "not of expected type: float"}},
      {R"({"instances":[[null,2,3,4]]})", {element, "null", "not of expected type: float"}},
      {R"({"instances":[[{},2,3,4]]})", {element, "{}"}},
      {R"({"instances":[[1e39,2,3,4]]})", {element, "1e39", "loss of precision"}},
      {R"({"instances":[[1e999,2,3,4]]})", {element, "1e999", "loss of precision"}},
      {R"({"instances":[[1)" + std::string(500, '0') + ",2,3,4]]}", {element, "loss of precision"}},
      {R"({"instances":[{"inputs":[1,2,3,4]}]})", {"does not have named input: inputs"}},
      {R"({"inputs":{"nope":[[1,2,3,4]]}})", {"Missing named input: input"}},
      {R"({"signature_name":"other","instances":[[1,2,3,4]]})", {"\"other\" not found in signature def"}},
      {R"({"signature_name":3,"instances":[[1,2,3,4]]})", {"'signature_name' key must be a string"}},
      {R"({"instances":[[1,2]],"instances":[[1,2,3,4]]})", {}},
      {std::string(100'000, '['), {"Nesting deeper than 256 levels", "offset"}},
      {R"({"instances":)" + std::string(100'000, '['), {"Nesting deeper than 256 levels"}},
      {R"({"instances":[)" + std::string(100'000, '{'), {"JSON Parse error", "offset"}},
  };
  for (const Row& row : rows)
    expect_error(server.post(kPredict, row.body), row.status, row.says, row.body.substr(0, 99));
  const std::string whole = R"({"signature_name":"serving_default","instances":[[1,-2.5e1,NaN,"x"]]})";
  for (size_t size = 0; size < whole.size(); ++size) {
    expect_error(server.post(kPredict, whole.substr(0, size)), 400, {"JSON Parse error"}, whole.substr(0, size));
  }
  server.expect_well();
}

TEST(BadRequests, NaNAndInfinityAreValues) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  Reply reply = server.post(kPredict, R"({"instances":[[NaN,Infinity,-Infinity,1],[1,2,3,4]]})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body.find(R"({"predictions":[[NaN,NaN,NaN],[)"), 0u) << reply.body;
  std::string good = server.post(kPredict, kGoodRow).body;
  EXPECT_NE(reply.body.find(good.substr(good.find("[[") + 2)), std::string::npos) << "a NaN row changed its neighbour";
  server.expect_well();
}

// An infer body for "m" with the members of its one input replaced or added; "" leaves one out.
std::string infer(const std::map<std::string, std::string>& members, const std::string& more = "") {
  std::map<std::string, std::string> all = {
      {"name", "\"input\""}, {"shape", "[1,4]"}, {"datatype", "\"FP32\""}, {"data", "[1,2,3,4]"}};
  for (const auto& [key, value] : members) all[key] = value;
  std::string text;
  for (const auto& [key, value] : all) {
    if (!value.empty()) text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", key, value);
  }
  return fmt::format("{{\"inputs\":[{{{}}}]{}}}", text, more);
}

TEST(BadRequests, InferBodies) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  ASSERT_EQ(server.post(kInfer, infer({})).status, 200);
  const std::string mismatch = "hape does not match true shape";
  const Row rows[] = {
      {"", {"failed to parse the request JSON buffer"}},
      {"[]", {"Unable to parse 'inputs'", "not a JSON object"}},
      {"{}", {"Unable to parse 'inputs'", "no such member"}},
      {R"({"inputs":3})", {"Unable to parse 'inputs'", "expected a list"}},
      {R"({"inputs":[3]})", {"Unable to parse 'inputs'", "expected a list of objects"}},
      {R"({"inputs":[]})", {"expected 1 inputs but got 0", "missing required input(s) ['input']"}},
      {infer({{"name", ""}}), {"Unable to parse 'name'", "missing"}},
      {infer({{"name", "3"}}), {"Unable to parse 'name'", "expected a string"}},
      {infer({{"name", "\"nope\""}}), {"unexpected inference input 'nope' for model 'm'"}},
      {infer({{"datatype", ""}}), {"Unable to parse 'datatype' of input 'input'", "expected one of BOOL"}},
      {infer({{"datatype", "\"FP31\""}}), {"Unable to parse 'datatype' of input 'input'", "FP32", "found 'FP31'"}},
      {infer({{"datatype", "\"INT32\""}}), {"data-type is 'INT32', but model 'm' expects 'FP32'"}},
      {infer({{"datatype", "\"BYTES\""}}), {"Unable to parse 'data' of input 'input'"}},
      {infer({{"datatype", "\"FP16\""}}), {"FP16 data via JSON is not supported", "binary data format"}},
      {infer({{"shape", ""}}), {"Unable to parse 'shape'", "input 'input' has none"}},
      {infer({{"shape", "\"x\""}}), {"Unable to parse 'shape'", "expected a list of whole numbers"}},
      {infer({{"shape", "[-1,4]"}}), {"Unable to parse 'shape'", "expected a whole number"}},
      {infer({{"shape", "[1.5,4]"}}), {"Unable to parse 'shape'", "expected a whole number"}},
      {infer({{"shape", "[4]"}}), {"unexpected shape for input 'input'", "Expected [-1,4], got [4]"}},
      {infer({{"shape", "[2,2]"}}), {"unexpected shape for input 'input'", "Expected [-1,4], got [2,2]"}},
      {infer({{"shape", "[2,4]"}}), {mismatch, "input 'input': expected 8 elements for shape [2,4], found 4"}},
      {infer({{"shape", "[0,4]"}}), {mismatch, "expected 0 elements for shape [0,4], found more"}},
      {infer({{"shape", "[4611686018427387903,4]"}}), {"shape of input 'input'", "too large"}},
      {infer({{"shape", "[18446744073709551616,4]"}}), {"Unable to parse 'shape'"}},
      {infer({{"shape", "[1099511627776,1099511627776]"}}), {"shape of input 'input'", "too large"}},
      {infer({{"data", ""}}), {"Unable to parse 'data'", "input 'input' has none"}},
      {infer({{"data", "\"x\""}}), {"Unable to parse 'data' of input 'input'"}},
      {infer({{"data", "[]"}}), {mismatch, "expected 4 elements for shape [1,4], found 0"}},
      {infer({{"data", "[1,2,3]"}}), {mismatch, "expected 4 elements for shape [1,4], found 3"}},
      {infer({{"data", "[1,2,3,4,5]"}}), {mismatch, "expected 4 elements for shape [1,4], found more"}},
      {infer({{"data", "[1,2,3,\"4\"]"}}), {"Unable to parse 'data' of input 'input'", "\"4\" Type: String"}},
      {infer({}, R"(,"outputs":[{"name":"nope"}])"), {"unexpected inference output 'nope' for model 'm'"}},
      {infer({}, R"(,"outputs":3)"), {"Unable to parse 'outputs'", "expected a list of objects"}},
      {infer({}, R"(,"id":3)"), {"Unable to parse 'id'", "expected a string"}},
      {infer({}, R"(,"parameters":{"triton_x":3})"), {"'triton_' are reserved"}},
      {infer({}, R"(,"parameters":{"timeout":"x"})"), {"Unable to parse 'timeout'", "expected a whole number"}},
      {infer({{"parameters", R"({"binary_data_size":16})"}, {"data", ""}}), {"expecting 16 additional bytes"}},
  };
  for (const Row& row : rows) expect_error(server.post(kInfer, row.body), row.status, row.says, row.body);
  const std::string whole = infer({}, R"(,"id":"q","outputs":[{"name":"output"}])");
  for (size_t size = 1; size < whole.size(); size += 3) {
    expect_error(server.post(kInfer, whole.substr(0, size)), 400, {"failed to parse the request JSON"}, whole);
  }
  // What clients send wrong is no fault of the model: it must not look like one to whoever may roll it back.
  EXPECT_EQ(server.get("/metrics").body.find("status=\"INTERNAL\""), std::string::npos);
  server.expect_well();
}

TEST(BadRequests, BinaryTensorsWhoseSizesLie) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  std::string head = infer({{"parameters", R"({"binary_data_size":16})"}, {"data", ""}});
  auto send = [&](const std::string& length, const std::string& json, size_t bytes) {
    return server.post(kInfer, json + std::string(bytes, '\0'),
                       fmt::format("Inference-Header-Content-Length: {}\r\n", length));
  };
  auto size = [](const std::string& text) { return fmt::format("{}", text.size()); };
  ASSERT_EQ(send(size(head), head, 16).status, 200);
  const std::string range = "inference header size should be in range";
  expect_error(send(fmt::format("{}", head.size() - 1), head, 16), 400, {"failed to parse the request JSON"}, "short");
  expect_error(send(fmt::format("{}", head.size() + 1), head, 16), 400, {"expecting 1 additional bytes"}, "long");
  for (const char* length : {"999999", "-1", "x", "99999999999999999999999", "1e2"}) {
    expect_error(send(length, head, 16), 400, {range, length}, length);
  }
  expect_error(send(size(head), head, 15), 400, {"input 'input'", "expecting 1 additional bytes"}, "15 bytes");
  expect_error(send(size(head), head, 17), 400, {"unexpected additional input data"}, "17 bytes");
  expect_error(send(size(head), head, 0), 400, {"expecting 16 additional bytes"}, "no bytes");
  for (const auto& [claimed, says] :
       std::map<std::string, std::string>{{"12", "Expected 16, got 12"},
                                          {"0", "Expected 16, got 0"},
                                          {"-1", "'binary_data_size'"},
                                          {"\"x\"", "'binary_data_size'"},
                                          {"99999999999999999999", "'binary_data_size'"}}) {
    std::string json = infer({{"parameters", fmt::format("{{\"binary_data_size\":{}}}", claimed)}, {"data", ""}});
    expect_error(send(size(json), json, 16), 400, {says}, claimed);
  }
  server.expect_well();
}

TEST(BadRequests, UnknownNamesPathsAndMethods) {
  LiveServer server;
  ASSERT_NE(server.port(), 0);
  struct Path {
    std::string path;
    int status;
    std::vector<std::string> says;
  };
  const Path posts[] = {
      {"/v1/models/none:predict", 404, {"Servable not found", "none"}},
      {"/v1/models/m/versions/99:predict", 404, {"Servable not found", "m, 99"}},
      {"/v1/models/m/versions/x:predict", 400, {"Malformed request: POST"}},
      {"/v1/models/m/versions/99999999999999999999:predict", 400, {"99999999999999999999", "numeric"}},
      {"/v1/models/m/labels/blue:predict", 400, {"label: blue"}},
      {"/v1/models/m:explain", 400, {"Malformed request: POST /v1/models/m:explain"}},
      {"/v1/models/m", 400, {"Malformed request: POST /v1/models/m"}},
      {"/v1/models/%00%0a:predict", 404, {"Servable not found"}},
      {"/v1/models/../../etc/passwd:predict", 400, {"Malformed request"}},
      {"/v2/models/none/infer", 400, {"unknown model: 'none'"}},
      {"/v2/models/m/versions/99/infer", 404, {"'m' version 99 is not found"}},
      {"/v2/models/m/versions/x/infer", 404, {"Not Found"}},
      {"/nowhere", 404, {"Not Found"}},
  };
  for (const Path& row : posts) {
    bool v2 = row.path.starts_with("/v2");
    expect_error(server.post(row.path, v2 ? infer({}) : kGoodRow), row.status, row.says, row.path);
  }
  for (const char* method : {"GET", "PUT", "DELETE", "PATCH", "TRACE", "FROBNICATE"}) {
    for (const auto& [path, status] : std::map<std::string, int>{{kPredict, 400}, {kInfer, 405}}) {
      Reply reply = server.raw(fmt::format("{} {} HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", method, path));
      expect_error(reply, status, {}, method + path);
    }
  }
  server.expect_well();
}

}  // namespace
}  // namespace slipway
