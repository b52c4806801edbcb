// Own data: a stranger's raw files through the recipes for them, from the file to what is said, measured and told.
#include <png.h>

#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "support/folder_test.h"
#include "support/pictures.h"
#include "support/places.h"
#include "support/program.h"
#include "support/serving.h"
#include "support/sounds.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class OwnData : public FolderTest {
 protected:
  // A recipe of ours that tests on a table of its own.
  std::string with_test(const std::string& recipe, const std::string& test) {
    std::string text = *read_file(source_folder() / "recipes" / (recipe + ".toml"));
    const std::string path = "path = \"table.csv\"";
    const size_t at = text.find(path);
    EXPECT_NE(at, std::string::npos);
    return put(recipe + ".toml", text.replace(at, path.size(), path + "\ntest_path = \"" + test + "\""));
  }
  std::string ours(const std::string& recipe) { return (source_folder() / "recipes" / (recipe + ".toml")).string(); }

  // The result of a recipe on `data`; the model is kept.
  Json trained(const std::string& recipe, const std::string& data) {
    Outcome outcome = run_slipway({"train", recipe, "--data", data, "-o", model(), "--json", "--threads", "1"});
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    const size_t last = outcome.out.rfind("{\"result\"");
    EXPECT_NE(last, std::string::npos) << outcome.out;
    if (last == std::string::npos) return {};
    understood_ = (*Json::parse(outcome.out.substr(0, outcome.out.find('\n'))))["data"];
    return (*Json::parse(outcome.out.substr(last)))["result"];
  }

  std::string model() const { return path("m.onnx"); }

  std::string said(const std::vector<std::string>& words) {
    Outcome outcome = run_slipway(words);
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    return outcome.out;
  }
  Json evaluated(const std::string& data) {
    const std::string picture = path("m.svg");
    Result<Json> json = Json::parse(said({"evaluate", model(), data, "--json", "--picture", picture}));
    EXPECT_TRUE(json.ok());
    EXPECT_THAT(*read_file(picture), ::testing::StartsWith("<svg"));
    return json.ok() ? *json : Json();
  }
  // The answers to each row; those of the model's version in a store are the same.
  std::vector<Json> predicted(const std::string& data, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"predict", model(), data, "--format", "json"};
    words.insert(words.end(), more.begin(), more.end());
    const std::string out = said(words);
    said({"publish", model(), store(), "own"});
    words[1] = store() + "/own/1";
    EXPECT_EQ(said(words), out);
    std::vector<Json> answers;
    for (size_t begin = 0; begin < out.size();) {
      const size_t end = out.find('\n', begin);
      answers.push_back(*Json::parse(out.substr(begin, end - begin)));
      begin = end + 1;
    }
    return answers;
  }
  std::string store() const { return path("models"); }

  // The accuracy that `slipway publish` measures on labelled data.
  double published_accuracy(const std::string& data) {
    const std::string to = path("measured");
    said({"publish", model(), to, "own", "--data", data});
    return (*Json::parse(said({"store", "show", to, "own", "--json"})))["metrics"]["accuracy"].as_double();
  }

  // The share of answers whose file lies in the folder of the class that was told.
  static double right_folders(const std::vector<Json>& answers) {
    double right = 0;
    for (const Json& each : answers) {
      const fs::path file = each["row"].as_string();
      right += file.parent_path().filename() == each["prediction"].as_string() ? 1 : 0;
    }
    return right / static_cast<double>(answers.size());
  }

  Json understood_;
};

testing::Reply asked(const ServerProcess& server, const std::string& path, const std::string& body) {
  testing::Client client(server.port());
  return client.post(path, body);
}

