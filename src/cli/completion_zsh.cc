// Completion of zsh: a function of _arguments for each command.
#include <fmt/format.h>

#include "cli/completion_script.h"

namespace slipway {

namespace {

using Kind = CommandOption::Kind;

std::string quoted(const std::string& text) { return "'" + replaced(text, '\'', "'\\''") + "'"; }

std::string zsh_values(const CommandOption& option, const std::string& program) {
  if (const Question* question = question_of(option.kind); question != nullptr) {
    return fmt::format("{{_{}_ask {} {}}}", program, question->list, question->arguments);
  }
  switch (option.kind) {
    case Kind::file:
    case Kind::text: return "_files";
    case Kind::directory: return "_files -/";
    case Kind::choice: return fmt::format("({})", fmt::join(option.choices, " "));
    default: return " ";
  }
}

std::string zsh_escaped(const std::string& text) {
  return replaced(replaced(replaced(text, '[', "\\["), ']', "\\]"), ':', "\\:");
}

std::string zsh_option(const CommandOption& option, const std::string& program) {
  std::string all = fmt::format("{}", fmt::join(option.names, " "));
  std::string value =
      option.kind == Kind::flag ? "" : fmt::format(":{}:{}", zsh_escaped(option.argument), zsh_values(option, program));
  std::string out;
  for (const std::string& name : option.names) {
    std::string exclusive = option.repeats ? "*" : fmt::format("({})", all);
    out += " \\\n    " + quoted(fmt::format("{}{}[{}]{}", exclusive, name, zsh_escaped(option.description), value));
  }
  return out;
}

std::string zsh_function_name(const std::string& program, const std::string& path) {
  return "_" + program + (path.empty() ? "" : "_" + replaced(replaced(path, ' ', "_"), '-', "_"));
}

std::string zsh_function(const Command& command, const std::string& program, const std::string& path) {
  std::string out = zsh_function_name(program, path) + "() {\n";
  std::string options;
  for (const CommandOption& option : command.options) options += zsh_option(option, program);
  if (command.commands.empty()) {
    for (size_t i = 0; i < command.arguments.size(); ++i) {
      const CommandOption& argument = command.arguments[i];
      std::string place = argument.repeats ? "*" : fmt::format("{}", i + 1);
      options += " \\\n    " + quoted(fmt::format("{}:{}:{}", place, zsh_escaped(argument.names.front()),
                                                  zsh_values(argument, program)));
    }
    return out + "  _arguments" + options + "\n}\n";
  }
  out += "  local state\n  local -a commands=(\n";
  std::string cases;
  for (const Command& sub : command.commands) {
    out += "    " + quoted(sub.name + ":" + zsh_escaped(sub.brief)) + "\n";
    std::string below = path.empty() ? sub.name : path + " " + sub.name;
    cases += fmt::format("        {}) {} ;;\n", sub.name, zsh_function_name(program, below));
  }
  return out + "  )\n  _arguments -C" + options +
         " \\\n    '1: :->command' \\\n    '*:: :->rest'\n"
         "  case $state in\n"
         "    command) _describe command commands ;;\n"
         "    rest)\n      case $words[1] in\n" +
         cases + "      esac ;;\n  esac\n}\n";
}

// `{0}`: the program; `{1}`: the functions. _ask: candidates of the program's own, from the arguments before this word.
constexpr const char* kZshScript = R"zsh(#compdef {0}
# zsh completion of {0}; to load it: source <({0} completion zsh)
_{0}_ask() {{
  local -a before=(${{words[2,CURRENT-1]:#-*}})
  compadd -- ${{(f)"$({0} completion zsh --list $1 ${{(@)before[1,$2]}} 2>/dev/null)"}}
}}
{1}compdef _{0} {0}
)zsh";

}  // namespace

std::string zsh_completion(const Command& program) {
  std::string functions;
  visit_commands(program, [&](const Command& command, const std::string& path) {
    functions += zsh_function(command, program.name, path);
  });
  return fmt::format(fmt::runtime(kZshScript), program.name, functions);
}

}  // namespace slipway
