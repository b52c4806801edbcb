// ONNX models read and written: structure, functions, subgraphs, external data, damage.
#include "formats/onnx.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "support/onnx_text.h"
#include "support/places.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

Graph read(const std::string& bytes) {
  Result<Graph> graph = read_onnx(bytes);
  EXPECT_TRUE(graph.ok()) << graph.status().to_string();
  return graph.ok() ? *graph : Graph();
}

Graph round_trip(const Graph& graph, int opset = 17) {
  WriteOptions options;
  options.opset = opset;
  Result<std::string> bytes = write_onnx(graph, options);
  EXPECT_TRUE(bytes.ok()) << bytes.status().to_string();
  if (!bytes.ok()) return {};
  if (opset <= 17) {
    EXPECT_EQ(testing::checker_complaint(*bytes), "");
  }
  return read(*bytes);
}

std::string error(const std::string& bytes) {
  Result<Graph> graph = read_onnx(bytes);
  return graph.ok() ? "ok" : graph.status().to_string();
}

constexpr const char* kMlp =
    "mlp (float[batch, 4] x) => (float[batch, 2] y) "
    "<float[4, 2] w = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0}, float[2] b = {0.5, -0.5}> "
    "{ h = Gemm(x, w, b) y = Relu(h) }";

TEST(Onnx, ReadsToGoldenText) {
  EXPECT_EQ(to_text(read(testing::onnx_bytes(13, kMlp))),
            "graph mlp {\n"
            "  input %x : float32[batch, 4]\n"
            "  constant %w : float32[4, 2] [[1, 2], [3, 4], [5, 6], [7, 8]]\n"
            "  constant %b : float32[2] [0.5, -0.5]\n"
            "  %h = Gemm(%x, %w, %b) : float32[batch, 2]\n"
            "  %y = Relu(%h) : float32[batch, 2]\n"
            "  return %y\n"
            "}\n");
}

TEST(Onnx, WritesWhatItReadAtEveryOpset) {
  Graph graph = read(testing::onnx_bytes(13, kMlp));
  graph.metadata["classes"] = "a,b";
  graph.doc = "what it does";
  for (int opset = 9; opset <= 24; ++opset) {
    Graph back = round_trip(graph, opset);
    EXPECT_EQ(to_text(back), to_text(graph)) << opset;
    EXPECT_EQ(back.metadata, graph.metadata);
    EXPECT_EQ(back.doc, graph.doc);
  }
  WriteOptions options;
  options.opset = 8;
  EXPECT_EQ(write_onnx(graph, options).status().to_string(), "INVALID_ARGUMENT: opset 8; expected 9 to 24");
}

// Models are kept at opset 17; what came later is kept where it came.
TEST(Onnx, WithoutAnOpsetTheFirstThatHasAllOperatorsIsWritten) {
  const std::pair<int, const char*> table[] = {
      {17, "g (float[N, 4] x) => (float[N, 4] y) { y = Relu(x) }"},
      {18,
       "g (float[N, 4] x) => (float[3, 4] y) {\n"
       "  s = Constant <value_ints = [3]> ()\n  y = CenterCropPad <axes = [0]> (x, s)\n}"},
      {20,
       "g (float[2, 1, 2, 2] x, float[2, 2, 3] t) => (float[2, 2, 2, 2] y) {\n"
       "  s = Constant <value_ints = [2, 1, 2, 2]> ()\n  y = AffineGrid(t, s)\n}"},
      {23,
       "g (float[N, 3, 4] q) => (float[N, 3, 4] y) { y = Attention <q_num_heads = 2, kv_num_heads = 2> (q, q, q) }"},
  };
  for (const auto& [opset, text] : table) {
    Graph graph = read(testing::onnx_bytes(std::max(opset, 17), text));
    Result<std::string> bytes = write_onnx(graph);
    ASSERT_TRUE(bytes.ok()) << text << ": " << bytes.status().to_string();
    EXPECT_EQ(testing::parsed(*bytes).opset_import(0).version(), opset) << text;
    EXPECT_EQ(to_text(read(*bytes)), to_text(graph)) << text;
    WriteOptions older;
    older.opset = opset - 1;
    if (opset > 17) {
      EXPECT_EQ(write_onnx(graph, older).status().code(), Code::unimplemented) << text;
    }
  }
}

TEST(Onnx, InitializersThatAreInputsAreConstants) {
  onnx::ModelProto model = testing::parsed(testing::onnx_bytes(13, kMlp));
  *model.mutable_graph()->add_input() = model.graph().input(0);
  model.mutable_graph()->mutable_input(1)->set_name("w");
  Graph graph = read(model.SerializeAsString());
  ASSERT_EQ(graph.inputs.size(), 1u);
  EXPECT_TRUE(graph.is_constant(graph.find("w")));
}