// Prices of a mixed table with missing cells, by default settings; then through a server.
TEST_F(OwnData, PricesOfAMixedTable) {
  Random random(7);
  const char* towns[] = {"Bern", "Thun", "Biel", "Köln, Altstadt"};
  std::string parts[2];
  for (int i = 0; i < 800; ++i) {
    const double area = 30 + 170 * random.uniform(), rooms = 1 + static_cast<double>(random.below(6));
    const size_t town = random.below(4);
    const int year = 1950 + static_cast<int>(random.below(70));
    const double price = 90'000 + 3'900 * area + 12'000 * rooms + 60'000 * static_cast<double>(town % 3) +
                         900 * (year - 1950) + 15'000 * random.normal();
    parts[i % 5 == 0] += fmt::format("{},{:.1f},{},\"{}\",{}-06-30,{:.0f}\n", i, area,
                                     i % 40 == 3 ? "NA" : fmt::format("{}", rooms), towns[town], year, price);
  }
  const std::string header = "id,area,rooms,town,built,price\n";
  const std::string table = put("table.csv", header + parts[0]), test = put("test.csv", header + parts[1]);
  const Json result = trained(with_test("prices", "test.csv"), table);
  EXPECT_GT(result["test_r2"].as_double(), 0.8);
  EXPECT_THAT(said({"inspect", model()}), HasSubstr("raw     rooms: number; missing counts as"));
  EXPECT_THAT(said({"inspect", model()}), HasSubstr("target  price; mean"));
  const Json measured = evaluated(test);
  for (const char* metric : {"r2", "mae", "rmse"}) {
    EXPECT_EQ(measured[metric].as_double(), result[std::string("test_") + metric].as_double()) << metric;
  }
  const std::vector<Json> answers = predicted(test, {"--echo", "price"});
  ASSERT_EQ(answers.size(), 160u);
  double error = 0;
  for (const Json& each : answers)
    error += std::abs(each["prediction"].as_double() - std::stod(each["price"].as_string()));
  EXPECT_NEAR(error / 160, measured["mae"].as_double(), 1) << "in the price's own unit";

  // Towns that training never saw are told, once, and answered all the same.
  const std::string strange = put("strange.csv",
                                  "id,area,rooms,town,built,price\n1,50,2,Genf,1960-06-30,1\n"
                                  "2,60,2,Zug,1960-06-30,1\n3,70,2,Genf,1960-06-30,1\n"
                                  "4,80,2,Thun,1960-06-30,1\n5,80,2,,1960-06-30,1\n");
  const Outcome told_of = run_slipway({"predict", model(), strange});
  EXPECT_EQ(told_of.exit, 0);
  EXPECT_EQ(
      told_of.err,
      "Note: column \"town\": 3 of 5 rows have a value that training never saw, which the model takes for none of "
      "those it knows: \"Genf\" (2), \"Zug\" (1)\n");
  EXPECT_EQ(evaluated(strange)["unseen_values"].dump(), R"({"town":{"rows":3,"of":5,"values":{"Genf":2,"Zug":1}}})");
  EXPECT_TRUE(evaluated(test)["unseen_values"].is_null());

  ServerProcess server(store());
  ASSERT_NE(server.port(), 0);
  const std::string row = R"({"id": 0, "area": 131.8, "rooms": null, "town": "Bern", "built": "1999-06-30"})";
  const std::string lines = put("one.jsonl", row + "\n");
  const auto number = [](const Json& json) { return static_cast<float>(json.as_double()); };
  const float told = number((*Json::parse(said({"predict", model(), lines, "--format", "json"})))["prediction"]);
  testing::Reply reply = asked(server, "/v1/models/own:predict", "{\"instances\":[" + row + "]}");
  EXPECT_EQ(number((*Json::parse(reply.body))["predictions"].items()[0].items()[0]), told) << reply.body;
  reply = asked(server, "/v1/models/own:regress", "{\"examples\":[" + row + "]}");
  EXPECT_EQ(number((*Json::parse(reply.body))["results"].items()[0]), told) << reply.body;
  reply = asked(server, "/v1/models/own:classify", "{\"examples\":[" + row + "]}");
  EXPECT_EQ(reply.status, 400) << reply.body;
  reply = asked(server, "/v2/models/own/infer", R"({"inputs":[
    {"name":"id","shape":[1],"datatype":"INT64","data":[0]},{"name":"area","shape":[1],"datatype":"FP64","data":[131.8]},
    {"name":"rooms","shape":[1],"datatype":"BYTES","data":[""]},{"name":"town","shape":[1],"datatype":"BYTES","data":["Bern"]},
    {"name":"built","shape":[1,1],"datatype":"BYTES","data":["1999-06-30"]}]})");
  EXPECT_EQ(number((*Json::parse(reply.body))["outputs"].items()[0]["data"].items()[0]), told) << reply.body;
  for (const char* bare : {"[1,131.8,4,0,0]", "[[1,131.8,4,0,0]]"}) {
    reply = asked(server, "/v1/models/own:predict", fmt::format("{{\"instances\":[{}]}}", bare));
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("takes, by name, \\\"id\\\" (number), \\\"area\\\" (number)"));
  }
  testing::Client client(server.port());
  EXPECT_THAT(client.get("/v1/models/own/metadata").body, HasSubstr("\"town\""));
  EXPECT_THAT(client.get("/v2/models/own").body, HasSubstr(R"({"name":"town","datatype":"BYTES","shape":[-1]})"));
}

