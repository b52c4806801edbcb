// Help: the pages that --help prints.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace slipway {

struct Verb;

// The first page: what the program is, its verbs in the order of a model's life, examples, where to go on.
std::string program_help(std::span<const Verb* const> verbs);

// The verbs that the first page places in chapters, and those whose examples it shows.
std::vector<std::string_view> verbs_of_help();

// The page of one command; `path` is how it is called: "slipway store list".
std::string command_help(const Command& command, const std::string& path);

}  // namespace slipway
