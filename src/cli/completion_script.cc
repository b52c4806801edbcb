// Completion scripts: bash by tables in `case`, zsh by _arguments, fish by one `complete` line per word.
#include "cli/completion_script.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace slipway {

namespace {

using Kind = CommandOption::Kind;

// Calls visit(command, path) for `command` and everything below; the path of the program itself is empty.
template <typename Visit>
void walk(const Command& command, const std::string& path, const Visit& visit) {
  visit(command, path);
  for (const Command& sub : command.commands) walk(sub, path.empty() ? sub.name : path + " " + sub.name, visit);
}

std::string replaced(std::string text, char from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, 1, to);
  return text;
}

// In single quotes, as every shell here reads them (fish wants \' where the others end and reopen the quotes).
std::string quoted(const std::string& text) { return "'" + replaced(text, '\'', "'\\''") + "'"; }
std::string fish_quoted(const std::string& text) {
  return "'" + replaced(replaced(text, '\\', "\\\\"), '\'', "\\'") + "'";
}

// What completes a value in bash: arguments of compgen; empty for free text.
std::string bash_values(const CommandOption& option) {
  switch (option.kind) {
    case Kind::file: return "-f";
    case Kind::directory: return "-d";
    case Kind::choice: return fmt::format("-W {}", quoted(fmt::format("{}", fmt::join(option.choices, " "))));
    case Kind::flag:
    case Kind::text: return "";
  }
  return "";
}

// What follows a command that is no option: its subcommands, or what its first argument takes.
std::string bash_words(const Command& command) {
  if (!command.commands.empty()) {
    std::string names;
    for (const Command& sub : command.commands) names += (names.empty() ? "" : " ") + sub.name;
    return "-W " + quoted(names);
  }
  return command.arguments.empty() ? "" : bash_values(command.arguments.front());
}

std::string zsh_values(const CommandOption& option) {
  switch (option.kind) {
    case Kind::file: return "_files";
    case Kind::directory: return "_files -/";
    case Kind::choice: return fmt::format("({})", fmt::join(option.choices, " "));
    case Kind::flag:
    case Kind::text: return " ";
  }
  return " ";
}

std::string zsh_escaped(const std::string& text) {
  return replaced(replaced(replaced(text, '[', "\\["), ']', "\\]"), ':', "\\:");
}