// The header and the rows behind the first `begin`.
std::string table_rows(const std::string& text, int begin) {
  size_t at = text.find('\n') + 1;
  const std::string header = text.substr(0, at);
  for (int row = 0; row < begin; ++row) at = text.find('\n', at) + 1;
  return header + text.substr(at);
}

TEST_F(OwnData, AnImbalancedTable) {
  Random random(1);
  std::string text = ",age,town,income,default\n";
  for (int i = 0; i < 1500; ++i) {
    const double age = 20 + 50 * random.uniform(), income = 1000 + 4000 * random.uniform();
    const bool yes = age < 32 && income < 2500 + 300 * random.normal();
    text += fmt::format("{},{:.0f},{},{},{}\n", i, age, random.below(2) == 0 ? "Ulm" : "Köln",
                        i % 50 == 0 ? "NA" : fmt::format("{:.2f}", income), yes ? "yes" : "no");
  }
  const std::string table = put("table.csv", text), rest = put("test.csv", table_rows(text, 1200));
  const Json result = trained(with_test("imbalanced", "test.csv"), table);
  EXPECT_GT(result["test_auc"].as_double(), 0.9);
  EXPECT_GT(result["test_classes"].items()[1]["recall"].as_double(), 0.7) << "the rare class is found";
  EXPECT_THAT(understood_["notes"].dump(), HasSubstr("only numbers the rows"));
  EXPECT_EQ(understood_["columns"].items()[3]["missing"].as_int(), 30);

  const Json measured = evaluated(rest);
  for (const char* metric : {"accuracy", "auc", "pr_auc", "f1"}) {
    if (result[std::string("test_") + metric].is_null()) continue;
    EXPECT_EQ(measured[metric].as_double(), result[std::string("test_") + metric].as_double()) << metric;
  }
  EXPECT_EQ(measured["classes"].items()[1]["name"].as_string(), "yes");
  EXPECT_GT(measured["calibration"]["bins"].items().size(), 2u);
  EXPECT_THAT(said({"evaluate", model(), rest, "--slice", "town"}), HasSubstr("town Köln: "));
  const std::vector<Json> answers = predicted(rest, {"--echo", "default"});
  double right = 0;
  for (const Json& each : answers) right += each["prediction"].as_string() == each["default"].as_string() ? 1 : 0;
  EXPECT_EQ(right / static_cast<double>(answers.size()), measured["accuracy"].as_double());

  ServerProcess server(store());
  ASSERT_NE(server.port(), 0);
  const std::string body =
      R"({"examples":[{"age":25,"town":"Ulm","income":1500},{"age":60,"town":null,"income":"NA"}]})";
  testing::Reply reply = asked(server, "/v1/models/own:classify", body);
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json results = (*Json::parse(reply.body))["results"];
  EXPECT_EQ(results.items()[0].items()[0].items()[0].as_string(), "yes") << "the likeliest first";
  EXPECT_EQ(results.items()[1].items()[0].items()[0].as_string(), "no");
  testing::Client client(server.port());
  const Json metadata = *Json::parse(client.get("/v1/models/own/metadata").body);
  EXPECT_EQ(metadata["metadata"]["classes"].dump(), R"(["no","yes"])");
  EXPECT_THAT(client.get("/v2/models/own").body, HasSubstr(R"("classes":["no","yes"])"));
}

