// Completion scripts for shells, made from what the verbs declared.
#pragma once

#include <string>

#include "cli/command.h"

namespace slipway {

// `program`: its name, and a subcommand for each verb. Pure.
std::string bash_completion(const Command& program);
std::string zsh_completion(const Command& program);
std::string fish_completion(const Command& program);

}  // namespace slipway