std::string zsh_option(const CommandOption& option) {
  std::string all = fmt::format("{}", fmt::join(option.names, " "));
  std::string value =
      option.kind == Kind::flag ? "" : fmt::format(":{}:{}", zsh_escaped(option.argument), zsh_values(option));
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
  for (const CommandOption& option : command.options) options += zsh_option(option);
  if (command.commands.empty()) {
    for (size_t i = 0; i < command.arguments.size(); ++i) {
      const CommandOption& argument = command.arguments[i];
      std::string place = argument.repeats ? "*" : fmt::format("{}", i + 1);
      options += " \\\n    " +
                 quoted(fmt::format("{}:{}:{}", place, zsh_escaped(argument.names.front()), zsh_values(argument)));
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

std::string fish_option(const CommandOption& option) {
  std::string out;
  for (const std::string& name : option.names) {
    bool is_long = name.starts_with("--");
    out += fmt::format(" {} {}", is_long ? "-l" : "-s", name.substr(is_long ? 2 : 1));
  }
  if (option.kind == Kind::file || option.kind == Kind::directory) out += " -r -F";
  if (option.kind == Kind::text) out += " -x";
  if (option.kind == Kind::choice) {
    out += " -x -a " + fish_quoted(fmt::format("{}", fmt::join(option.choices, " ")));
  }
  return out + " -d " + fish_quoted(option.description);
}

}  // namespace

std::string bash_completion(const Command& program) {
  std::string commands;
  std::string values;
  std::string words;
  walk(program, "", [&](const Command& command, const std::string& path) {
    if (!path.empty()) {
      size_t space = path.rfind(' ');
      std::string before = space == std::string::npos ? "" : path.substr(0, space);
      commands += (commands.empty() ? "" : "|") + quoted(before + " " + command.name);
    }
    std::string options;
    for (const CommandOption& option : command.options) {
      std::string cases;
      for (const std::string& name : option.names) {
        options += (options.empty() ? "" : " ") + name;
        cases += (cases.empty() ? "" : "|") + quoted(path + " " + name);
      }
      if (option.kind == Kind::flag) continue;
      values += fmt::format("    {}) values={} ;;\n", cases, quoted(bash_values(option)));
    }
    words +=
        fmt::format("    {}) options={} values={} ;;\n", quoted(path), quoted(options), quoted(bash_words(command)));
  });
  return fmt::format(
      "# bash completion of {0}; to load it: source <({0} completion bash)\n"
      "_{0}() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command='' word options='' "
      "values\n"
      "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
      "    case \"$command $word\" in\n"
      "    {1}) command=\"${{command:+$command }}$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  values='?'\n"
      "  case \"$command $before\" in\n{2}  esac\n"
      "  if [[ $values == '?' ]]; then\n"
      "    case \"$command\" in\n{3}    esac\n"
      "    [[ $current == -* ]] && values=\"-W '$options'\"\n"
      "  fi\n"
      "  COMPREPLY=()\n"
      "  [[ -n $values ]] && eval \"mapfile -t COMPREPLY < <(compgen $values -- \\\"\\$current\\\")\"\n"
      "}}\n"
      "complete -o filenames -F _{0} {0}\n",
      program.name, commands, values, words);
}

std::string zsh_completion(const Command& program) {
  std::string functions;
  walk(program, "", [&](const Command& command, const std::string& path) {
    functions += zsh_function(command, program.name, path);
  });
  return fmt::format(
      "#compdef {0}\n# zsh completion of {0}; to load it: source <({0} completion zsh)\n{1}compdef _{0} {0}\n",
      program.name, functions);
}

std::string fish_completion(const Command& program) {
  std::string out = fmt::format(
      "# fish completion of {0}; to load it: {0} completion fish | source\n"
      "function __{0}_words\n"
      "  set -l words (commandline -opc | string match -v -- '-*')\n"
      "  string join \\n -- $words[2..]\n"
      "end\n"
      "function __{0}_in\n"
      "  set -l words (__{0}_words)\n"
      "  set -l depth (count $argv)\n"
      "  test \"$words[1..$depth]\" = \"$argv\"\n"
      "end\n"
      "function __{0}_at\n"
      "  set -l words (__{0}_words)\n"
      "  test \"$words\" = \"$argv\"\n"
      "end\n"
      "complete -c {0} -f\n",
      program.name);
  walk(program, "", [&](const Command& command, const std::string& path) {
    std::string space = path.empty() ? "" : " ";
    for (const Command& sub : command.commands) {
      out += fmt::format("complete -c {0} -n '__{0}_at{1}{2}' -a {3} -d {4}\n", program.name, space, path, sub.name,
                         fish_quoted(sub.brief));
    }
    std::string in =
        path.empty() ? fmt::format("__{}_at", program.name) : fmt::format("__{}_in {}", program.name, path);
    for (const CommandOption& option : command.options) {
      out += fmt::format("complete -c {} -n '{}'{}\n", program.name, in, fish_option(option));
    }
    for (const CommandOption& argument : command.arguments) {
      if (argument.kind == Kind::choice) {
        out += fmt::format("complete -c {} -n '{}' -a {}\n", program.name, in,
                           fish_quoted(fmt::format("{}", fmt::join(argument.choices, " "))));
      } else if (argument.kind == Kind::file || argument.kind == Kind::directory || argument.kind == Kind::text) {
        out += fmt::format("complete -c {} -n '{}' -F\n", program.name, in);
      }
    }
  });
  return out;
}

}  // namespace slipway
