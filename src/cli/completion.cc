// slipway completion: prints a script that teaches a shell the verbs and their options.
#include <cstdio>

#include <fmt/format.h>

#include "cli/completion_script.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "ops/all.h"
#include "store/store.h"

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

// What scripts ask while a line is typed: names of operators, of models of STORE, versions of STORE NAME.
Result<std::vector<std::string>> listed(const std::vector<std::string>& question) {
  std::vector<std::string> names;
  if (question[0] == "operators") {
    for (const Operator* op : all_operators().all()) names.emplace_back(op->name);
    return names;
  }
  if (question.size() < 2) return invalid("--list: expected the folder of a store");
  const Store store = TRY(Store::open(question[1]));
  if (question[0] == "models") return store.models();
  if (question.size() < 3) return invalid("--list versions: expected a store and a model");
  for (int64_t version : TRY(store.versions(question[2]))) names.push_back(std::to_string(version));
  return names;
}

Status print_list(const std::vector<std::string>& question) {
  for (const std::string& name : TRY(listed(question))) fmt::print("{}\n", name);
  return {};
}

Status print_script(const std::string& shell) {
  Command program = whole_program();
  std::string script = shell == "bash"  ? bash_completion(program)
                       : shell == "zsh" ? zsh_completion(program)
                                        : fish_completion(program);
  fmt::print("{}", script);
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto shell = std::make_shared<std::string>();
  auto list = std::make_shared<std::vector<std::string>>();
  app.add_option("SHELL", *shell, "Which shell").required().check(one_of({"bash", "zsh", "fish"}));
  app.add_option("--list", *list, "Names that scripts ask for").hidden().expected(1, 3);
  return [shell, list] { return list->empty() ? print_script(*shell) : print_list(*list); };
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