// The usual model of a yes or a no: one sigmoid, measured wherever labelled data is given.
TEST_F(OwnData, OneAnswerIsMeasuredWhenPublished) {
  Random random(4);
  std::string text = "age,income,default\n";
  for (int i = 0; i < 400; ++i) {
    const double age = 20 + 50 * random.uniform(), income = 1000 + 4000 * random.uniform();
    text +=
        fmt::format("{:.0f},{:.0f},{}\n", age, income, age + income / 100 + 5 * random.normal() < 70 ? "yes" : "no");
  }
  const std::string table = put("table.csv", text);
  for (const char* activation : {"sigmoid", "linear"}) {
    const std::string recipe = put("one.toml", fmt::format(R"(seed = 1
[data]
kind = "csv"
path = "table.csv"
[model]
layers = [{{ type = "Dense", units = 1, activation = "{}" }}]
[train]
loss = "binary_crossentropy"
epochs = 5
)",
                                                           activation));
    trained(recipe, table);
    const double accuracy = evaluated(table)["accuracy"].as_double();
    EXPECT_GT(accuracy, 0.7) << activation;
    EXPECT_EQ(published_accuracy(table), accuracy) << activation;
  }
}

TEST_F(OwnData, LabelsThatHoldAtOnce) {
  Random random(2);
  std::string text = "fights,kisses,jokes,labels\n";
  for (int i = 0; i < 600; ++i) {
    const double fights = random.uniform(), kisses = random.uniform(), jokes = random.uniform();
    std::string labels;
    for (const auto& [name, much] :
         {std::pair("action", fights > 0.5), std::pair("love", kisses > 0.5), std::pair("fun", jokes > 0.6)}) {
      if (much) labels += (labels.empty() ? "" : "|") + std::string(name);
    }
    text += fmt::format("{:.3f},{:.3f},{:.3f},{}\n", fights, kisses, jokes, labels);
  }
  const std::string rest = put("test.csv", table_rows(text, 500));
  const Json result = trained(with_test("labels", "test.csv"), put("table.csv", text));
  EXPECT_GT(result["test_auc"].as_double(), 0.95);
  EXPECT_GT(result["test_f1"].as_double(), 0.85);
  EXPECT_EQ(result["test_classes"].items().size(), 3u);
  EXPECT_EQ(understood_["target"]["task"].as_string(), "labels");
  const Json measured = evaluated(rest);
  EXPECT_EQ(measured["auc"].as_double(), result["test_auc"].as_double());
  EXPECT_EQ(measured["f1"].as_double(), result["test_f1"].as_double());
  EXPECT_EQ(published_accuracy(rest), measured["accuracy"].as_double());
  const std::string sure = put("sure.csv", "fights,kisses,jokes\n0.95,0.9,0.05\n0.02,0.03,0.02\n");
  const std::vector<Json> answers = predicted(sure);
  EXPECT_EQ(answers[0]["prediction"].as_string(), "action;love");
  EXPECT_EQ(answers[1]["prediction"].as_string(), "");
}

