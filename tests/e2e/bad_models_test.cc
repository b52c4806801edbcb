// Bad models through every verb that reads one: cut off, damaged, of another kind, wrong inside.
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "convert/write.h"
#include "formats/format.h"
#include "formats/onnx.h"
#include "store/store.h"
#include "support/bad_input.h"
#include "support/folder_test.h"
#include "support/onnx_text.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::onnx_bytes;

class BadModels : public FolderTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write_model(small_model(), path("good.onnx")).ok());
    ASSERT_TRUE(write_converted(small_model(), path("good.tflite")).ok());
    put("kept.onnx", "what was there before");
  }

  // Every verb refuses the model with the same words, and what was there stays.
  void expect_refused_everywhere(const std::string& model, int exit, const std::vector<std::string>& says) {
    std::string recipe = put("from_model.toml", fmt::format("[data]\nkind = \"digits\"\nexamples = 20\ntest_examples = "
                                                            "5\n[model]\nfile = \"{}\"\n[train]\nepochs = 1\n",
                                                            model));
    std::map<std::string, std::string> before = contents(folder_.path());
    expect_refused({{"inspect", model}, exit, says});
    expect_refused({{"convert", model, path("kept.onnx")}, exit, says});
    expect_refused({{"convert", model, path("new.tflite")}, exit, says});
    expect_refused({{"optimize", model, path("kept.onnx"), "--quantize", "dynamic"}, exit, says});
    expect_refused({{"train", recipe, "-o", path("kept.onnx")}, exit, says});
    EXPECT_EQ(contents(folder_.path()), before);
  }
};

TEST_F(BadModels, WhatIsNoModelIsNamedByEveryVerb) {
  std::string noise;
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) noise += static_cast<char>(random());
  expect_refused_everywhere(path("none.onnx"), 3, {"none.onnx", "No such file", "check the path"});
  fs::create_directory(path("folder.onnx"));
  expect_refused_everywhere(path("folder.onnx"), 2, {"folder.onnx", "Is a directory", "a file is expected"});
  expect_refused_everywhere(put("empty.onnx", ""), 4, {"empty.onnx", "not an ONNX model", "export it again"});
  expect_refused_everywhere(put("noise.onnx", noise), 4, {"noise.onnx", "3000 bytes", "export it again"});
  expect_refused_everywhere(put("noise.tflite", noise), 4, {"noise.tflite", "expected \"TFL3\"", "other bytes"});
  expect_refused_everywhere(put("noise.bin", noise), 2, {"noise.bin", "known model format", ".onnx, .tflite"});
}

TEST_F(BadModels, OtherKindsUnderTheNameOfOne) {
  struct Row {
    const char* name;
    std::string bytes;
    std::vector<std::string> says;
  };
  std::string onnx = bytes_of("good.onnx"), tflite = bytes_of("good.tflite");
  const Row rows[] = {
      {"text.onnx", "ir_version: 8\ngraph { name: \"g\" }\n", {"not an ONNX model"}},
      {"html.onnx", "<!DOCTYPE html><html><body>404</body></html>", {"not an ONNX model", "fetch"}},
      {"lfs.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", {"not an ONNX model"}},
      {"really_tflite.onnx", tflite, {"not an ONNX model"}},
      {"really_onnx.tflite", onnx, {"not a TensorFlow Lite file"}},
      {"empty.tflite", "", {"not a TensorFlow Lite file", "found fewer"}},
  };
  for (const Row& row : rows) {
    std::vector<std::string> says = row.says;
    says.emplace_back(row.name);
    expect_refused({{"inspect", put(row.name, row.bytes)}, 4, says});
  }
}

TEST_F(BadModels, CutOffAnywhere) {
  for (const char* name : {"good.onnx", "good.tflite"}) {
    std::string whole = bytes_of(name);
    for (size_t part = 0; part < 16; ++part) {
      std::string cut = put(std::string("cut_") + name, whole.substr(0, whole.size() * part / 16));
      expect_refused({{"inspect", cut}, 4, {"cut_"}});
    }
    std::string cut = put(std::string("cut_") + name, whole.substr(0, whole.size() - 1));
    expect_refused({{"convert", cut, path("kept.onnx")}, 4, {"cut_"}});
  }
  EXPECT_EQ(bytes_of("kept.onnx"), "what was there before");
}

