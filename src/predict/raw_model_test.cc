// Raw data through a model's own preparation: bit for bit what training computed, from the file as from memory.
#include "predict/raw_model.h"

#include <sys/stat.h>

#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include "data/batches.h"
#include "data/json_rows.h"
#include "data/source.h"
#include "formats/onnx.h"
#include "predict/csv_blocks.h"
#include "predict/raw_reader.h"
#include "predict/scoring.h"
#include "support/archives.h"
#include "support/echo_model.h"
#include "support/folder_test.h"
#include "support/pictures.h"
#include "support/sounds.h"
#include "tensor/npy.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// The rows of all that a reader gives, run through the predictor's front.
std::vector<float> prepared(const RawModel& predictor, const fs::path& path,
                            std::vector<std::string>* truth = nullptr) {
  auto reader =
      open_raw(path, predictor, truth != nullptr ? std::vector<std::string>{"y"} : std::vector<std::string>());
  EXPECT_TRUE(reader.ok()) << reader.status().message();
  std::vector<float> all;
  for (;;) {
    Result<RawRows> rows = (*reader)->next(3);
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    if (!rows.ok() || rows->ids.empty()) return all;
    Result<std::vector<Tensor>> tensors = predictor.tensors(rows->inputs);
    EXPECT_TRUE(tensors.ok()) << tensors.status().message();
    std::span<const float> x = (*tensors)[0].data<float>();
    all.insert(all.end(), x.begin(), x.end());
    if (truth != nullptr) truth->insert(truth->end(), rows->columns[0].begin(), rows->columns[0].end());
  }
}

// What training feeds for the examples of `data`, in order.
std::vector<float> trained_on(const Dataset& data) {
  BatchStream stream(data, {.size = data.size(), .shuffle = false});
  stream.start(0);
  Tensor x(DType::f32, {data.size(), data.width()}), none;
  stream.next(x, none);
  return {x.data<float>().begin(), x.data<float>().end()};
}

// A model that gives back what it takes, with the data's preparation, written and read as an ONNX file.
Graph travelled(const Dataset& data) {
  Result<std::string> bytes = write_onnx(echo_model(data));
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  Result<Graph> back = read_onnx(*bytes);
  EXPECT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->inputs.size(), 1u) << "in memory a model takes its tensors";
  EXPECT_EQ(back->value(back->inputs[0]).name, "input");
  return *back;
}

class Prepared : public FolderTest {
 protected:
  fs::path write(const std::string& name, const std::string& bytes) const { return put(name, bytes); }
};

constexpr const char* kTrain =
    "area,city,input,since,flag,y\n"
    "131.8,Bern,1,2020-01-31,yes,10.5\n"
    "62.25,\"O'Fallon, IL\",2,2021-05-01,no,7\n"
    "NA,Bern,4,2019-12-24,?,9.25\n"
    "88,K\xC3\xB6ln,8,NA,yes,8\n";

TEST_F(Prepared, ATableIsPreparedBitForBitFromTheFile) {
  DataSource source{.path = write("t.csv", kTrain), .test_path = write("u.csv", kTrain)};
  source.tabular.missing_indicator = true;
  source.tabular.missing = Missing::most_frequent;
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->test));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  std::vector<std::string> truth;
  EXPECT_EQ(prepared(*predictor, source.test_path, &truth), trained_on(data->test));
  EXPECT_THAT(truth, ElementsAre("10.5", "7", "9.25", "8"));
  EXPECT_EQ(predictor->inputs()[2].name, "input") << "a column may be called as the model's own input";

  // Other columns, another order, none of the target.
  fs::path turned = write("v.csv", "flag,extra,since,input,city,area\nyes,1,2020-01-31,1,Bern,131.8\n");
  std::vector<float> first = trained_on(data->test);
  first.resize(static_cast<size_t>(data->test.width()));
  EXPECT_EQ(prepared(*predictor, turned), first);
  fs::path lines = write(
      "v.jsonl", "{\"flag\":\"yes\",\"since\":\"2020-01-31\",\"input\":1,\"city\":\"Bern\",\"area\":\"131.8\"}\n");
  EXPECT_EQ(prepared(*predictor, lines), first);
}