// Opsets 26 and 27 brought operators and types, and changed none of these.
TEST(Onnx, ReadsTheNewestOpsets) {
  const char* graph = "g (float[2] x) => (float[2] y) { t = Relu(x) y = Neg(t) }";
  for (int opset : {25, 26, 27})
    EXPECT_EQ(to_text(read(testing::onnx_bytes(opset, graph))), to_text(read(testing::onnx_bytes(21, graph)))) << opset;
  EXPECT_NE(error(testing::onnx_bytes(28, graph)).find("expected 1 to 27"), std::string::npos);
}

// Weights of 4 bits are bytes here; what would have to saturate at 4 bits is refused.
TEST(Onnx, ReadsWeightsOfFourBits) {
  constexpr int kInt4 = 22;
  auto with_packed = [&](const char* text, const char* name) {
    onnx::ModelProto model = testing::parsed(testing::onnx_bytes(21, text));
    onnx::TensorProto* w = model.mutable_graph()->add_initializer();
    w->set_name(name);
    w->set_data_type(kInt4);
    w->add_dims(2);
    w->set_raw_data("\xF7");
    return model.SerializeAsString();
  };
  Graph graph = read(with_packed("g (float[2] s) => (float[2] y) { y = DequantizeLinear<axis = 0>(w, s) }", "w"));
  EXPECT_EQ(to_string(graph.value(graph.find("w")).data), "int8[2] [7, -1]");
  std::string refused =
      error(with_packed("g (float[2] x) => (y) { s = Constant<value = float[2] {1.0, 1.0}>() "
                        "y = QuantizeLinear<axis = 0>(x, s, z) }",
                        "z"));
  EXPECT_NE(refused.find("its results are of fewer than 8 bits"), std::string::npos) << refused;
}

TEST(Onnx, InlinesFunctions) {
  Graph graph = read(testing::onnx_bytes(16,
                                         "g (float[2] x) => (float[2] y) { t = local.twice<factor = 3.0>(x) y = "
                                         "local.twice<factor = 2.0>(t) }\n"
                                         "<domain: \"local\", opset_import: [\"\" : 16, \"local\" : 1]>\n"
                                         "twice <factor> (a) => (c) { f = Constant<value_float: float = @factor>() b = "
                                         "Mul(a, f) c = local.same(b) }\n"
                                         "<domain: \"local\", opset_import: [\"\" : 16]>\n"
                                         "same (p) => (q) { q = Identity(p) }\n"));
  EXPECT_EQ(to_text(graph),
            "graph g {\n"
            "  input %x : float32[2]\n"
            "  constant %twice_1/f : float32[] 3\n"
            "  constant %twice_6/f : float32[] 2\n"
            "  %twice_1/b = Mul(%x, %twice_1/f) : float32[2]\n"
            "  %t = Identity(%twice_1/b) : float32[2]\n"
            "  %twice_6/b = Mul(%t, %twice_6/f) : float32[2]\n"
            "  %y = Identity(%twice_6/b) : float32[2]\n"
            "  return %y\n"
            "}\n");
}

TEST(Onnx, RefusesRecursiveFunctions) {
  std::string text = error(testing::onnx_bytes(16,
                                               "g (float[2] x) => (float[2] y) { y = local.f(x) }\n"
                                               "<domain: \"local\", opset_import: [\"local\" : 1]>\n"
                                               "f (a) => (b) { b = local.f(a) }\n"));
  EXPECT_NE(text.find("functions call each other over 64 deep"), std::string::npos) << text;
}

constexpr const char* kBranches =
    "g (bool c, float[2] x, float[2] z) => (float[2] y) <float[2] k = {1.0, 2.0}> {"
    "  h = Neg(x)"
    "  y = If(c) <then_branch = a() => (float[2] r) { r = Add(h, k) },"
    "             else_branch = b() => (float[2] r) { s = Sub(z, h) r = Mul(s, k) }>"
    "}";

TEST(Onnx, SubgraphsCaptureThroughInputs) {
  Graph graph = read(testing::onnx_bytes(13, kBranches));
  const Node& node = graph.nodes()[1];
  ASSERT_EQ(node.op_type, "If");
  ASSERT_EQ(node.inputs.size(), 3u);
  EXPECT_EQ(graph.value(node.inputs[1]).name, "h");
  EXPECT_EQ(graph.value(node.inputs[2]).name, "z");
  for (const char* branch : {"then_branch", "else_branch"}) {
    const auto* body = std::get_if<std::shared_ptr<const Graph>>(node.attributes.find(branch));
    ASSERT_NE(body, nullptr);
    EXPECT_EQ((*body)->captures, 2);
    EXPECT_EQ((*body)->inputs.size(), 2u);
    EXPECT_TRUE((*body)->is_constant((*body)->find("k"))) << "a constant from outside is one inside";
  }
}