TEST_F(BadModels, WrongInside) {
  struct Row {
    const char* name;
    std::string graph;
    std::vector<std::string> says;
  };
  const Row rows[] = {
      {"unknown_operator", "g (float[2] x) => (float[2] y) { y = Frobnicate(x) }", {"Frobnicate"}},
      {"unknown_domain", "g (float[2] x) => (float[2] y) { y = other.Thing(x) }", {"Thing", "slipway operators"}},
      {"unsorted", "g (float[2] x) => (float[2] y) { y = Relu(z) z = Neg(x) }", {"z"}},
      {"cycle", "g (float[2] x) => (float[2] y) { y = Add(x, z) z = Relu(y) }", {"z"}},
      {"missing_value", "g (float[2] x) => (float[2] y) { y = Add(x, nowhere) }", {"nowhere"}},
      {"twice", "g (float[2] x) => (float[2] y) { y = Relu(x) y = Neg(x) }", {"\"y\" is produced twice"}},
      {"no_output", "g (float[2] x) => (float[2] y) { z = Relu(x) }", {"y"}},
      {"shapes", "g (float[2,3] x, float[4,5] w) => (float[2,5] y) { y = MatMul(x, w) }", {"MatMul"}},
      {"types", "g (float[2] x, int64[2] w) => (float[2] y) { y = Add(x, w) }", {"Add"}},
      {"too_few", "g (float[2] x) => (float[2] y) { y = Add(x) }", {"Add"}},
  };
  for (const Row& row : rows) {
    std::string file = put(std::string(row.name) + ".onnx", onnx_bytes(13, row.graph));
    Outcome outcome = run_slipway({"convert", file, path("kept.onnx"), "--verify"});
    EXPECT_TRUE(outcome.exit == 2 || outcome.exit == 4 || outcome.exit == 5) << row.name << ": " << outcome.exit;
    std::vector<std::string> says = row.says;
    says.push_back(std::string(row.name) + ".onnx");
    expect_refused({{"convert", file, path("kept.onnx"), "--verify"}, outcome.exit, says});
  }
  EXPECT_EQ(bytes_of("kept.onnx"), "what was there before");
}

TEST_F(BadModels, ExternalDataMustBeThereAndBesideTheModel) {
  put("secret", std::string(48, 's'));
  fs::create_directory(path("inner"));
  for (const auto& [location, says] : std::map<std::string, std::string>{{"none.data", "none.data"},
                                                                         {"../secret", "below the model's folder"},
                                                                         {"/etc/passwd", "below the model's folder"},
                                                                         {"short.data", "short.data"}}) {
    onnx::ModelProto model = testing::parsed(*write_onnx(small_model()));
    onnx::TensorProto* kernel = model.mutable_graph()->mutable_initializer(0);
    kernel->clear_raw_data();
    kernel->set_data_location(onnx::TensorProto::EXTERNAL);
    auto* entry = kernel->add_external_data();
    entry->set_key("location");
    entry->set_value(location);
    put("inner/short.data", "abc");
    std::string file = put("inner/outside.onnx", model.SerializeAsString());
    Outcome outcome = run_slipway({"inspect", file});
    EXPECT_NE(outcome.exit, 0) << location;
    expect_refused({{"inspect", file}, outcome.exit, {"outside.onnx", says, kernel->name()}});
    EXPECT_LT(outcome.exit, 6) << outcome.err;
  }
}

TEST_F(BadModels, WhereNothingCanBeWritten) {
  std::string good = path("good.onnx");
  expect_refused(
      {{"convert", good, path("none/out.onnx")}, 3, {"none", "No such file or directory", "check the path"}});
  expect_refused({{"convert", good, path("out.h5")}, 2, {"out.h5", "extension", ".onnx or .tflite"}});
  expect_refused({{"convert", good, folder_.path().string()}, 2, {folder_.path().string(), "extension"}});
  fs::create_directory(path("dir.onnx"));
  expect_refused({{"convert", good, path("dir.onnx")}, 2, {"dir.onnx", "expected a file", "found a folder"}});
  expect_refused({{"optimize", good, path("none/out.onnx"), "--quantize", "dynamic"}, 3, {"none", "check the path"}});
  expect_refused({{"optimize", good, path("out.onnx")}, 2, {"nothing to do", "--prune FRACTION"}});
  expect_refused({{"optimize", good, path("out.onnx"), "--prune", "1.5"}, 2, {"1.5"}});
  expect_refused({{"optimize", good, path("out.onnx"), "--quantize", "int3"}, 2, {"int3", "dynamic"}});
  expect_refused({{"inspect", good, "--bind", "batch"}, 2, {"--bind batch", "NAME=SIZE", "batch=8"}});
  expect_refused({{"conformance", path("none")}, 3, {"none", "folder"}});
  expect_refused({{"conformance", good}, 3, {"good.onnx", "folder"}});
}

TEST_F(BadModels, ABadVersionInTheStoreIsNotServedAndSaysWhy) {
  fs::path store = folder_.path() / "store";
  ASSERT_EQ(publish_small(store, "m"), 1);
  Draft draft;
  draft.files["model.onnx"] = bytes_of("good.onnx").substr(0, 100);
  Store opened = *Store::open(store);
  ASSERT_TRUE(opened.publish("bad", draft).ok());
  ServerProcess server(store);
  ASSERT_NE(server.port(), 0) << server.err();
  EXPECT_NE(server.err().find("model bad version 1 is not served: "), std::string::npos) << server.err();
  EXPECT_NE(server.err().find("not an ONNX model"), std::string::npos) << server.err();
  EXPECT_NE(server.err().find("model m serves version 1"), std::string::npos) << server.err();
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace slipway