TEST_F(OwnData, AMonthlySeriesBeatsTheNaiveForecast) {
  Random random(3);
  std::string text = "month,passengers\n";
  for (int i = 0; i < 180; ++i) {
    const double season = 60 * std::sin(i * 2 * M_PI / 12);
    text += fmt::format("{}-{:02},{:.1f}\n", 2000 + i / 12, i % 12 + 1, 150 + 1.8 * i + season + 5 * random.normal());
  }
  const std::string series = put("series.csv", text);
  const Json result = trained(ours("monthly"), series);
  const Json& forecast = result["forecast"];
  EXPECT_LT(result["test_mae"].as_double(), forecast["last"]["mae"].as_double());
  EXPECT_LT(result["test_mae"].as_double(), forecast["seasonal"]["mae"].as_double());
  EXPECT_LT(result["test_mase"].as_double(), 1);
  EXPECT_EQ(evaluated(series)["examples"].as_int(), 180 - 24) << "each row that has 24 before it";
  const std::vector<Json> answers = predicted(series);
  ASSERT_EQ(answers.size(), 180u - 24 + 1);
  const double next = answers.back()["prediction"].as_double(), season = 60 * std::sin(180 * 2 * M_PI / 12);
  EXPECT_NEAR(next, 150 + 1.8 * 180 + season, 25) << "the month behind the last row";
}

TEST_F(OwnData, AFolderOfPictures) {
  Random random(4);
  for (int i = 0; i < 60; ++i) {
    // Stripes that lie or stand, of any colour.
    std::vector<uint8_t> pixels;
    const uint64_t width = 3 + random.below(3), shift = random.below(6), color = random.below(3);
    for (uint64_t y = 0; y < 32; ++y) {
      for (uint64_t x = 0; x < 32; ++x) {
        const bool lit = ((i % 2 == 0 ? x : y) + shift) / width % 2 == 0;
        for (uint64_t c = 0; c < 3; ++c)
          pixels.push_back(lit && c == color ? 255 : static_cast<uint8_t>(random.below(40)));
      }
    }
    put(fmt::format("pictures/{}/{}/{}.png", i < 48 ? "train" : "test", i % 2 == 0 ? "standing" : "lying", i),
        png_bytes(32, 32, PNG_FORMAT_RGB, pixels));
  }
  put("pictures/train/lying/old.bmp", "BM");
  const Json result = trained(ours("pictures"), path("pictures"));
  EXPECT_GT(result["test_accuracy"].as_double(), 0.9);
  EXPECT_THAT(understood_["skipped"].dump(), HasSubstr(R"({"why":"ending in .bmp","files":1,)"));
  const std::string test = path("pictures/test");
  EXPECT_EQ(evaluated(test)["accuracy"].as_double(), result["test_accuracy"].as_double());
  EXPECT_EQ(right_folders(predicted(test)), result["test_accuracy"].as_double());

  ServerProcess server(store());
  ASSERT_NE(server.port(), 0);
  const fs::path file = folder_.path() / "pictures/test/standing/48.png";
  const Json one = *Json::parse(said({"predict", model(), file.string(), "--format", "json"}));
  const std::string b64 = base64_encode(*read_file(file));
  testing::Reply reply =
      asked(server, "/v1/models/own:classify", R"({"examples":[{"image":{"b64":")" + b64 + R"("}}]})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json best = (*Json::parse(reply.body))["results"].items()[0].items()[0];
  EXPECT_EQ(best.items()[0].as_string(), one["prediction"].as_string());
  EXPECT_EQ(best.items()[1].as_double(), one["score"].as_double());
  reply = asked(server, "/v1/models/own:predict", R"({"instances":[{"b64":")" + b64 + R"("}]})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  reply = asked(server, "/v1/models/own:predict", R"({"instances":[[[[0.5]]]]})");
  EXPECT_EQ(reply.status, 400) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("\\\"image\\\" (image)"));
}

TEST_F(OwnData, AFolderOfSounds) {
  Random random(5);
  for (int i = 0; i < 60; ++i) {
    // A tone that rises or falls.
    std::vector<int16_t> samples;
    const double low = 300 + 300 * random.uniform(), phase = 6 * random.uniform();
    for (int t = 0; t < 4000; ++t) {
      const double along = i % 2 == 0 ? t / 4000.0 : 1 - t / 4000.0;
      const double tone = std::sin(phase + t * 2 * M_PI * (low + 500 * along) / 8000);
      samples.push_back(static_cast<int16_t>(8000 * tone + 300 * random.normal()));
    }
    put(fmt::format("sounds/{}/{}/{}.wav", i < 48 ? "train" : "test", i % 2 == 0 ? "rising" : "falling", i),
        wav_bytes(samples, 8000));
  }
  const Json result = trained(ours("sounds"), path("sounds"));
  EXPECT_GT(result["test_accuracy"].as_double(), 0.9);
  const std::string test = path("sounds/test");
  EXPECT_EQ(evaluated(test)["accuracy"].as_double(), result["test_accuracy"].as_double());
  EXPECT_EQ(right_folders(predicted(test)), result["test_accuracy"].as_double());
  const std::string one = test + "/rising/48.wav", two = test + "/falling/49.wav";
  const std::string table = said({"predict", model(), one, two});
  EXPECT_THAT(table, HasSubstr("row,prediction,score\n" + one + ","));
  EXPECT_THAT(table, HasSubstr("\n" + two + ","));
}

TEST_F(OwnData, ATableOfTexts) {
  Random random(6);
  const std::vector<std::string> good = {"lovely", "great", "moving", "clever"},
                                 bad = {"dull", "poor", "empty", "silly"};
  const std::vector<std::string> other = {"the", "film", "is", "a", "story", "of", "people", "and", "music", "it"};
  std::string text = "review,opinion\n";
  for (int i = 0; i < 300; ++i) {
    const size_t place = random.below(8);
    std::string words;
    for (size_t word = 0; word < 8; ++word) {
      const auto& from = word != place ? other : i % 2 == 0 ? good : bad;
      words += (word == 0 ? "" : " ") + from[random.below(from.size())];
    }
    text += fmt::format("\"{}.\",{}\n", words, i % 2 == 0 ? "good" : "bad");
  }
  const std::string table = put("reviews.csv", text);
  const Json result = trained(ours("texts"), table);
  EXPECT_GT(result["test_accuracy"].as_double(), 0.9);
  EXPECT_THAT(understood_["source"].as_string(), HasSubstr("tokens of kind word"));
  EXPECT_GT(evaluated(table)["accuracy"].as_double(), 0.9);
  const std::vector<Json> answers =
      predicted(put("new.txt", "the film is a lovely story of people.\nthe music is dull and people.\n"));
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0]["prediction"].as_string(), "good");
  EXPECT_EQ(answers[1]["prediction"].as_string(), "bad");
}

