// slipway store: what is printed, and the status that becomes the exit code.
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include "base/file.h"
#include "cli/verb.h"

namespace slipway {

extern const Verb verb_store;

namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Outcome {
  Status status;
  std::string out;
};

Outcome run(std::vector<std::string> arguments) {
  CLI::App app;
  std::function<Status()> verb = verb_store.declare(Arguments(app));
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return {invalid(error.what()), ""};
  }
  testing::internal::CaptureStdout();
  Status status = verb();
  return {status, testing::internal::GetCapturedStdout()};
}

struct Fixture {
  TemporaryDirectory folder;
  std::string root = folder.path().string();
  Store store = *Store::open(root);

  Fixture() {
    Draft draft;
    draft.signature.inputs = {{.name = "x", .dtype = DType::f32, .dims = {Dim::named("batch"), Dim(784)}}};
    draft.signature.classes = {"zero", "one"};
    draft.files["model.onnx"] = "bytes";
    draft.created_us = 1'700'000'000'000'000;
    for (double accuracy : {0.97, 0.98125}) {
      draft.metrics.set("accuracy", accuracy);
      CHECK(store.publish("digits", draft).ok(), "publishing into a fresh folder");
    }
  }
};

TEST(StoreVerb, Lists) {
  Fixture f;
  EXPECT_EQ(run({"list", f.root}).out,
            "MODEL   VERSIONS  LATEST  PRODUCTION\n"
            "────────────────────────────────────\n"
            "digits         2       2           2\n");
  EXPECT_EQ(run({"list", f.root, "digits"}).out,
            "VERSION  CREATED                   METRICS          ROLE        NOTE\n"
            "────────────────────────────────────────────────────────────────────\n"
            "      1  2023-11-14T22:13:20.000Z  accuracy 0.97\n"
            "      2  2023-11-14T22:13:20.000Z  accuracy 0.9812  production\n");
  Result<Json> json = Json::parse(run({"list", f.root, "--json"}).out);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["models"].dump(), R"([{"name":"digits","versions":[1,2],"production":2}])");
}

TEST(StoreVerb, ShowsProductionUnlessTold) {
  Fixture f;
  EXPECT_THAT(run({"show", f.root, "digits"}).out, HasSubstr("inputs      x float32[batch, 784]\n"));
  EXPECT_THAT(run({"show", f.root, "digits"}).out, HasSubstr("metrics     accuracy 0.9812\n"));
  EXPECT_THAT(run({"show", f.root, "digits"}).out, HasSubstr("not an ONNX model")) << "the rest is shown all the same";
  EXPECT_THAT(run({"show", f.root, "digits", "1"}).out, HasSubstr("metrics     accuracy 0.97\n"));
  EXPECT_EQ((*Json::parse(run({"show", f.root, "digits", "1", "--json"}).out))["version"].as_int(), 1);
  EXPECT_EQ(run({"show", f.root, "digits", "9"}).status.code(), Code::not_found);
}

TEST(StoreVerb, RollsBackAndPromotes) {
  Fixture f;
  EXPECT_EQ(run({"rollback", f.root, "digits", "--reason", "drift"}).out,
            "digits: version 1 is production; version 2 is rejected (drift)\n");
  EXPECT_THAT(run({"list", f.root, "digits"}).out, HasSubstr("rejected: drift"));
  EXPECT_EQ(run({"promote", f.root, "digits", "2"}).status.code(), Code::failed_precondition);
  EXPECT_EQ(run({"promote", f.root, "digits", "2", "--force"}).out, "digits: version 2 is production\n");
  EXPECT_EQ(run({"promote", f.root, "digits"}).status.code(), Code::invalid_argument);
}

TEST(StoreVerb, VerifyNamesTheDamagedVersion) {
  Fixture f;
  EXPECT_TRUE(run({"verify", f.root}).status.ok());
  ASSERT_TRUE(write_file_atomic(f.store.path("digits", 1) / "model.onnx", "other").ok());
  Outcome outcome = run({"verify", f.root});
  EXPECT_EQ(exit_code(outcome.status.code()), 4);
  EXPECT_EQ(outcome.status.message(), "1 of 2 versions do not verify");
  EXPECT_THAT(outcome.out, HasSubstr("digits        1  " + f.store.path("digits", 1).string()));
  EXPECT_THAT(outcome.out, HasSubstr("digits        2  ok\n"));
  EXPECT_TRUE(run({"verify", f.root, "digits", "2"}).status.ok());
  EXPECT_EQ(run({"verify", f.root, "nothing"}).status.code(), Code::not_found);
}

TEST(StoreVerb, ADamagedModelHidesNoOther) {
  Fixture f;
  Draft draft;
  draft.files["model.onnx"] = "bytes";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(f.store.publish("words", draft).ok());
  ASSERT_TRUE(write_file_atomic(f.folder.path() / "digits" / "state.json", "{broken").ok());
  testing::internal::CaptureStderr();
  Outcome listed = run({"list", f.root});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), AllOf(HasSubstr("Note: "), HasSubstr("digits/state.json: ")));
  EXPECT_TRUE(listed.status.ok());
  EXPECT_EQ(listed.out,
            "MODEL   VERSIONS  LATEST  PRODUCTION\n"
            "────────────────────────────────────\n"
            "digits         2       2  damaged\n"
            "words          3       3  3\n");
  testing::internal::CaptureStderr();
  Result<Json> json = Json::parse(run({"list", f.root, "--json"}).out);
  testing::internal::GetCapturedStderr();
  ASSERT_TRUE(json.ok());
  EXPECT_THAT((*json)["models"].items()[0]["error"].as_string(), HasSubstr("digits/state.json"));
  EXPECT_EQ((*json)["models"].items()[1]["production"].as_int(), 3);

  Outcome kept = run({"retain", f.root, "--keep", "1"});
  EXPECT_EQ(exit_code(kept.status.code()), 4);
  EXPECT_THAT(kept.status.message(), HasSubstr("digits/state.json"));
  EXPECT_THAT(kept.out, HasSubstr("words   1           2\n")) << "production and where a rollback goes stay";
  EXPECT_EQ(*f.store.versions("words"), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(*f.store.versions("digits"), (std::vector<int64_t>{1, 2}));
}

TEST(StoreVerb, WhyAVersionWasRejectedMakesNoColumnWide) {
  Fixture f;
  const std::string reason = "it contradicts 83 % of 412 answers that version 1 is sure of";
  ASSERT_TRUE(run({"rollback", f.root, "digits", "--reason", reason}).status.ok());
  EXPECT_THAT(run({"list", f.root, "digits"}).out,
              HasSubstr("accuracy 0.9812  rejected    rejected: " + reason + "\n"));
}

}  // namespace
}  // namespace slipway
