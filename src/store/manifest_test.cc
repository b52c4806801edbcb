// Manifests: golden JSON, round trip, errors that name the member.
#include "store/manifest.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

Manifest example() {
  Manifest m;
  m.name = "digits";
  m.version = 3;
  m.created_us = 1'700'000'000'000'000;
  m.note = "int8";
  m.signature.inputs = {{.name = "image", .dtype = DType::f32, .dims = {Dim::named("batch"), Dim(784), Dim()}}};
  m.signature.outputs = {{.name = "y", .dtype = DType::f32, .any_rank = true}};
  m.signature.classes = {"zero", "one"};
  m.metrics = Json::object({{"accuracy", 0.978}});
  m.lineage = {.data_hash = "d", .recipe = "[data]\n", .parent = 2, .commit = "c", .made_by = "test"};
  m.files["model.onnx"] = std::string(64, 'a');
  return m;
}

TEST(Manifest, GoldenJson) {
  EXPECT_EQ(
      to_json(example()).dump(),
      R"({"name":"digits","version":3,"created_us":1700000000000000,"note":"int8","signature":{"inputs":[{"name":)"
      R"("image","dtype":"float32","shape":["batch",784,null]}],"outputs":[{"name":"y","dtype":"float32","shape":)"
      R"(null}],"classes":["zero","one"]},"metrics":{)"
      R"("accuracy":0.978},"lineage":{"data_hash":"d","recipe":"[data]\n","parent":2,"commit":"c","made_by":"test"},)"
      R"("files":{"model.onnx":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}})");
}

TEST(Manifest, RoundTrip) {
  std::string text = to_json(example()).dump(2);
  Result<Json> json = Json::parse(text);
  ASSERT_TRUE(json.ok());
  Result<Manifest> back = manifest_from_json(*json);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(to_json(*back).dump(2), text);
  EXPECT_EQ(back->signature.inputs[0].dims[0].symbol, "batch");
  EXPECT_FALSE(back->signature.inputs[0].dims[2].known());
  EXPECT_TRUE(back->signature.outputs[0].any_rank);
}

TEST(Manifest, EveryMemberIsRequired) {
  Json whole = to_json(example());
  for (const auto& [key, value] : whole.members()) {
    Json without = Json::object();
    for (const auto& [other, kept] : whole.members()) {
      if (other != key) without.set(other, kept);
    }
    EXPECT_EQ(manifest_from_json(without).status().message(), "expected a member \"" + key + "\"; it is missing");
  }
}

TEST(Manifest, ErrorsNameTheMember) {
  const std::tuple<const char*, const char*, const char*> table[] = {
      {"signature", R"({"inputs":[{"name":1}]})", "signature: inputs[0]: \"name\": expected a string, found 1"},
      {"signature", R"({"inputs":[{"name":"x","dtype":"float31"}]})",
       "signature: inputs[0]: \"dtype\": expected an element type such as \"float32\", found \"float31\""},
      {"signature", R"({"inputs":[{"name":"x","dtype":"float32","shape":[-2]}]})",
       "signature: inputs[0]: \"shape\": expected sizes >= 0, names or null, found -2"},
      {"version", R"("3")", "\"version\": expected an integer, found \"3\""},
      {"files", R"({"model.onnx":"ab"})", "\"model.onnx\": expected a SHA-256 of 64 digits, found \"ab\""},
  };
  for (const auto& [key, value, message] : table) {
    Json json = to_json(example());
    json.set(key, *Json::parse(value));
    EXPECT_EQ(manifest_from_json(json).status().message(), message);
  }
}

}  // namespace
}  // namespace slipway