TEST_F(Prepared, BatchesOfALargeTableAreThoseOfAWholeOne) {
  DataSource source{.path = write("t.csv", kTrain), .test_path = write("u.csv", kTrain)};
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->test));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  std::string text = "area,city,input,since,flag,y\n";
  constexpr size_t kRows = 40'000;  // more than a block of the file
  while (text.size() < kRows * 32) text += "131.8,Bern,1,2020-01-31,yes,10.5\n";
  auto reader = open_raw(write("large.csv", text), *predictor);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  std::vector<size_t> sizes;
  std::string last;
  for (;;) {
    Result<RawRows> rows = (*reader)->next(256);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    if (rows->ids.empty()) break;
    sizes.push_back(rows->ids.size());
    last = rows->ids.back();
  }
  ASSERT_GT(sizes.size(), 140u);
  sizes.pop_back();
  EXPECT_THAT(sizes, testing::Each(256u));
  EXPECT_EQ(last, std::to_string(std::ranges::count(text, '\n'))) << "its line";
}

TEST_F(Prepared, WhatATableMustHave) {
  DataSource source{.path = write("t.csv", kTrain), .test_path = write("u.csv", kTrain)};
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->test));
  ASSERT_TRUE(predictor.ok());
  auto why = [&](const char* text) {
    auto reader = open_raw(write("w.csv", text), *predictor);
    return reader.ok() ? (*reader)->next(9).status().message() : reader.status().message();
  };
  EXPECT_THAT(why("area,city,input,flag\n1,a,2,b\n"), HasSubstr("there is no column \"since\""));
  EXPECT_THAT(why("area,city,input,since,flag\n1,a,2,,b\nx,a,2,,b\n"),
              HasSubstr("line 3: column \"area\": expected a number as in the training rows, found \"x\""));
  EXPECT_THAT(why("area,city,input,since,flag\n1,a,2,may,b\n"), HasSubstr("line 2: column \"since\": expected a date"));
}

std::string png(uint32_t width, uint32_t height, uint8_t seed) {
  std::vector<uint8_t> pixels(size_t{3} * width * height);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(seed * 31 + i * 7);
  return png_bytes(width, height, PNG_FORMAT_RGB, pixels);
}

TEST_F(Prepared, ImagesArePreparedBitForBitFromTheFile) {
  for (const char* part : {"train", "test"}) {
    for (uint8_t i = 0; i < 4; ++i) {
      write(std::string("images/") + part + (i % 2 == 0 ? "/cat/" : "/dog/") + std::to_string(i) + ".png",
            png(9 + i, 7, i));
    }
  }
  DataSource source{.kind = "images", .path = folder_.path() / "images"};
  source.images = {.height = 5, .width = 6};
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->test));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  std::vector<std::string> truth;
  EXPECT_EQ(prepared(*predictor, source.path / "test", &truth), trained_on(data->test));
  EXPECT_THAT(truth, ElementsAre("cat", "cat", "dog", "dog"));
  EXPECT_THAT(predictor->run(std::vector<Tensor>{Tensor::of<std::string>({1}, {"no image"})}).status().message(),
              HasSubstr("row 1: offset 0: expected a JPEG or PNG file"));
}

std::string wav(uint32_t rate, size_t count) {
  std::vector<int16_t> samples;
  for (size_t i = 0; i < count; ++i) samples.push_back(static_cast<int16_t>((i * i * 37) % 20000));
  return wav_bytes(samples, rate);
}

TEST_F(Prepared, SoundsArePreparedBitForBitFromTheFile) {
  for (const char* part : {"train", "test"}) {
    write(std::string("sounds/") + part + "/no/a.wav", wav(8000, 700));
    write(std::string("sounds/") + part + "/yes/b.wav", wav(11025, 2000));
  }
  DataSource source{.kind = "audio", .path = folder_.path() / "sounds"};
  source.audio = {.spectrum = {.rate = 8000, .fft = 256, .window = 200, .hop = 80, .mels = 8}, .seconds = 0.1};
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->test));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  EXPECT_EQ(prepared(*predictor, source.path / "test"), trained_on(data->test));
}

TEST_F(Prepared, TextsArePreparedBitForBitFromTheFile) {
  DataSource source{.kind = "text", .path = write("t.txt", "to be or not to be that is the question")};
  source.text.sequence_length = 5;
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->train));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  std::vector<float> windows = trained_on(data->train);
  windows.resize(10);
  EXPECT_EQ(prepared(*predictor, write("lines.txt", "to be\n or n\n")), windows) << "the first two windows";
}

