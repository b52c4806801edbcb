// Interactions: who did what with which thing, one a line (RecBole's ".inter" files): ids for embeddings and a rating.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace slipway {

// Names of columns. The header's cells are name:type, as in "user_id:token	item_id:token	rating:float".
struct InteractionOptions {
  std::string user = "user_id";
  std::string item = "item_id";
  std::string target = "rating";
};

// As read: the texts of both ids and the rating of every line.
struct Interactions {
  std::vector<std::string> users;  // distinct, sorted (numbers by value)
  std::vector<std::string> items;
  std::vector<uint32_t> user_of;  // by line, into `users`
  std::vector<uint32_t> item_of;
  std::vector<float> ratings;
};

// Tab separated, the header first; columns that are not asked for may hold anything. Errors name the line: a column
// that is missing or of another type (token for ids, float for the target), a line with too few cells, no number.
Result<Interactions> parse_interactions(std::string_view text, std::string_view name,
                                        const InteractionOptions& options);

// inputs: float32 [N, 2], the user's and the item's index, counted from 1 in the training file's order: 0 stands for
// one that was not there; labels: float32 [N, 1]; features: both names; preparation: that of a table with both columns.
// Files may be gzipped.
Result<DataPair> load_interactions(const std::filesystem::path& path, const std::filesystem::path& test_path,
                                   double test_fraction, uint64_t seed, const InteractionOptions& options);

}  // namespace slipway
