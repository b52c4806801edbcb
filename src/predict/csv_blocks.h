// CSV blocks: a table read a few thousand rows at a time, as load_csv() would read it whole.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "data/csv.h"

namespace slipway {

// Not thread-safe. Holds a block of the file and what is left of the one before.
class CsvBlocks {
 public:
  static Result<CsvBlocks> open(const std::filesystem::path& path, const CsvOptions& options);

  // The next rows with the file's header and lines; without rows at the end.
  Result<CsvTable> next();

 private:
  CsvBlocks() = default;
  // Reads on until a row ends, and cuts what is behind it off.
  Result<std::string> next_text();

  std::string name_;
  std::ifstream file_;
  std::string rest_;
  bool done_ = false;
  bool begun_ = false;
  CsvOptions options_;
  std::vector<std::string> header_;
  int64_t lines_ = 0;  // before the next block
};

// Where the last whole row of `text` ends: behind a line's end that is in no quotes; 0: nowhere. Quotes open at a
// cell's begin only.
size_t end_of_rows(std::string_view text, char delimiter);

}  // namespace slipway
