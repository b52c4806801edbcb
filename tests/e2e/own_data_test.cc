// Own data: a stranger's raw files through the recipes for them, from the file to what is said and measured.
#include <png.h>

#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "support/pictures.h"
#include "support/places.h"
#include "support/program.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class OwnData : public ::testing::Test {
 protected:
  std::string put(const std::string& name, const std::string& bytes) {
    const fs::path path = folder_.path() / name;
    EXPECT_TRUE(make_directories(path.parent_path()).ok());
    EXPECT_TRUE(write_file_atomic(path, bytes).ok());
    return path.string();
  }
  // The result of a recipe of ours on `data`.
  Json trained(const std::string& recipe, const std::string& data) {
    const std::string file = (source_folder() / "recipes" / (recipe + ".toml")).string();
    Outcome outcome = run_slipway(
        {"train", file, "--data", data, "--json", "--threads", "1", "--runs", (folder_.path() / "runs").string()});
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    const size_t last = outcome.out.rfind("{\"result\"");
    EXPECT_NE(last, std::string::npos) << outcome.out;
    if (last == std::string::npos) return {};
    understood_ = (*Json::parse(outcome.out.substr(0, outcome.out.find('\n'))))["data"];
    return (*Json::parse(outcome.out.substr(last)))["result"];
  }

  TemporaryDirectory folder_;
  Json understood_;
};

TEST_F(OwnData, AnImbalancedTable) {
  Random random(1);
  std::string text = ",age,town,income,default\n";
  for (int i = 0; i < 1500; ++i) {
    const double age = 20 + 50 * random.uniform(), income = 1000 + 4000 * random.uniform();
    const bool yes = age < 32 && income < 2500 + 300 * random.normal();
    text += fmt::format("{},{:.0f},{},{},{}\n", i, age, random.below(2) == 0 ? "Ulm" : "Köln",
                        i % 50 == 0 ? "NA" : fmt::format("{:.2f}", income), yes ? "yes" : "no");
  }
  const Json result = trained("imbalanced", put("table.csv", text));
  EXPECT_GT(result["test_auc"].as_double(), 0.9);
  EXPECT_GT(result["test_classes"].items()[1]["recall"].as_double(), 0.7) << "the rare class is found";
  EXPECT_THAT(understood_["notes"].dump(), HasSubstr("only counts the rows"));
  EXPECT_EQ(understood_["columns"].items()[3]["missing"].as_int(), 30);
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
  const Json result = trained("labels", put("table.csv", text));
  EXPECT_GT(result["test_auc"].as_double(), 0.95);
  EXPECT_GT(result["test_f1"].as_double(), 0.85);
  EXPECT_EQ(result["test_classes"].items().size(), 3u);
  EXPECT_EQ(understood_["target"]["task"].as_string(), "labels");
}

TEST_F(OwnData, AMonthlySeriesBeatsTheNaiveForecast) {
  Random random(3);
  std::string text = "month,passengers\n";
  for (int i = 0; i < 180; ++i) {
    const double season = 60 * std::sin(i * 2 * M_PI / 12);
    text += fmt::format("{}-{:02},{:.1f}\n", 2000 + i / 12, i % 12 + 1, 150 + 1.8 * i + season + 5 * random.normal());
  }
  const Json result = trained("monthly", put("series.csv", text));
  const Json& forecast = result["forecast"];
  EXPECT_LT(result["test_mae"].as_double(), forecast["last"]["mae"].as_double());
  EXPECT_LT(result["test_mae"].as_double(), forecast["seasonal"]["mae"].as_double());
  EXPECT_LT(result["test_mase"].as_double(), 1);
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
    put(fmt::format("pictures/{}/{}.png", i % 2 == 0 ? "standing" : "lying", i),
        png_bytes(32, 32, PNG_FORMAT_RGB, pixels));
  }
  put("pictures/lying/old.bmp", "BM");
  const Json result = trained("pictures", (folder_.path() / "pictures").string());
  EXPECT_GT(result["test_accuracy"].as_double(), 0.9);
  EXPECT_THAT(understood_["skipped"].dump(), HasSubstr(R"({"why":"ending in .bmp","files":1,)"));
}

std::string wav_bytes(const std::vector<int16_t>& samples, uint32_t rate) {
  auto number = [](uint32_t value, size_t bytes) {
    std::string text;
    for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
    return text;
  };
  const auto size = static_cast<uint32_t>(2 * samples.size());
  std::string bytes = "RIFF" + number(36 + size, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) + number(1, 2) +
                      number(rate, 4) + number(2 * rate, 4) + number(2, 2) + number(16, 2) + "data" + number(size, 4);
  for (int16_t sample : samples) bytes += number(static_cast<uint16_t>(sample), 2);
  return bytes;
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
    put(fmt::format("sounds/{}/{}.wav", i % 2 == 0 ? "rising" : "falling", i), wav_bytes(samples, 8000));
  }
  const Json result = trained("sounds", (folder_.path() / "sounds").string());
  EXPECT_GT(result["test_accuracy"].as_double(), 0.9);
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
  const Json result = trained("texts", put("reviews.csv", text));
  EXPECT_GT(result["test_accuracy"].as_double(), 0.9);
  EXPECT_THAT(understood_["source"].as_string(), HasSubstr("tokens of kind word"));
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