TEST_F(Prepared, LabelledTextsArePreparedBitForBitFromTheFile) {
  const char* table = "label,review\ngood,\"a lovely, clever film\"\nbad,a dull film\ngood,lovely\nbad,None\n";
  DataSource source{.kind = "texts", .path = write("t.csv", table), .test_path = write("u.csv", table)};
  source.targets.columns = {"label"};
  source.text.sequence_length = 3;
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->test));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  EXPECT_EQ(predictor->inputs()[0].name, "review");
  EXPECT_EQ(predictor->inputs()[0].words, "3 tokens");
  EXPECT_EQ(prepared(*predictor, source.test_path), trained_on(data->test));
  std::vector<float> first = trained_on(data->test);
  first.resize(3);
  EXPECT_EQ(prepared(*predictor, write("v.jsonl", "\"a lovely, clever film\"\n")), first);
  EXPECT_EQ(prepared(*predictor, write("texts/one.txt", "a lovely, clever film").parent_path()), first);
}

TEST_F(Prepared, ASeriesIsPreparedBitForBitFromTheFile) {
  std::string table = "day,y,z\n";
  for (int i = 11; i >= 0; --i) {
    table += "2024-01-" + std::to_string(10 + i) + "," + std::to_string(i * i) + "," + (i == 5 ? "" : "0.3") + "\n";
  }
  DataSource source{.kind = "series", .path = write("s.csv", table)};
  source.series = {.time = "day", .window = 3, .horizon = 2, .step = 1, .season = 0};
  source.targets.columns = {"y"};
  source.test_fraction = 0;
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->train));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  EXPECT_EQ(predictor->inputs()[0].kind, RawInput::Kind::series);
  EXPECT_THAT(predictor->inputs()[0].words, HasSubstr("3 values in time; mean 42.1667"));
  EXPECT_THAT(predictor->answer_names(2), ElementsAre("y +1", "y +2"));
  std::vector<float> all = prepared(*predictor, source.path), trained = trained_on(data->train);
  EXPECT_EQ(all.size(), trained.size() + 2 * 6) << "the last two windows tell what is yet to come";
  all.resize(trained.size());
  EXPECT_EQ(all, trained);

  auto reader = open_raw(source.path, *predictor, {"day"}, true);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  Result<RawRows> rows = (*reader)->next(100);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ(to_string(rows->labels), to_string(data->train.labels));
  EXPECT_EQ(rows->columns[0][0], "2024-01-12") << "the last day that is looked at";
  EXPECT_EQ(rows->ids[0], "11") << "its line";
  EXPECT_THAT(open_raw(write("short.csv", "day,y,z\n2024-01-01,1,2\n"), *predictor).status().message(),
              HasSubstr("expected at least 3 rows, 3 to look at, found 1"));
  fs::path lines = write("v.jsonl", "{\"y\": [0, 1, 4], \"z\": [0.3, null, 0.3]}\n");
  trained.resize(6);
  EXPECT_EQ(prepared(*predictor, lines), trained);
}

TEST_F(Prepared, ArraysArePreparedBitForBitAndAFileTakesTheScaledOnes) {
  Dataset data;
  data.name = "pixels";
  data.inputs = Tensor::of<uint8_t>({3, 2, 2}, {0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6});
  data.labels = Tensor::of<int64_t>({3}, {0, 1, 1});
  data.classes = {"a", "b"};
  data.scaling.scale = {1.f / 255};
  const Graph model = travelled(data);
  EXPECT_EQ((*preparation_joined(model)).value(preparation_joined(model)->inputs[0]).dtype, DType::f32);
  Result<RawModel> predictor = RawModel::create(model);
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  EXPECT_EQ(predictor->inputs()[0].kind, RawInput::Kind::tensor);
  EXPECT_EQ(predictor->inputs()[0].words, "times 0.00392157");
  const fs::path file = folder_.path() / "x.npy";
  ASSERT_TRUE(save_npy(file, data.inputs).ok());
  EXPECT_EQ(prepared(*predictor, file), trained_on(data));
  ASSERT_TRUE(save_npy(file, data.inputs.cast(DType::f32)).ok());
  EXPECT_THAT(open_raw(file, *predictor).status().message(), HasSubstr("expected uint8, found float32"));
}

// The answers of `predictor` on a table against its truth.
Json scored(const RawModel& predictor, const fs::path& path) {
  Result<std::vector<std::string>> columns = truth_columns(predictor, "");
  EXPECT_TRUE(columns.ok()) << columns.status().message();
  auto reader = open_raw(path, predictor, *columns, true);
  EXPECT_TRUE(reader.ok()) << reader.status().message();
  Result<Scores> scores = Scores::create(predictor);
  EXPECT_TRUE(scores.ok()) << scores.status().message();
  for (;;) {
    Result<RawRows> rows = (*reader)->next(2);
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    if (!rows.ok() || rows->ids.empty()) return scores->result();
    Result<Tensor> labels = labels_of(predictor, *rows, path.string());
    EXPECT_TRUE(labels.ok()) << labels.status().message();
    if (labels.ok()) scores->add((*predictor.run(rows->inputs))[0], *labels);
  }
}

