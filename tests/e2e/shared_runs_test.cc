// Models of several inputs behind a real server, asked by many at once: malformed requests are refused, good ones get
// their own answers whoever else asks, and the server lives.
#include <atomic>
#include <cstring>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "support/bad_input.h"
#include "support/live_server.h"

namespace slipway {
namespace {

using testing::Client;
using testing::Reply;

// OUTPUT0 = INPUT0 + INPUT1, OUTPUT1 = INPUT0 - INPUT1, four numbers a row.
Graph pair_model(Dim first, Dim second) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("INPUT0", DType::i32, Dims{std::move(first), 4});
  ValueId y = graph.add_input("INPUT1", DType::i32, Dims{std::move(second), 4});
  graph.outputs = {b.add(x, y), b.sub(x, y)};
  graph.rename(graph.outputs[0], "OUTPUT0");
  graph.rename(graph.outputs[1], "OUTPUT1");
  return graph;
}

// y = answer(b, x) for x [batch].
template <typename Answer>
Graph batch_model(DType dtype, Answer&& answer) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", dtype, Dims{Dim::named("batch")});
  graph.outputs = {answer(b, x)};
  graph.rename(graph.outputs[0], "y");
  return graph;
}

// y = (the word is "b") + how many words of the batch are "b": a model of strings that mixes rows.
Graph mixing_model() {
  return batch_model(DType::string, [](Builder& b, ValueId x) {
    Attributes map = {{"keys_strings", std::vector<std::string>{"a", "b"}},
                      {"values_floats", std::vector<float>{0, 1}}};
    ValueId is = b.op("LabelEncoder", {x}, map, "ai.onnx.ml");
    return b.add(is, b.op("ReduceSum", {is}, {{"keepdims", int64_t{1}}}));
  });
}

// The batch, sorted.
Graph sorting_model() {
  return batch_model(DType::f32, [](Builder& b, ValueId x) {
    return b.ops("TopK", {x, b.op("Shape", {x})}, 2, {{"axis", int64_t{0}}, {"largest", int64_t{0}}})[0];
  });
}

// [N, 2] as [-1, 4]: for even N.
Graph pairing_model() {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{Dim::named("n"), 2});
  graph.outputs = {b.op("Reshape", {x, b.ints({-1, 4})})};
  graph.rename(graph.outputs[0], "y");
  return graph;
}

class SharedServer {
 public:
  explicit SharedServer(const std::vector<std::string>& options = {})
      : server_(published(folder_.path() / "store"), options) {}
  uint16_t port() const { return server_.port(); }
  ServerProcess& process() { return server_; }
  Reply post(const std::string& path, const std::string& body, const std::string& headers = "") const {
    return Client(port()).post(path, body, headers);
  }

 private:
  static std::filesystem::path published(const std::filesystem::path& root) {
    publish_graph(root, "unnamed", pair_model(Dim(), Dim()));
    publish_graph(root, "apart", pair_model(Dim::named("unk__1"), Dim::named("unk__2")));
    publish_graph(root, "named", pair_model(Dim::named("batch"), Dim::named("batch")));
    publish_graph(root, "mixing", mixing_model());
    publish_graph(root, "sorting", sorting_model());
    publish_graph(root, "pairing", pairing_model());
    return root;
  }
  TemporaryDirectory folder_;
  ServerProcess server_;
};

std::string numbers(int64_t rows, int64_t width, int value) {
  std::string text;
  for (int64_t i = 0; i < rows * width; ++i) text += fmt::format("{}{}", text.empty() ? "" : ",", value);
  return "[" + text + "]";
}

std::string nested(int64_t rows, int64_t width, int value) {
  std::string text;
  for (int64_t r = 0; r < rows; ++r) text += (text.empty() ? "" : ",") + numbers(1, width, value);
  return "[" + text + "]";
}

std::string v2_input(const std::string& name, int64_t rows, int64_t width, int value) {
  return fmt::format(R"({{"name":"{}","shape":[{},{}],"datatype":"INT32","data":{}}})", name, rows, width,
                     numbers(rows, width, value));
}

std::string v2(int64_t first, int64_t second, int value = 7) {
  return fmt::format(R"({{"inputs":[{},{}]}})", v2_input("INPUT0", first, 4, 1), v2_input("INPUT1", second, 4, value));
}

