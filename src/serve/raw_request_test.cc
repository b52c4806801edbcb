// What a model that prepares raw data says to requests of either protocol.
#include "serve/raw_request.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/raw_fronts.h"
#include "data/table_front.h"
#include "graph/builder.h"
#include "ops/all.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<const Front> front_of(const Preparation& preparation) {
  const Value& made = preparation.front.value(preparation.front.outputs[0]);
  Graph model;
  ValueId x = model.add_input("input", made.dtype, made.dims);
  Builder b(model, all_operators());
  model.outputs = {b.op("Identity", {x})};
  EXPECT_TRUE(set_preparation(model, preparation).ok());
  return Front::create(model, {.threads = 1}).value();
}

// Features (area - 2) / 4, town=Bern, town=Thun; a missing area counts as 6.
std::shared_ptr<const Front> houses() {
  using Kind = ColumnEncoding::Kind;
  TabularEncoding table;
  table.header = {"area", "town", "price"};
  table.columns = {{.name = "area", .index = 0, .kind = Kind::number, .mean = 2, .deviation = 4, .fill = 6},
                   {.name = "town", .index = 1, .kind = Kind::one_hot, .categories = {"Bern", "Thun"}}};
  table.target = 2;
  return front_of(table_preparation(table).value());
}

std::vector<float> features(const Result<PredictBody>& body) {
  EXPECT_TRUE(body.ok()) << body.status().message();
  if (!body.ok()) return {};
  return {body->inputs[0].data<float>().begin(), body->inputs[0].data<float>().end()};
}

TEST(RawRequest, RowsAndColumnsByName) {
  const auto front = houses();
  EXPECT_THAT(
      features(read_raw_body(R"({"instances":[{"town":"Thun","area":10},{"area":null,"town":"Rom"}]})", *front)),
      ElementsAre(2, 0, 1, 1, 0, 0));
  Result<PredictBody> columns = read_raw_body(R"({"inputs":{"area":["10","NA"],"town":["Bern",null]}})", *front);
  EXPECT_THAT(features(columns), ElementsAre(2, 1, 0, 1, 0, 0));
  EXPECT_FALSE(columns->by_row);
  EXPECT_THAT(features(read_raw_body(R"({"examples":[{"area":2,"town":"Bern"}]})", *front, "examples")),
              ElementsAre(0, 1, 0));
}

TEST(RawRequest, SaysWhatIsWrong) {
  const auto front = houses();
  auto why = [&](const char* body) { return read_raw_body(body, *front).status().message(); };
  const char* names = "takes, by name, \"area\" (number), \"town\" (category)";
  EXPECT_THAT(why(R"({"instances":[[10,1,0]]})"), HasSubstr(names));
  EXPECT_THAT(why(R"({"instances":[10,1,0]})"), HasSubstr(names));
  EXPECT_THAT(why(R"({"inputs":[[10,1,0]]})"), HasSubstr(names));
  EXPECT_THAT(why(R"({"instances":[{"area":1,"town":"Bern"},{"area":1}]})"), HasSubstr("row 2: \"town\" is missing"));
  EXPECT_THAT(why(R"({"instances":[{"area":"big","town":"Bern"}]})"), HasSubstr("row 1: \"area\": expected a number"));
  EXPECT_THAT(why(R"({"instances":[{"area":1e39,"town":"Bern"}]})"), HasSubstr("float32 can hold"));
  EXPECT_THAT(why(R"({"inputs":{"area":[1,2],"town":["Bern"]}})"), HasSubstr("\"town\" has 1 values, \"area\" has 2"));
  EXPECT_THAT(why(R"({"inputs":{"area":[1]}})"), HasSubstr("\"town\": expected a list"));
  EXPECT_THAT(why(R"({"inputs":{},"instances":[]})"), HasSubstr("found both"));
  EXPECT_THAT(why(R"({"instances":[]})"), HasSubstr("expected rows, found none"));
  EXPECT_THAT(why(R"({"signature_name":"other","instances":[]})"), HasSubstr("\"other\" not found"));
  EXPECT_EQ(signature_name_of(R"({"instances":[1],"signature_name":"tensors"})"), "tensors");
  EXPECT_EQ(signature_name_of("[1"), "");
}

TEST(RawRequest, TensorsOfTheV2ProtocolByName) {
  const auto front = houses();
  auto bound = [&](const char* inputs) {
    Result<V2Request> request = read_infer_body(inputs, "", "m");
    EXPECT_TRUE(request.ok()) << request.status().message();
    return bind_raw_inputs(*request, *front, "m");
  };
  Result<PreparedInputs> rows =
      bound(R"({"inputs":[{"name":"town","shape":[2,1],"datatype":"BYTES","data":["Thun",""]},)"
            R"({"name":"area","shape":[2],"datatype":"INT32","data":[10,6]}]})");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_THAT(rows->inputs.front().data<float>(), ElementsAre(2, 0, 1, 1, 0, 0));
  EXPECT_THAT(bound(R"({"inputs":[{"name":"area","shape":[1],"datatype":"FP32","data":[1]}]})").status().message(),
              HasSubstr("inference input 'town' is missing"));
  EXPECT_THAT(bound(R"({"inputs":[{"name":"area","shape":[1],"datatype":"FP32","data":[1]},)"
                    R"({"name":"town","shape":[1],"datatype":"BYTES","data":["Bern"]},)"
                    R"({"name":"area","shape":[1],"datatype":"FP32","data":[2]}]})")
                  .status()
                  .message(),
              HasSubstr("inference input 'area' is given more than once"));
  EXPECT_THAT(
      bound(R"({"inputs":[{"name":"input","shape":[1,3],"datatype":"FP32","data":[1,0,0]}]})").status().message(),
      HasSubstr("unexpected inference input 'input'"));
  EXPECT_THAT(bound(R"({"inputs":[{"name":"area","shape":[2],"datatype":"FP32","data":[1,2]},)"
                    R"({"name":"town","shape":[1],"datatype":"BYTES","data":["Bern"]}]})")
                  .status()
                  .message(),
              HasSubstr("'town' has 1 rows, 'area' has 2"));
  EXPECT_THAT(bound(R"({"inputs":[{"name":"area","shape":[1],"datatype":"BYTES","data":["x"]},)"
                    R"({"name":"town","shape":[1],"datatype":"BYTES","data":["Bern"]}]})")
                  .status()
                  .message(),
              HasSubstr("row 1: expected a number, found \"x\""));
}

TEST(RawRequest, ASeriesIsNotATensorOfFeatures) {
  const auto front = front_of(series_preparation({{"s", 1, 2}}, 3).value());
  EXPECT_THAT(features(read_raw_body(R"({"instances":[{"s":[1,null,5]}]})", *front)), ElementsAre(0, 0, 2));
  EXPECT_THAT(features(read_raw_body(R"({"instances":[[1,3,5]]})", *front)), ElementsAre(0, 1, 2)) << "the only input";
  EXPECT_THAT(read_raw_body(R"({"instances":[{"s":[1,3]}]})", *front).status().message(),
              HasSubstr("expected an array of 3 numbers"));
}

}  // namespace
}  // namespace slipway
