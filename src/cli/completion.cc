// slipway completion: prints a script that teaches a shell the verbs and their options.
#include <cstdio>

#include <fmt/format.h>

#include "cli/completion_script.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace slipway {

namespace {

CommandOption flag(std::vector<std::string> names, std::string description) {
  return {.kind = CommandOption::Kind::flag, .names = std::move(names), .description = std::move(description)};
}

Command whole_program() {
  Command program{.name = "slipway", .brief = "The whole life of a neural model"};
  program.options = {flag({"-h", "--help"}, "Show help"), flag({"-V", "--version"}, "Show the version")};
  for (const Verb* verb : all_verbs()) program.commands.push_back(describe(*verb));
  return program;
}

Status print_script(const std::string& shell) {
  Command program = whole_program();
  std::string script = shell == "bash"  ? bash_completion(program)
                       : shell == "zsh" ? zsh_completion(program)
                                        : fish_completion(program);
  fmt::print("{}", script);
  return {};
}

std::function<Status()> declare(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "Which shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return [shell] { return print_script(*shell); };
}

}  // namespace

VERB(completion) = {
    .name = "completion",
    .brief = "Print a completion script for your shell",
    .help =
        "  source <(slipway completion bash)        # now, in bash or zsh\n"
        "  slipway completion fish | source         # now, in fish\n"
        "  slipway completion bash > /etc/bash_completion.d/slipway   # for good\n",
    .declare = declare,
};

}  // namespace slipway