std::string columns(int64_t first, int64_t second) {
  return fmt::format(R"({{"inputs":{{"INPUT0":{},"INPUT1":{}}}}})", nested(first, 4, 1), nested(second, 4, 7));
}

// A V2 request whose tensors follow as bytes; the head and its header.
struct Binary {
  std::string body;
  std::string headers;
};
Binary binary(int64_t first, int64_t second, int64_t claimed_second) {
  auto part = [](const char* name, int64_t rows, int64_t bytes) {
    return fmt::format(R"({{"name":"{}","shape":[{},4],"datatype":"INT32","parameters":{{"binary_data_size":{}}}}})",
                       name, rows, bytes);
  };
  std::string head = fmt::format(R"({{"inputs":[{},{}]}})", part("INPUT0", first, first * 16),
                                 part("INPUT1", claimed_second, second * 16));
  std::string headers = fmt::format("Inference-Header-Content-Length: {}\r\n", head.size());
  return {head + std::string(static_cast<size_t>((first + second) * 16), '\1'), headers};
}

TEST(SharedRuns, MalformedRequestsOfSeveralInputsAreRefusedAndTheServerLives) {
  SharedServer server;
  ASSERT_NE(server.port(), 0) << server.process().err();
  int64_t asked = 0;
  for (const char* model : {"unnamed", "apart", "named"}) {
    SCOPED_TRACE(model);
    const std::string predict = fmt::format("/v1/models/{}:predict", model);
    const std::string infer = fmt::format("/v2/models/{}/infer", model);
    auto refused = [&](const Reply& reply, const std::vector<std::string>& says, const std::string& what) {
      ++asked;
      expect_error(reply, 400, says, what);
    };
    for (const auto& [a, b] : std::vector<std::pair<int64_t, int64_t>>{
             {1, 2}, {2, 1}, {1, 5}, {5, 1}, {3, 2}, {2, 3}, {0, 1}, {1, 0}, {1, 33}, {40, 1}, {64, 65}}) {
      const std::string what = fmt::format("{} and {} rows", a, b);
      const std::vector<std::string> says = {"INPUT0", "INPUT1"};
      refused(server.post(infer, v2(a, b)), says, what);
      if (a > 0 && b > 0) refused(server.post(predict, columns(a, b)), {}, what);
      Binary sent = binary(a, b, b);
      refused(server.post(infer, sent.body, sent.headers), says, what);
    }
    // Tensors whose sizes lie, in every form.
    Binary lies = binary(1, 2, 1);
    refused(server.post(infer, lies.body, lies.headers), {"INPUT1"}, "more bytes than the shape");
    lies = binary(2, 1, 2);
    refused(server.post(infer, lies.body, lies.headers), {"INPUT1"}, "fewer bytes than the shape");
    lies.body.resize(lies.body.size() - 16);
    refused(server.post(infer, lies.body, lies.headers), {}, "no bytes for the second");
    const std::string one = v2_input("INPUT0", 1, 4, 1);
    refused(server.post(infer, fmt::format(R"({{"inputs":[{}]}})", one)), {"INPUT1"}, "one input");
    refused(server.post(infer, fmt::format(R"({{"inputs":[{0},{0}]}})", one)), {}, "one input twice");
    refused(server.post(infer, fmt::format(R"({{"inputs":[{},{}]}})", one, v2_input("INPUT1", 1, 3, 1))), {"INPUT1"},
            "three numbers a row");
    refused(server.post(infer, fmt::format(R"({{"inputs":[{},{}]}})", one, v2_input("INPUT2", 1, 4, 1))), {"INPUT2"},
            "another name");
    refused(server.post(predict, R"({"instances":[{"INPUT0":[1,2,3,4]}]})"), {"INPUT1"}, "a row without an input");
    refused(server.post(predict, R"({"instances":[{"INPUT0":[1,2,3,4],"INPUT1":[1,2,3]}]})"), {}, "a short row");
    refused(server.post(predict, R"({"instances":[{"INPUT0":[1,2,3,4],"INPUT1":[1,2,3,4]},{"INPUT0":[1,2,3,4]}]})"), {},
            "a second row without an input");
    refused(server.post(predict, R"({"instances":[{"INPUT0":[1,2,3,4],"INPUT1":[[1,2,3,4],[1,2,3,4]]}]})"), {},
            "two rows in one");
    refused(server.post(predict, R"({"inputs":{"INPUT0":[[1,2,3,4]]}})"), {"INPUT1"}, "a column less");
    refused(server.post(predict, R"({"inputs":{"INPUT0":[[1,2,3,4]],"INPUT1":[[1,2,3,4],[1,2,3]]}})"), {}, "ragged");
    refused(server.post(predict, R"({"inputs":[[1,2,3,4]]})"), {}, "one tensor for two inputs");
    EXPECT_EQ(server.post(infer, v2(2, 2)).status, 200);
    EXPECT_EQ(server.post(predict, columns(3, 3)).status, 200);
    Binary good = binary(2, 2, 2);
    EXPECT_EQ(server.post(infer, good.body, good.headers).status, 200);
  }
  EXPECT_GT(asked, 120);
  EXPECT_TRUE(server.process().running()) << server.process().err();
}

