// What the completion scripts of all shells share.
#include "cli/completion_script.h"

namespace slipway {

namespace {

using Visit = std::function<void(const Command&, const std::string&)>;

void walk(const Command& command, const std::string& path, const Visit& visit) {
  visit(command, path);
  for (const Command& sub : command.commands) walk(sub, path.empty() ? sub.name : path + " " + sub.name, visit);
}

}  // namespace

void visit_commands(const Command& command, const Visit& visit) { walk(command, "", visit); }

std::string replaced(std::string text, char from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, 1, to);
  return text;
}

const Question* question_of(CommandOption::Kind kind) {
  static constexpr Question kModels{"models", 1};
  static constexpr Question kVersions{"versions", 2};
  static constexpr Question kOperators{"operators", 0};
  switch (kind) {
    case CommandOption::Kind::model: return &kModels;
    case CommandOption::Kind::version: return &kVersions;
    case CommandOption::Kind::operator_name: return &kOperators;
    default: return nullptr;
  }
}

}  // namespace slipway
