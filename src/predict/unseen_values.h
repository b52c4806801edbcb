// Unseen values: categories in new rows that training never saw, counted while the rows go by.
#pragma once

#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "predict/raw_model.h"

namespace slipway {

// A model takes such a value for none of those it knows, and answers all the same. Not thread-safe.
class UnseenValues {
 public:
  explicit UnseenValues(const RawModel& model);

  // One tensor for each of the model's inputs(). What is missing is not counted.
  void add(std::span<const Tensor> raw);

  // {"town": {"rows": 12, "of": 300, "values": {"Genf": 7, "Zug": 5}}}: of each column the most frequent ones, at most
  // five; of more than a thousand different ones the first thousand are counted by themselves. {}: there is none.
  Json to_json() const;
  // A sentence for each such column.
  std::vector<std::string> texts() const;

 private:
  struct Column {
    std::string name;
    size_t input = 0;
    std::unordered_set<std::string> known;
    int64_t rows = 0;  // with a value that is not known
    std::map<std::string, int64_t> values;
  };

  std::vector<Column> columns_;
  int64_t rows_ = 0;
};

}  // namespace slipway
