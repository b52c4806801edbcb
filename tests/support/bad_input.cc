// Refusals judged; models made by the layers of training.
#include "support/bad_input.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "formats/onnx.h"
#include "graph/port.h"
#include "store/store.h"
#include "train/layers.h"

namespace slipway {

namespace {

constexpr size_t kLongestMessage = 2000;

bool is_control(char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0 && c != '\n'; }

}  // namespace

void expect_refused(const BadInput& input) {
  Outcome outcome = run_slipway(input.words);
  std::string told = fmt::format("slipway {}\n{}", fmt::join(input.words, " "), outcome.err);
  EXPECT_EQ(outcome.exit, input.exit) << told;
  size_t mark = outcome.err.find("slipway " + input.words.front());
  ASSERT_NE(mark, std::string::npos) << told;
  std::string message = outcome.err.substr(mark);
  EXPECT_NE(message.find(": error: "), std::string::npos) << told;
  for (const std::string& piece : input.says) {
    EXPECT_NE(message.find(piece), std::string::npos) << "expected \"" << piece << "\" in\n" << told;
  }
  EXPECT_LT(message.size(), kLongestMessage) << told;
  EXPECT_TRUE(std::ranges::none_of(message, is_control)) << told;
  EXPECT_EQ(outcome.err.find("broken promise"), std::string::npos) << told;
  EXPECT_EQ(outcome.err.find("terminate called"), std::string::npos) << told;
}

std::map<std::string, std::string> contents(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().string()] = *read_file(entry.path());
  }
  return files;
}

Graph small_model(uint64_t seed) {
  std::vector<Layer> layers = {{"Dense", {{"units", int64_t{3}}, {"activation", std::string("softmax")}}}};
  return *train::build_model(layers, {4}, seed);
}

int64_t publish_graph(const std::filesystem::path& store, const std::string& name, const Graph& model) {
  Draft draft;
  draft.signature.inputs = input_ports(model);
  draft.signature.outputs = output_ports(model);
  draft.files["model.onnx"] = *write_onnx(model);
  Store opened = *Store::open(store, true);
  return *opened.publish(name, draft);
}

int64_t publish_small(const std::filesystem::path& store, const std::string& name, uint64_t seed) {
  return publish_graph(store, name, small_model(seed));
}

}  // namespace slipway