// Good clients beside those whose second input has other numbers of rows.
TEST(SharedRuns, GoodClientsGetTheirOwnAnswersBesideBadOnes) {
  SharedServer server;
  ASSERT_NE(server.port(), 0) << server.process().err();
  std::atomic<int64_t> right{0}, wrong{0}, refused{0}, strange{0};
  std::vector<std::thread> threads;
  for (int client = 0; client < 8; ++client) {
    threads.emplace_back([&, client] {
      Client connection(server.port());
      const int mine = 1000 * (client + 1);
      const std::string wanted = fmt::format("\"data\":[{0},{0},{0},{0}]", mine + 1);
      for (int i = 0; i < 300; ++i) {
        Reply reply = connection.post("/v2/models/unnamed/infer", v2(1, 1, mine));
        (reply.status == 200 && reply.body.find(wanted) != std::string::npos ? right : wrong) += 1;
      }
    });
  }
  for (const auto& [a, b] : std::vector<std::pair<int64_t, int64_t>>{{2, 1}, {1, 2}, {1, 5}}) {
    threads.emplace_back([&, a = a, b = b] {
      Client connection(server.port());
      for (int i = 0; i < 200; ++i) {
        const int status = i % 2 == 0 ? connection.post("/v2/models/unnamed/infer", v2(a, b)).status
                                      : connection.post("/v1/models/unnamed:predict", columns(a, b)).status;
        (status == 400 ? refused : strange) += 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * 300);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(refused, 3 * 200);
  EXPECT_EQ(strange, 0);
  EXPECT_TRUE(server.process().running()) << server.process().err();
}

TEST(SharedRuns, AModelThatMixesRowsAnswersForTheRequestAlone) {
  SharedServer server;
  ASSERT_NE(server.port(), 0) << server.process().err();
  EXPECT_EQ(server.post("/v1/models/sorting:predict", R"({"inputs":[5,-1,-2,-3,-4]})").body,
            R"({"outputs":[-4.0,-3.0,-2.0,-1.0,5.0]})");
  std::atomic<int64_t> right{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int client = 0; client < 8; ++client) {
    threads.emplace_back([&, client] {
      Client connection(server.port());
      const std::string word = client % 2 == 0 ? "a" : "b";
      const std::string answer = client % 2 == 0 ? R"({"outputs":[0.0]})" : R"({"outputs":[2.0]})";
      for (int i = 0; i < 200; ++i) {
        Reply reply = connection.post("/v1/models/mixing:predict", R"({"inputs":[")" + word + "\"]}");
        (reply.status == 200 && reply.body == answer ? right : wrong) += 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * 200);
  EXPECT_EQ(wrong, 0);
  const std::string log = server.process().err() + server.process().out();
  EXPECT_NE(log.find("model mixing version 1: requests run one by one: output \"y\": ReduceSum"), std::string::npos)
      << log;
}

TEST(SharedRuns, AModelThatRefusesOneRowIsServed) {
  SharedServer server;
  ASSERT_NE(server.port(), 0) << server.process().err();
  EXPECT_EQ(server.post("/v1/models/pairing:predict", R"({"inputs":[[1,2],[3,4]]})").body,
            R"({"outputs":[[1.0,2.0,3.0,4.0]]})");
  EXPECT_EQ(server.post("/v1/models/pairing:predict", R"({"inputs":[[1,2]]})").status, 400);
}

}  // namespace
}  // namespace slipway
