// The public predictor on a table's rows and on its file.
#include "slipway/predictor.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "data/raw_fronts.h"
#include "data/source.h"
#include "formats/format.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "train/publish.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A model of the table whose scores of "no" and "yes" are its first two features.
class PublicPredictor : public testing::Test {
 protected:
  PublicPredictor() {
    const char* table = "area,town,sold\n10,Bern,no\n20,Thun,yes\n30,Bern,yes\n";
    EXPECT_TRUE(write_file_atomic(folder_.path() / "t.csv", table).ok());
    DataSource source{.path = folder_.path() / "t.csv", .test_path = folder_.path() / "t.csv"};
    source.targets.columns = {"sold"};
    Result<DataPair> data = load_dataset(source);
    EXPECT_TRUE(data.ok()) << data.status().message();
    Graph model;
    ValueId x = model.add_input("input", DType::f32, Dims{Dim::named("batch"), Dim(data->train.width())});
    Builder b(model, all_operators());
    model.outputs = {b.op("Gather", {x, b.ints({0, 1})}, {{"axis", int64_t{1}}})};
    EXPECT_TRUE(b.status().ok());
    EXPECT_TRUE(train::describe_data(data->train, model).ok());
    EXPECT_TRUE(write_model(model, folder_.path() / "m.onnx").ok());
  }
  TemporaryDirectory folder_;
};

TEST_F(PublicPredictor, AnswersRowsByTheirNames) {
  Result<Predictor> predictor = Predictor::load(folder_.path() / "m.onnx");
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  ASSERT_EQ(predictor->inputs().size(), 2u);
  EXPECT_EQ(predictor->inputs()[1].name, "town");
  EXPECT_EQ(predictor->inputs()[1].kind, "category");
  EXPECT_THAT(predictor->classes(), ElementsAre("no", "yes"));
  EXPECT_THAT(predictor->targets(), ElementsAre("sold"));

  Result<Answer> answer = predictor->predict({{"area", 30}, {"town", "Bern"}, {"further", "x"}});
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  // (30 - 20) / 8.165 = 1.2247 against 1 for Bern, through a softmax.
  EXPECT_EQ(answer->prediction, "no");
  EXPECT_NEAR(answer->score, 1 / (1 + std::exp(1 - 1.2247449)), 1e-6);
  EXPECT_EQ(answer->scores.size(), 2u);
  EXPECT_EQ(predictor->predict({{"area", 10}, {"town", "Bern"}})->prediction, "yes");
  EXPECT_TRUE(predictor->predict({{"area", RawValue()}, {"town", RawValue()}}).ok()) << "missing values";

  EXPECT_THAT(predictor->predict({{"area", 30}}).status().message(), HasSubstr("row 1: \"town\" is missing"));
  EXPECT_THAT(predictor->predict({{"area", "big"}, {"town", "Bern"}}).status().message(),
              HasSubstr("\"area\": expected a number"));
}

TEST_F(PublicPredictor, FilesAndRowsAgree) {
  Result<Predictor> predictor = Predictor::load(folder_.path() / "m.onnx");
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  Result<std::vector<Answer>> files = predictor->predict_files({folder_.path() / "t.csv", folder_.path() / "t.csv"});
  ASSERT_TRUE(files.ok()) << files.status().message();
  ASSERT_EQ(files->size(), 6u);
  EXPECT_EQ((*files)[1].row, "3");
  EXPECT_EQ((*files)[1].scores, predictor->predict({{"area", 20}, {"town", "Thun"}})->scores);
  int seen = 0;
  Status ended = predictor->predict_files({folder_.path() / "t.csv"},
                                          [&](const Answer&) { return ++seen == 2 ? invalid("enough") : Status(); });
  EXPECT_EQ(ended.message(), "enough");
  EXPECT_EQ(seen, 2);
  EXPECT_THAT(Predictor::load("nowhere.onnx").status().message(), HasSubstr("nowhere.onnx"));
}

TEST(PublicPredictorOfImages, AFileThatIsNoImageIsNamed) {
  TemporaryDirectory folder;
  Graph model;
  const Dims dims = {Dim::named("batch"), Dim(1), Dim(2), Dim(2)};
  Builder b(model, all_operators());
  model.outputs = {b.op("Flatten", {model.add_input("input", DType::f32, dims)})};
  ASSERT_TRUE(set_preparation(model, *image_preparation({.height = 2, .width = 2, .gray = true})).ok());
  ASSERT_TRUE(write_model(model, folder.path() / "m.onnx").ok());
  ASSERT_TRUE(write_file_atomic(folder.path() / "broken.png", "no picture").ok());
  Result<Predictor> predictor = Predictor::load(folder.path() / "m.onnx");
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  EXPECT_THAT(predictor->predict_files({folder.path() / "broken.png"}).status().message(),
              HasSubstr((folder.path() / "broken.png").string()));
}

}  // namespace
}  // namespace slipway
