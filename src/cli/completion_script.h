// Completion scripts for shells, made from what the verbs declared. Names that only a store knows (models, versions)
// and names of operators are asked of the program itself: `PROGRAM completion SHELL --list KIND ARGUMENTS…`.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace slipway {

// `program`: its name, and a subcommand for each verb. Pure.
std::string bash_completion(const Command& program);
std::string zsh_completion(const Command& program);
std::string fish_completion(const Command& program);

// What the three scripts share.

// Calls visit(command, path) for `command` and everything below; the path of the program itself is empty.
void visit_commands(const Command& command, const std::function<void(const Command&, const std::string& path)>& visit);

// `text` with every `from` replaced.
std::string replaced(std::string text, char from, std::string_view to);

// Whether the program is asked for values of this kind, and how: the word behind --list and how many of the command's
// first arguments follow it (models and versions: of the store in the first argument, of the model in the second).
struct Question {
  std::string_view list;
  int arguments = 0;
};
const Question* question_of(CommandOption::Kind kind);

}  // namespace slipway
