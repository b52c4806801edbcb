// Where tests find the project's files, the program and the data that may lie beside them.
#pragma once

#include <filesystem>
#include <string>

namespace slipway {

// The root of the project's source tree.
std::filesystem::path source_folder();

// The program under test.
std::string program_path();

// The folder of real data sets: $SLIPWAY_DATA, else ../shared/data beside the source tree. It may not exist: a test
// that needs what is not there skips.
std::filesystem::path data_folder();

// The folder of real models beside data_folder(). It may not exist.
std::filesystem::path models_folder();

}  // namespace slipway
