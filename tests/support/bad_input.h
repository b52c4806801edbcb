// What every refusal of the program has in common, and the small models and stores that such tests begin with.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "support/program.h"

namespace slipway {

// A command line that must be refused: how it exits, and what its message must say.
struct BadInput {
  std::vector<std::string> words;
  int exit;
  std::vector<std::string> says;
};

// Runs it and expects the exit code, every piece of the message on stderr, and what holds for all messages: they begin
// with the program and the verb, are short, hold no control characters and none of our own broken promises.
void expect_refused(const BadInput& input);

// The contents of every file below a folder by its path: what must be the same after a refusal.
std::map<std::string, std::string> contents(const std::filesystem::path& folder);

// Dense(3, softmax) on four numbers: "input" is float32[batch, 4], "output" float32[batch, 3].
Graph small_model(uint64_t seed = 1);

// Publishes a model as the next version of `name`, with its signature; returns its number.
int64_t publish_graph(const std::filesystem::path& store, const std::string& name, const Graph& model);

// Publishes small_model(seed) as the next version of `name`, with a signature; returns its number.
int64_t publish_small(const std::filesystem::path& store, const std::string& name, uint64_t seed = 1);

}  // namespace slipway
