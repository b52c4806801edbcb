// Class folders: a folder with a folder per class and the examples as files in them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace slipway {

// Files that are left out for one reason: "3 files, ending in .bmp, the first: …".
struct SkippedFiles {
  std::string why;
  int64_t files = 0;
  std::string first;  // its path
};

struct ClassFolder {
  std::filesystem::path path;
  std::vector<std::string> classes;          // names of the folders, sorted
  std::vector<std::filesystem::path> files;  // by class, then by name
  std::vector<int64_t> labels;               // of the files
  std::vector<SkippedFiles> skipped;         // by their ending
};

// Files whose ending (in any case) is one of `endings` (".wav"), in folders of folders too; hidden ones are passed
// over, others counted as skipped. Errors: no folder, fewer than 2 classes, a class without files, a class that is not
// in `known` unless that is empty.
Result<ClassFolder> list_class_folder(const std::filesystem::path& path, const std::vector<std::string>& endings,
                                      const std::vector<std::string>& known = {});

enum class BrokenFiles { refuse, skip };

// Writes example `i` from a file's bytes; called from several threads, each with its own i.
using ReadExample = std::function<Status(std::string_view bytes, const std::string& where, int64_t i)>;

// Reads every file and calls `read` on several threads; then labels and classes of `data` are set and its inputs, which
// must hold an example per file, are cut to those that could be read. A broken file is the error returned, or left out,
// and then counted in `skipped`.
Status read_class_folder(const ClassFolder& folder, BrokenFiles broken, const ReadExample& read, Dataset& data,
                         std::vector<SkippedFiles>& skipped);

// Loads folder/… with a loader for one folder: a test folder beside it, or folder/train and folder/test, or a part held
// out. What was skipped stands in the pair's `understood`.
struct LoadedFolder {
  Dataset data;
  std::vector<SkippedFiles> skipped;
};
using LoadFolder =
    std::function<Result<LoadedFolder>(const std::filesystem::path& path, const std::vector<std::string>& classes)>;
Result<DataPair> load_folders(const std::filesystem::path& path, const std::filesystem::path& test_path,
                              double test_fraction, uint64_t seed, std::string_view what, const LoadFolder& load);

}  // namespace slipway