TEST_F(Prepared, AnArchiveHasTheTruthBesideItsArrays) {
  Dataset data;
  data.name = "pairs";
  data.inputs = Tensor::of<float>({2, 2}, {1, 2, 3, 4});
  data.labels = Tensor::of<int64_t>({2}, {0, 1});
  data.classes = {"a", "b"};
  Result<RawModel> predictor = RawModel::create(travelled(data));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  const Json told = scored(*predictor, write("x.npz", numpy_archive()));
  EXPECT_EQ(told["examples"].as_int(), 2);
  EXPECT_EQ(told["confusion_matrix"].dump(), "[[0,1],[0,1]]") << "the second number is always the larger one";
}

TEST_F(Prepared, ATableIsReadAsTrainingReadIt) {
  const std::string table =
      "gr\xF6\xDF"
      "e;ort;y\n1,5;K\xF6ln;1\n-999;Ulm;2\n2.000,25;none;3\n";
  DataSource source{.path = write("t.csv", table), .test_path = write("u.csv", table)};
  source.csv.encoding = "latin-1";
  source.csv.cells.decimal = ',';
  source.csv.cells.missing = {"-999"};
  source.csv.cells.not_missing = {"none"};
  source.tabular.task = Task::regression;
  source.targets.columns = {"y"};
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->test));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  EXPECT_EQ(predictor->inputs()[0].name,
            "gr\xC3\xB6\xC3\x9F"
            "e");
  EXPECT_EQ(prepared(*predictor, source.test_path), trained_on(data->test));
  std::vector<float> first = trained_on(data->test);
  first.resize(static_cast<size_t>(data->test.width()));
  EXPECT_EQ(prepared(*predictor, write("v.jsonl",
                                       "{\"gr\xC3\xB6\xC3\x9F"
                                       "e\": \"1,5\", \"ort\": \"K\xC3\xB6ln\"}\n")),
            first);
}

// A model that answers the features themselves says the truth where these are the targets.
TEST_F(Prepared, SeveralTargetsAreScored) {
  const char* table = "a,b,high,low\n0,1,0,1\n1,0,1,0\n1,1,1,1\n0,0,0,1\n";
  DataSource source{.path = write("t.csv", table), .test_path = write("u.csv", table)};
  source.targets.columns = {"high", "low"};
  source.tabular.standardize = false;
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> labels = RawModel::create(travelled(data->test));
  ASSERT_TRUE(labels.ok()) << labels.status().message();
  EXPECT_EQ(labels->kind(), AnswerKind::labels);
  const Json told = scored(*labels, source.test_path);
  EXPECT_EQ(told["classes"].items()[0]["name"].as_string(), "high");
  EXPECT_EQ(told["classes"].items()[0]["recall"].as_double(), 1);
  EXPECT_EQ(told["confusion_matrix"].items()[1].dump(), "[[1,0],[1,2]]") << "low: one is taken for none";
  EXPECT_EQ(told["calibration"]["bins"].items().size(), 2u);
  EXPECT_THAT(score_picture(told, {}), HasSubstr("precision (blue) and recall (orange)"));
  EXPECT_THAT(truth_columns(*labels, "high").status().message(), HasSubstr("the model tells high, low together"));

  const char* numbers = "a,b,up,down\n0,1,0,1\n1,0,1,2\n";
  source.path = write("n.csv", numbers);
  source.test_path = write("m.csv", numbers);
  source.targets.columns = {"up", "down"};
  data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Result<RawModel> predictor = RawModel::create(travelled(data->test));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  EXPECT_THAT(predictor->answer_names(2), ElementsAre("up", "down"));
  EXPECT_EQ(scored(*predictor, source.test_path)["mae"].as_double(), 0.5) << "the last number is off by two";
  EXPECT_THAT(score_picture(scored(*predictor, source.test_path), {{1, 1.5}, {2, 2}}), HasSubstr("told and true"));
}

