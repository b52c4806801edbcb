// Completion of bash: tables in `case`, read by one function.
#include <fmt/format.h>

#include "cli/completion_script.h"

namespace slipway {

namespace {

using Kind = CommandOption::Kind;

std::string in_quotes(const std::string& text) { return "'" + replaced(text, '\'', "'\\''") + "'"; }

// What completes a value: arguments of compgen, evaluated when they are needed; empty for what nobody can guess.
std::string values_of(const CommandOption& option, const std::string& program) {
  if (const Question* question = question_of(option.kind); question != nullptr) {
    std::string given;
    for (int i = 0; i < question->arguments; ++i) given += fmt::format(" \"${{arguments[{}]}}\"", i);
    return fmt::format("-W \"$({} completion bash --list {}{} 2>/dev/null)\"", program, question->list, given);
  }
  switch (option.kind) {
    case Kind::file:
    case Kind::text: return "-f";
    case Kind::directory: return "-d";
    case Kind::choice: return fmt::format("-W '{}'", fmt::join(option.choices, " "));
    default: return "";
  }
}

// A line of `case`: the words that options of `command` are.
std::string words_line(const Command& command, const std::string& path) {
  std::string options;
  for (const CommandOption& option : command.options) {
    for (const std::string& name : option.names) options += (options.empty() ? "" : " ") + name;
  }
  std::string names;
  for (const Command& sub : command.commands) names += (names.empty() ? "" : " ") + sub.name;
  const std::string values = names.empty() ? "" : fmt::format("-W '{}'", names);
  return fmt::format("    {}) options={} values={} ;;\n", in_quotes(path), in_quotes(options), in_quotes(values));
}

// Lines of `case` for the arguments of `command` by their place; the last one's also for all behind it if it repeats.
std::string argument_lines(const Command& command, const std::string& path, const std::string& program) {
  std::string lines;
  for (size_t i = 0; i < command.arguments.size(); ++i) {
    const CommandOption& argument = command.arguments[i];
    const std::string place = argument.repeats ? in_quotes(path + " ") + "*" : in_quotes(fmt::format("{} {}", path, i));
    lines += fmt::format("    {}) values={} ;;\n", place, in_quotes(values_of(argument, program)));
  }
  return lines;
}

// A line of `case` for each option of `command` that takes a value.
std::string option_lines(const Command& command, const std::string& path, const std::string& program) {
  std::string lines;
  for (const CommandOption& option : command.options) {
    if (option.kind == Kind::flag) continue;
    std::string cases;
    for (const std::string& name : option.names) cases += (cases.empty() ? "" : "|") + in_quotes(path + " " + name);
    lines += fmt::format("    {}) values={} ;;\n", cases, in_quotes(values_of(option, program)));
  }
  return lines;
}

// `{0}`: the program; `{1}`: paths of commands; `{2}`: option_lines; `{3}`: words_lines; `{4}`: argument_lines.
constexpr const char* kScript = R"bash(# bash completion of {0}; to load it: source <({0} completion bash)
_{0}_value() {{
  values='?'
  case "$1" in
{2}  esac
  [[ $values != '?' ]]
}}
_{0}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before='' command='' word options='' values
  local -a arguments=()
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    if [[ $before == -* ]] && _{0}_value "$command $before"; then before=''; continue; fi
    before=$word
    [[ $word == -* ]] && continue
    case "$command $word" in
    {1}) command="${{command:+$command }}$word" ;;
    *) arguments+=("$word") ;;
    esac
  done
  if [[ $before != -* ]] || ! _{0}_value "$command $before"; then
    values=''
    case "$command" in
{3}    esac
    case "$command ${{#arguments[@]}}" in
{4}    esac
    [[ $current == -* ]] && values="-W '$options'"
  fi
  COMPREPLY=()
  [[ -n $values ]] && eval "mapfile -t COMPREPLY < <(compgen $values -- \"\$current\")"
}}
complete -o filenames -F _{0} {0}
)bash";

}  // namespace

std::string bash_completion(const Command& program) {
  std::string commands;
  std::string options;
  std::string words;
  std::string arguments;
  visit_commands(program, [&](const Command& command, const std::string& path) {
    if (!path.empty()) {
      const size_t space = path.rfind(' ');
      const std::string before = space == std::string::npos ? "" : path.substr(0, space);
      commands += (commands.empty() ? "" : "|") + in_quotes(before + " " + command.name);
    }
    options += option_lines(command, path, program.name);
    words += words_line(command, path);
    arguments += argument_lines(command, path, program.name);
  });
  return fmt::format(fmt::runtime(kScript), program.name, commands, options, words, arguments);
}

}  // namespace slipway
