// Variables behind handles: a model counts in one, and every call begins with what CALL_ONCE assigns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/tflite.h"
#include "formats/tflite_options.h"
#include "support/peers.h"
#include "support/run_nodes.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;
using Code = tflite::BuiltinOperator;

// A file as TensorFlow's converter writes them, operator by operator.
class File {
 public:
  File() { model_.version = 3; }

  void subgraph() {
    model_.subgraphs.push_back(std::make_unique<tflite::SubGraphT>());
    model_.subgraphs.back()->name = std::to_string(model_.subgraphs.size());
  }
  int32_t tensor(tflite::TensorType type, std::vector<int32_t> shape, std::vector<float> contents = {}) {
    auto tensor = std::make_unique<tflite::TensorT>();
    tensor->type = type;
    tensor->shape = std::move(shape);
    tensor->name = std::to_string(model_.subgraphs.size()) + "/" + std::to_string(here().tensors.size());
    tensor->buffer = static_cast<uint32_t>(model_.buffers.size());
    model_.buffers.push_back(std::make_unique<tflite::BufferT>());
    const auto* bytes = reinterpret_cast<const uint8_t*>(contents.data());
    model_.buffers.back()->data.assign(bytes, bytes + contents.size() * sizeof(float));
    here().tensors.push_back(std::move(tensor));
    return static_cast<int32_t>(here().tensors.size()) - 1;
  }
  int32_t floats(std::vector<float> contents = {}) {
    return tensor(tflite::TensorType::FLOAT32, {2}, std::move(contents));
  }
  template <typename Options = tflite::AddOptionsT>
  void op(Code code, std::vector<int32_t> inputs, std::vector<int32_t> outputs, const Options* options = nullptr) {
    auto entry = std::make_unique<tflite::OperatorCodeT>();
    entry->builtin_code = code;
    entry->deprecated_builtin_code = static_cast<int8_t>(std::min(static_cast<int32_t>(code), 127));
    entry->version = 1;
    model_.operator_codes.push_back(std::move(entry));
    auto op = std::make_unique<tflite::OperatorT>();
    op->opcode_index = static_cast<uint32_t>(model_.operator_codes.size()) - 1;
    op->inputs = std::move(inputs);
    op->outputs = std::move(outputs);
    if (options != nullptr) op->builtin_options.Set(Options(*options));
    here().operators.push_back(std::move(op));
  }
  int32_t handle(const std::string& name) {
    const int32_t tensor = this->tensor(tflite::TensorType::RESOURCE, {});
    tflite::VarHandleOptionsT options;
    options.shared_name = name;
    op(Code::VAR_HANDLE, {}, {tensor}, &options);
    return tensor;
  }
  int32_t read(int32_t handle) {
    const int32_t y = floats();
    op(Code::READ_VARIABLE, {handle}, {y});
    return y;
  }
  int32_t add(int32_t a, int32_t b) {
    const int32_t y = floats();
    const tflite::AddOptionsT options;
    op(Code::ADD, {a, b}, {y}, &options);
    return y;
  }
  void assign(int32_t handle, int32_t value) { op(Code::ASSIGN_VARIABLE, {handle, value}, {}); }
  void call_once(int32_t subgraph) {
    tflite::CallOnceOptionsT options;
    options.init_subgraph_index = subgraph;
    op(Code::CALL_ONCE, {}, {}, &options);
  }
  tflite::SubGraphT& here() { return *model_.subgraphs[at_]; }
  void enter(size_t subgraph) { at_ = subgraph; }

  std::string bytes() const {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(tflite::Model::Pack(builder, &model_), tflite::ModelIdentifier());
    return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
  }

 private:
  tflite::ModelT model_;
  size_t at_ = 0;
};

// count += x, twice; y = count * 2 + 10, where count begins with (1, 2).
std::string counter() {
  File f;
  f.subgraph();
  const int32_t x = f.floats();
  f.here().inputs = {x};
  f.call_once(1);
  const int32_t count = f.handle("count"), again = f.handle("count");
  f.assign(count, f.add(f.read(count), x));
  f.assign(again, f.add(f.read(again), x));
  const int32_t now = f.read(count);
  const int32_t y = f.add(f.add(now, now), f.floats({10, 10}));
  f.here().outputs = {y};
  f.subgraph();
  f.enter(1);
  f.assign(f.handle("count"), f.floats({1, 2}));
  return f.bytes();
}

TEST(TfliteVariables, HoldWhatWasAssignedLast) {
  Result<Graph> graph = read_tflite(counter());
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  const Tensor x = Tensor::of<float>({2}, {3, 0.5f});
  const std::vector<Tensor> ours = run_nodes(*graph, {x});
  ASSERT_EQ(ours.size(), 1u);
  EXPECT_EQ(to_string(ours[0]), "float32[2] [24, 16]");
  Result<PeerAnswers> theirs = run_all_in_tflite({{counter(), {{"x", x}}}});
  if (theirs.status().code() == ::slipway::Code::unavailable) GTEST_SKIP() << theirs.status().message();
  ASSERT_TRUE(theirs.ok() && (*theirs)[0].ok()) << (*theirs)[0].status().to_string();
  EXPECT_EQ(to_string((*(*theirs)[0])[0]), to_string(ours[0]));
}

TEST(TfliteVariables, ReadBeforeTheyHoldAnythingAreRefused) {
  File f;
  f.subgraph();
  f.here().outputs = {f.read(f.handle("count"))};
  EXPECT_THAT(read_tflite(f.bytes()).status().message(),
              HasSubstr("variable \"/count\" is read before anything is assigned to it"));
}

TEST(TfliteVariables, HandlesGoNowhereElse) {
  File f;
  f.subgraph();
  const int32_t handle = f.handle("count");
  f.here().outputs = {f.add(handle, handle)};
  EXPECT_THAT(read_tflite(f.bytes()).status().message(), HasSubstr("is a resource"));
}

// A subgraph that initializes itself, and one that is not there.
TEST(TfliteVariables, InitializersAreChecked) {
  for (int32_t index : {-1, 0, 1, 2}) {
    File f;
    f.subgraph();
    const int32_t x = f.floats();
    f.here().inputs = {x};
    f.call_once(index);
    f.here().outputs = {f.add(x, x)};
    f.subgraph();
    f.enter(1);
    f.call_once(1);
    EXPECT_THAT(read_tflite(f.bytes()).status().message(), HasSubstr("cannot initialize")) << index;
  }
}

}  // namespace
}  // namespace slipway
