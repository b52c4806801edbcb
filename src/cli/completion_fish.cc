// Completion of fish: one `complete` line per word.
#include <fmt/format.h>

#include "cli/completion_script.h"

namespace slipway {

namespace {

using Kind = CommandOption::Kind;

// fish wants \' where other shells end and reopen the quotes.
std::string quoted(const std::string& text) { return "'" + replaced(replaced(text, '\\', "\\\\"), '\'', "\\'") + "'"; }

// The part of a `complete` line that offers values; empty where nobody can guess them. `depth`: words of the command.
std::string values_of(const CommandOption& option, const std::string& program, int depth) {
  if (const Question* question = question_of(option.kind); question != nullptr) {
    return fmt::format(" -a '({} completion fish --list {} (__{}_arguments {} {}) 2>/dev/null)'", program,
                       question->list, program, depth, question->arguments);
  }
  switch (option.kind) {
    case Kind::file:
    case Kind::directory:
    case Kind::text: return " -F";
    case Kind::choice: return " -a " + quoted(fmt::format("{}", fmt::join(option.choices, " ")));
    default: return "";
  }
}

std::string option_words(const CommandOption& option, const std::string& program, int depth) {
  std::string out;
  for (const std::string& name : option.names) {
    const bool is_long = name.starts_with("--");
    out += fmt::format(" {} {}", is_long ? "-l" : "-s", name.substr(is_long ? 2 : 1));
  }
  const std::string values = values_of(option, program, depth);
  if (option.kind != Kind::flag) out += values == " -F" ? " -r" : " -x";
  return out + values + " -d " + quoted(option.description);
}

// `{0}`: the program. _words: what was typed without options; _count: how many arguments stand behind the command;
// _arguments: the first of them.
constexpr const char* kHead = R"(# fish completion of {0}; to load it: {0} completion fish | source
function __{0}_words
  set -l words (commandline -opc | string match -v -- '-*')
  string join \n -- $words[2..]
end
function __{0}_in
  set -l words (__{0}_words)
  set -l depth (count $argv)
  test "$words[1..$depth]" = "$argv"
end
function __{0}_at
  set -l words (__{0}_words)
  test "$words" = "$argv"
end
function __{0}_place
  set -l words (__{0}_words)
  test (count $words) -eq (math (count $argv[2..]) + $argv[1]); and __{0}_in $argv[2..]
end
function __{0}_arguments
  set -l words (__{0}_words)
  test $argv[2] -gt 0; and string join \n -- $words[(math $argv[1] + 1)..(math $argv[1] + $argv[2])]
end
complete -c {0} -f
)";

void add_command(std::string& out, const Command& command, const std::string& path, const std::string& program) {
  const std::string space = path.empty() ? "" : " ";
  int depth = path.empty() ? 0 : 1;
  for (char c : path) depth += c == ' ' ? 1 : 0;
  for (const Command& sub : command.commands) {
    out += fmt::format("complete -c {0} -n '__{0}_at{1}{2}' -a {3} -d {4}\n", program, space, path, sub.name,
                       quoted(sub.brief));
  }
  const std::string in = path.empty() ? fmt::format("__{}_at", program) : fmt::format("__{}_in {}", program, path);
  for (const CommandOption& option : command.options) {
    out += fmt::format("complete -c {} -n '{}'{}\n", program, in, option_words(option, program, depth));
  }
  for (size_t i = 0; i < command.arguments.size(); ++i) {
    const CommandOption& argument = command.arguments[i];
    const std::string values = values_of(argument, program, depth);
    if (values.empty()) continue;
    const std::string where = argument.repeats ? in : fmt::format("__{}_place {}{}{}", program, i, space, path);
    out += fmt::format("complete -c {} -n '{}'{}\n", program, where, values);
  }
}

}  // namespace

std::string fish_completion(const Command& program) {
  std::string out = fmt::format(fmt::runtime(kHead), program.name);
  visit_commands(
      program, [&](const Command& command, const std::string& path) { add_command(out, command, path, program.name); });
  return out;
}

}  // namespace slipway
