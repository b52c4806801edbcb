// Fuzzes the readers of JSON request bodies: both protocols, every element type.
#include <cstdint>
#include <string_view>

#include "serve/json_tensor.h"
#include "serve/tfs_json.h"
#include "serve/v2_json.h"

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<Port> kPorts[] = {
      {{"x", DType::f32, {Dim::named("n"), 2}}},
      {{"a", DType::i64, {Dim::named("n")}}, {"b", DType::string, {Dim::named("n")}}},
      {{"x", DType::boolean, {}}},
      {{"x", DType::f64, {Dim()}}},
      {{"x", DType::i8, {Dim()}}},
  };
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Status syntax = check_json_syntax(text);
  const Result<std::string_view> rows = json_member(text, "examples");
  CHECK(rows.ok() || !syntax.ok(), "a member is refused of text that is JSON");
  for (const std::vector<Port>& ports : kPorts) {
    Result<PredictBody> body = read_predict_body(text, ports);
    CHECK(!body.ok() || syntax.ok(), "a body was read from text that is no JSON");
    if (rows.ok()) (void)read_predict_rows(*rows, ports).ok();
    if (!body.ok()) continue;
    for (const Tensor& tensor : body->inputs) {
      std::string written;
      append_json_tensor(written, tensor, true);
      JsonScanner scanner(written);
      Shape shape;
      auto again = TensorCollector::create(tensor.dtype(), 1);
      CHECK(again->read(scanner, shape), "what was written cannot be read");
    }
  }
  for (size_t split : {size, size / 2}) {
    Result<V2Request> request = read_infer_body(text.substr(0, split), text.substr(split), "m");
    if (!request.ok()) continue;
    for (const V2Input& input : request->inputs) {
      CHECK(input.tensor.shape() == input.shape, "an input claims another shape than its elements have");
    }
    (void)bind_inputs(*request, kPorts[0], "m").ok();
  }
  return 0;
}
