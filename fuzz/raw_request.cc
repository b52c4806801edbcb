// Fuzz target: requests to models that prepare raw data themselves, in both protocols. Whatever is read has a row of
// the model's input for every row that was sent.
#include "serve/raw_request.h"

#include <cstdint>

#include "data/raw_fronts.h"
#include "data/table_front.h"
#include "graph/builder.h"
#include "ops/all.h"

using namespace slipway;

namespace {

// The front of a model that gives back what the preparation makes.
std::shared_ptr<const Front> front_of(const Preparation& preparation) {
  const Value& made = preparation.front.value(preparation.front.outputs[0]);
  Graph model;
  ValueId x = model.add_input("input", made.dtype, made.dims);
  Builder b(model, all_operators());
  model.outputs = {b.op("Identity", {x})};
  CHECK(set_preparation(model, preparation).ok(), "a preparation that fits");
  return Front::create(model, {.threads = 1}).value();
}

std::vector<std::shared_ptr<const Front>> fronts() {
  using Kind = ColumnEncoding::Kind;
  TabularEncoding table;
  table.header = {"a", "b", "c", "y"};
  table.columns = {{.name = "a", .index = 0, .kind = Kind::number, .mean = 2, .deviation = 3, .indicator = true},
                   {.name = "b", .index = 1, .kind = Kind::one_hot, .categories = {"x", "z"}},
                   {.name = "c", .index = 2, .kind = Kind::date}};
  table.target = 3;
  const Tokenizer tokenizer = Tokenizer::train("word", "the film is a lovely story", 20, "fuzz").value();
  return {front_of(table_preparation(table).value()), front_of(image_preparation({.height = 3, .width = 4}).value()),
          front_of(labelled_text_preparation(tokenizer, 4, "text").value()),
          front_of(series_preparation({{"s", 1, 2}, {"t", 0, 1}}, 3).value())};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<std::shared_ptr<const Front>> kFronts = fronts();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)signature_name_of(text);
  for (const std::shared_ptr<const Front>& front : kFronts) {
    for (const char* list : {"instances", "examples"}) {
      Result<PredictBody> body = read_raw_body(text, *front, list);
      if (!body.ok()) continue;
      CHECK(body->inputs.size() == 1 && body->inputs[0].rank() > 1 && body->inputs[0].dim(0) > 0, "a row of features");
    }
    for (size_t split : {size, size / 2}) {
      Result<V2Request> request = read_infer_body(text.substr(0, split), text.substr(split), "m");
      if (!request.ok()) continue;
      Result<PreparedInputs> bound = bind_raw_inputs(*request, *front, "m");
      CHECK(!bound.ok() || bound->inputs.size() == 1, "an input of the model");
    }
  }
  return 0;
}