TEST(Onnx, CapturesAreWrittenByName) {
  Graph graph = read(testing::onnx_bytes(13, kBranches));
  Result<std::string> bytes = write_onnx(graph);
  ASSERT_TRUE(bytes.ok()) << bytes.status().to_string();
  EXPECT_EQ(testing::checker_complaint(*bytes), "");
  onnx::ModelProto model = testing::parsed(*bytes);
  EXPECT_EQ(model.graph().initializer_size(), 1) << "the shared constant is stored once";
  const onnx::NodeProto& node = model.graph().node(1);
  EXPECT_EQ(node.input_size(), 1);
  EXPECT_EQ(testing::node_lines(node.attribute(0).g()), "r = Add(h, k)\n");
  EXPECT_EQ(testing::node_lines(node.attribute(1).g()), "s = Sub(z, h)\nr = Mul(s, k)\n");
  EXPECT_EQ(to_text(read(*bytes)), to_text(graph));
}

TEST(Onnx, NestedSubgraphsCaptureThroughEachLevel) {
  Graph graph = read(testing::onnx_bytes(13,
                                         "g (bool c, float[2] x) => (float[2] y) {"
                                         "  h = Neg(x)"
                                         "  y = If(c) <then_branch = a() => (float[2] r) {"
                                         "      r = If(c) <then_branch = aa() => (float[2] q) { q = Abs(h) },"
                                         "                 else_branch = ab() => (float[2] q) { q = Neg(h) }> },"
                                         "    else_branch = b() => (float[2] r) { r = Identity(x) }>"
                                         "}"));
  EXPECT_EQ(graph.nodes()[1].inputs.size(), 4u) << "c, then c, h and x captured";
  EXPECT_EQ(to_text(round_trip(graph)), to_text(graph));
}

TEST(Onnx, WritesNoTrainingState) {
  Graph graph = read(testing::onnx_bytes(13, kMlp));
  ValueId w = graph.find("w");
  Node node;
  node.op_type = "Neg";
  node.inputs = {w};
  node.outputs = {graph.add_value("w_next", DType::f32, Dims{4, 2})};
  graph.updates.push_back({w, node.outputs[0]});
  graph.add_node(node);
  EXPECT_EQ(round_trip(graph).nodes().size(), 2u);
}

TEST(Onnx, OutputsThatNobodyReadHaveNamesAllTheSame) {
  onnx::ModelProto model = testing::parsed(testing::onnx_bytes(
      13, "g (float[4] x) => (int64[2] i) <int64[1] k = {2}> { v, i = TopK(x, k) a, b = Split(x) }"));
  model.mutable_graph()->mutable_node(0)->set_output(0, "");
  model.mutable_graph()->mutable_node(1)->set_output(1, "");
  const Graph graph = read(model.SerializeAsString());
  EXPECT_EQ(verify(graph).message(), "");
  EXPECT_TRUE(graph.nodes()[0].has_output(0));
  EXPECT_EQ(graph.nodes()[1].outputs.size(), 1u);  // Split gives as many parts as it has outputs
}

TEST(Onnx, ErrorsSayWhatIsWrong) {
  EXPECT_NE(error("").find("not an ONNX model"), std::string::npos);
  EXPECT_NE(error("hello, this is text").find("not an ONNX model"), std::string::npos);
  EXPECT_NE(error(testing::onnx_bytes(13, "g (float[2] x) => (float[2] y) { y = Add(x, ghost) }"))
                .find("Add node (unnamed): input \"ghost\" is produced by no earlier node"),
            std::string::npos);
  EXPECT_NE(error(testing::onnx_bytes(13, "g (float[2] x) => (float[2] y) { y = Neg(x) y = Abs(x) }"))
                .find("output \"y\" is produced twice"),
            std::string::npos);
  EXPECT_NE(error(testing::onnx_bytes(13, "g (float[2] x) => (float[2] ghost) { y = Neg(x) }"))
                .find("output \"ghost\" of graph \"g\" is produced by no node"),
            std::string::npos);
  onnx::ModelProto model = testing::parsed(testing::onnx_bytes(13, kMlp));
  model.mutable_graph()->add_sparse_initializer();
  EXPECT_NE(error(model.SerializeAsString()).find("sparse initializers; save the model with dense ones"),
            std::string::npos);
  model = testing::parsed(testing::onnx_bytes(13, kMlp));
  model.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(1)
      ->set_dim_value(-5);
  EXPECT_NE(error(model.SerializeAsString()).find("value \"x\": a dimension of -5"), std::string::npos);
}