TEST(ScorePicture, NamesAreText) {
  const Json result =
      *Json::parse(R"({"classes":[{"name":"<a>"},{"name":"b&c"}],"confusion_matrix":[[3,1],[0,4]],)"
                   R"("calibration":{"ece":0.1,"bins":[{"examples":8,"confidence":0.75,"accuracy":0.875}]}})");
  const std::string svg = score_picture(result, {});
  EXPECT_THAT(svg, HasSubstr(">&lt;a&gt;</text>"));
  EXPECT_THAT(svg, HasSubstr(">b&amp;c</text>"));
  EXPECT_THAT(svg, HasSubstr(R"(fill-opacity="0.750")")) << "three of four";
  EXPECT_THAT(svg, HasSubstr("calibration (expected error 0.100)"));
  EXPECT_THAT(score_picture(Json::object(), {}), HasSubstr("</svg>")) << "without a number";
}

TEST(CsvBlocks, EndWhereNoQuoteIsOpen) {
  EXPECT_EQ(end_of_rows("a,b\n1,2\n3", ','), 8u);
  EXPECT_EQ(end_of_rows("a,\"b\n1\",2", ','), 0u);
  EXPECT_EQ(end_of_rows("5\" disk,b\nx", ','), 10u) << "a quote within a cell is a letter";
  EXPECT_EQ(end_of_rows("\"a\"\"\n\",b\nx", ','), 9u);
}

TEST(CsvBlocks, ComeThroughAPipe) {
  TemporaryDirectory folder;
  const std::filesystem::path pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  constexpr int64_t kRows = 300'000;  // more than a block
  const std::jthread writer([&] {
    std::ofstream file(pipe, std::ios::binary);
    file << "a,b\n";
    for (int64_t i = 0; i < kRows; ++i) file << i << "," << 2 * i << "\n";
  });
  Result<CsvBlocks> blocks = CsvBlocks::open(pipe, {});
  ASSERT_TRUE(blocks.ok()) << blocks.status().message();
  int64_t rows = 0;
  for (;;) {
    Result<CsvTable> table = blocks->next();
    ASSERT_TRUE(table.ok()) << table.status().message();
    if (table->rows.empty()) break;
    EXPECT_EQ(table->rows.front()[0], std::to_string(rows));
    rows += static_cast<int64_t>(table->rows.size());
  }
  EXPECT_EQ(rows, kRows);
}

TEST(RawRows, AFileIsNamedWhereARowWas) {
  RawRows rows;
  rows.ids = {"photos/a.png", "photos/b.png"};
  EXPECT_EQ(at_row(invalid("DecodeImage node \"d\": row 2: offset 0: expected a PNG file"), rows).message(),
            "photos/b.png: offset 0: expected a PNG file");
  EXPECT_EQ(at_row(invalid("row 3: no such"), rows).message(), "row 3: no such");
  EXPECT_EQ(at_row(invalid("out of memory"), rows).message(), "out of memory");
  rows.ids = {"17", "18"};
  EXPECT_EQ(at_row(invalid("row 2: no date"), rows).message(), "row 2: no date") << "lines are told elsewhere";
}

TEST(JsonRows, SayWhatIsWrong) {
  const std::vector<RawInput> inputs = {{"area", RawInput::Kind::number, tensor_type(DType::f32), ""},
                                        {"city", RawInput::Kind::category, tensor_type(DType::string), ""}};
  auto made = [&](const char* text) {
    return tensors_of({*Json::parse(text)}, inputs, {}, [](size_t row) { return "row " + std::to_string(row + 1); });
  };
  Result<std::vector<Tensor>> row = made(R"({"city": 8001, "area": "12.5"})");
  ASSERT_TRUE(row.ok()) << row.status().message();
  EXPECT_EQ((*row)[0].data<float>()[0], 12.5f);
  EXPECT_EQ((*row)[1].data<std::string>()[0], "8001");
  EXPECT_TRUE(std::isnan((*made(R"({"city": null, "area": null})"))[0].data<float>()[0]));
  EXPECT_THAT(made(R"({"area": 1})").status().message(), HasSubstr("row 1: \"city\" is missing; give null"));
  EXPECT_THAT(made(R"({"area": 1, "ctiy": "Ulm"})").status().message(),
              HasSubstr("row 1: \"city\" is missing; the row has \"ctiy\": is that meant?"));
  EXPECT_THAT(made(R"({"area": "big", "city": "a"})").status().message(),
              HasSubstr("row 1: \"area\": expected a number, or null where it is missing, found \"big\""));
  EXPECT_THAT(made(R"([1, 2])").status().message(), HasSubstr("expected an object with a member for each column"));
}

}  // namespace
}  // namespace slipway