TEST_F(OwnData, WhatIsOffIsSaidBeforeAndAfter) {
  std::string text = "a,b\n";
  for (int i = 0; i < 40; ++i) text += fmt::format("{},{}\n", i == 20 ? "oops" : fmt::format("{}", i * i % 17), i % 2);
  const std::string table = put("t.csv", text);
  const std::string recipe = put("r.toml",
                                 "[data]\nkind = \"csv\"\npath = \"t.csv\"\n[model]\nlayers = [\n"
                                 "{ type = \"Dense\", units = 2, activation = \"sofmax\" },\n]\n");
  Outcome refused = run_slipway({"train", recipe});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, HasSubstr("r.toml:3: "));
  EXPECT_THAT(refused.err, HasSubstr("line 22: column \"a\": expected a number as in 39 of 40 cells, found \"oops\""));
  put("t.csv", text.replace(text.find("oops"), 4, "NA"));
  Outcome layer = run_slipway({"train", recipe});
  EXPECT_EQ(layer.exit, 2);
  EXPECT_THAT(layer.err, HasSubstr("r.toml:6: layer 1 (Dense): "));
  EXPECT_THAT(layer.err, HasSubstr("Note: no target was named: the last column, \"b\", was taken"));
}

}  // namespace
}  // namespace slipway