TEST(Onnx, DeepNestingIsAnErrorNotACrash) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  auto* import = model.add_opset_import();
  import->set_version(13);
  onnx::GraphProto* graph = model.mutable_graph();
  for (int i = 0; i < 5000; ++i) {
    onnx::NodeProto* node = graph->add_node();
    node->set_op_type("If");
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name("then_branch");
    attribute->set_type(onnx::AttributeProto::GRAPH);
    graph = attribute->mutable_g();
  }
  EXPECT_NE(error(model.SerializeAsString()).find("not an ONNX model, or a damaged"), std::string::npos);
}

class OnnxFile : public ::testing::Test {
 protected:
  TemporaryDirectory folder_;
};

TEST_F(OnnxFile, ExternalDataGoesBesideTheModel) {
  Graph graph;
  ValueId x = graph.add_input("x", DType::f32, Dims{1, 512});
  ValueId w = graph.add_constant("w", Tensor::of<float>({512, 2}, std::vector<float>(1024, 0.25f)));
  ValueId y = graph.add_value("y", DType::f32, Dims{1, 2});
  Node node;
  node.op_type = "MatMul";
  node.inputs = {x, w};
  node.outputs = {y};
  graph.add_node(node);
  graph.outputs = {y};
  WriteOptions options;
  options.external_data = true;
  fs::path path = folder_.path() / "model.onnx";
  ASSERT_TRUE(write_model(graph, path, options).ok());
  EXPECT_EQ(fs::file_size(folder_.path() / "model.onnx.data"), 4096u);
  EXPECT_LT(fs::file_size(path), 1000u);
  Result<Graph> back = read_model(path);
  ASSERT_TRUE(back.ok()) << back.status().to_string();
  EXPECT_TRUE(identical(back->value(back->find("w")).data, graph.value(w).data));
  EXPECT_NO_THROW(onnx::checker::check_model(path.string()));
  fs::remove(folder_.path() / "model.onnx.data");
  EXPECT_NE(read_model(path).status().message().find("put it beside the model"), std::string::npos);
}

TEST_F(OnnxFile, FormatIsPickedByNameOrContent) {
  fs::path path = folder_.path() / "weights.bin";
  ASSERT_TRUE(write_file_atomic(path, testing::onnx_bytes(13, kMlp)).ok());
  EXPECT_TRUE(read_model(path).ok());
  ASSERT_TRUE(write_file_atomic(path, "plain text").ok());
  EXPECT_NE(read_model(path).status().message().find("neither its name nor its content"), std::string::npos);
  Status status = write_model(Graph(), folder_.path() / "model.xyz");
  EXPECT_NE(status.message().find(".onnx"), std::string::npos) << status.message();
  EXPECT_EQ(read_model(folder_.path() / "absent.onnx").status().code(), Code::not_found);
}

// Models that others trained and exported.
class RealModels : public ::testing::Test {
 protected:
  std::vector<fs::path> models() {
    std::vector<fs::path> paths;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(models_folder(), error)) {
      if (fs::exists(entry.path() / "model.onnx")) paths.push_back(entry.path() / "model.onnx");
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }
};

TEST_F(RealModels, AreReadAndWritten) {
  if (models().empty()) GTEST_SKIP() << "no models in ../shared/models";
  for (const fs::path& path : models()) {
    SCOPED_TRACE(path.string());
    Result<Graph> graph = read_model(path);
    ASSERT_TRUE(graph.ok()) << graph.status().to_string();
    EXPECT_FALSE(graph->nodes().empty());
    Graph back = round_trip(*graph);
    EXPECT_EQ(back.nodes().size(), graph->nodes().size());
    EXPECT_EQ(to_text(round_trip(back)), to_text(back));
  }
}

TEST_F(RealModels, DamageIsAnErrorNotACrash) {
  std::vector<fs::path> paths = models();
  if (paths.empty()) GTEST_SKIP() << "no models in ../shared/models";
  fs::path smallest = *std::min_element(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    return fs::file_size(a) < fs::file_size(b);
  });
  std::string bytes = read_file(smallest).value();
  int refused = 0;
  for (size_t i = 0; i < 400; ++i)
    refused += !read_onnx(std::string_view(bytes).substr(0, bytes.size() * i / 400)).ok();
  EXPECT_GE(refused, 390) << "a cut off model is no model";
  Random random(7);
  for (int i = 0; i < 400; ++i) {
    std::string broken = bytes;
    for (int flips = 0; flips < 8; ++flips) {
      // Half of the flips near the front, where the structure is.
      size_t range = flips % 2 == 0 ? std::min<size_t>(broken.size(), 4096) : broken.size();
      broken[random.below(range)] = static_cast<char>(random.below(256));
    }
    Result<Graph> graph = read_onnx(broken);
    if (graph.ok() && verify(*graph).ok()) (void)write_onnx(*graph);
  }
}

}  // namespace
}  // namespace slipway
