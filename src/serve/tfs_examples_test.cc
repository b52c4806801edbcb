// Examples over HTTP: classes and numbers for the rows of models that take tensors, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/server.h"
#include "support/serving.h"

namespace slipway {
namespace {

using testing::Client;
using testing::FakeSession;
using testing::FakeSource;
using ::testing::HasSubstr;

// "number" doubles a number, "kind" tells one of three classes by doubled scores.
class Examples : public ::testing::Test {
 protected:
  void SetUp() override {
    source_.publish("number");
    source_.publish("kind");
    ServerOptions options;
    options.http.threads = 1;
    options.answer_limit = 200;
    Result<std::unique_ptr<Server>> server =
        Server::start(options, &source_, [](const std::string& model, int64_t) -> Result<LoadedModel> {
          LoadedModel loaded{.session = std::make_unique<FakeSession>(2.0f, model == "number" ? 1 : 3)};
          if (model == "kind") loaded.meaning = {AnswerKind::classes, true, {"a", "b", "c"}};
          return loaded;
        });
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }
  // What `call` answers to a body, with the status where it is not 200.
  std::string told(const std::string& call, const std::string& body) const {
    const testing::Reply reply = Client(server_->port()).post("/v1/models/" + call, body);
    return reply.status == 200 ? reply.body : std::to_string(reply.status) + " " + reply.body;
  }

  FakeSource source_;
  std::unique_ptr<Server> server_;
};

TEST_F(Examples, RowsOfTensorsAreAnswered) {
  EXPECT_EQ(told("number:regress", R"({"examples":[[1],{"x":[-2.25]}]})"),
            R"(400 {"error":"Expecting value/list but got object at item 1 of input list"})");
  EXPECT_EQ(told("number:regress", R"({"examples":[{"x":[1]},{"x":[-2.25]}]})"), R"({"results":[2,-4.5]})");
  EXPECT_EQ(told("kind:classify", R"({"signature_name":"tensors","examples":[[0.125,0.25,0.0625],[0.5,0,0]],"x":1})"),
            R"({"results":[[["b",0.5],["a",0.25],["c",0.125]],[["a",1],["b",0],["c",0]]]})");
}

TEST_F(Examples, WhatIsNoListOfRowsIsRefused) {
  EXPECT_EQ(told("number:regress", R"({"instances":[[1]]})"),
            R"(400 {"error":"expected \"examples\", a list of rows"})");
  EXPECT_EQ(told("number:regress", R"({"examples":{"x":[1]}})"),
            R"(400 {"error":"expected \"examples\", a list of rows"})");
  EXPECT_EQ(told("number:regress", R"({"examples":[]})"),
            R"(400 {"error":"JSON Value: [] No values in 'instances' array"})");
  EXPECT_EQ(told("number:regress", R"({"examples":[[1]])"),
            R"(400 {"error":"JSON Parse error: Missing a comma or } after an object member. at offset: 17"})");
  EXPECT_EQ(told("number:regress", "[[1]]"), R"(400 {"error":"expected \"examples\", a list of rows"})");
}

TEST_F(Examples, EachModelGivesItsKindOfAnswerWithinTheLimit) {
  EXPECT_EQ(told("number:classify", R"({"examples":[[1]]})"),
            R"(400 {"error":"model number tells no classes; :predict answers its numbers"})");
  EXPECT_EQ(told("kind:regress", R"({"examples":[[1,2,3]]})"),
            R"(400 {"error":"model kind tells classes; :classify answers them"})");
  std::string rows = "[1]";
  for (int i = 0; i < 100; ++i) rows += ",[1]";
  std::string triples = "[1,2,3]";
  for (int i = 0; i < 10; ++i) triples += ",[1,2,3]";
  EXPECT_THAT(told("kind:classify", "{\"examples\":[" + triples + "]}"),
              HasSubstr("400 {\"error\":\"the answer is larger than the limit of 200 bytes"));
  EXPECT_THAT(told("number:regress", "{\"examples\":[" + rows + "]}"),
              HasSubstr("400 {\"error\":\"the answer is larger than the limit of 200 bytes"));
}

}  // namespace
}  // namespace slipway
