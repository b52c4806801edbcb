// Completion: scripts run in their shells where these are installed, on a program made up here.
#include <cstdio>
#include <cstdlib>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include "base/file.h"
#include "cli/command.h"
#include "cli/completion_script.h"
#include "cli/verb.h"

namespace slipway {
namespace {

using Kind = CommandOption::Kind;

Command program() {
  CommandOption help{.names = {"-h", "--help"}, .description = "Show this help"};
  Command train{.name = "train", .brief = "Train a model's weights"};
  train.arguments = {{.kind = Kind::file, .names = {"RECIPE"}, .argument = "FILE", .required = true}};
  train.options = {help,
                   {.kind = Kind::number, .names = {"--epochs"}, .argument = "INT", .description = "How often"},
                   {.kind = Kind::choice,
                    .names = {"-d", "--device"},
                    .argument = "cpu|cuda",
                    .choices = {"cpu", "cuda"},
                    .description = "Where: cpu or [cuda]"}};
  Command store{.name = "store", .brief = "Keep models"};
  store.commands = {{.name = "list", .brief = "What is there"}, {.name = "promote", .brief = "Make live"}};
  store.commands[1].options = {help};
  store.commands[1].arguments = {{.kind = Kind::directory, .names = {"STORE"}, .argument = "DIR"},
                                 {.kind = Kind::model, .names = {"NAME"}, .argument = "MODEL"},
                                 {.kind = Kind::version, .names = {"VERSION"}, .argument = "VERSION"}};
  Command out{.name = "prog", .brief = "A program"};
  out.options = {help};
  out.commands = {store, train};
  return out;
}

std::string output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

bool has_shell(const char* shell) { return std::system(fmt::format("command -v {} >/dev/null", shell).c_str()) == 0; }

// What bash offers for the last of `words`, one per line.
std::string bash_offers(const std::filesystem::path& script, const std::string& words, int last,
                        const std::string& before = "") {
  return output_of(fmt::format(
      "bash -c '{}source {}; COMP_WORDS=({}); COMP_CWORD={}; _prog; printf \"%s\\n\" \"${{COMPREPLY[@]}}\"'", before,
      script.string(), words, last));
}

TEST(Completion, BashOffersWhatWasDeclared) {
  TemporaryDirectory folder;
  std::filesystem::path script = folder.path() / "prog.bash";
  ASSERT_TRUE(write_file_atomic(script, bash_completion(program())).ok());
  ASSERT_TRUE(write_file_atomic(folder.path() / "recipe one.toml", "").ok());
  EXPECT_EQ(bash_offers(script, "prog \"\"", 1), "store\ntrain\n");
  EXPECT_EQ(bash_offers(script, "prog tr", 1), "train\n");
  EXPECT_EQ(bash_offers(script, "prog --", 1), "--help\n");
  EXPECT_EQ(bash_offers(script, "prog train --e", 2), "--epochs\n");
  EXPECT_EQ(bash_offers(script, "prog train --device \"\"", 3), "cpu\ncuda\n");
  EXPECT_EQ(bash_offers(script, "prog train -d cu", 3), "cuda\n");
  EXPECT_EQ(bash_offers(script, "prog train --epochs \"\"", 3), "\n");
  EXPECT_EQ(bash_offers(script, "prog store p", 2), "promote\n");
  EXPECT_EQ(bash_offers(script, "prog store promote -", 3), "-h\n--help\n");
  const std::string place = folder.path().string();
  EXPECT_EQ(bash_offers(script, "prog train " + place + "/rec", 2), place + "/recipe one.toml\n");
  EXPECT_EQ(bash_offers(script, "prog train --epochs 3 " + place + "/rec", 4), place + "/recipe one.toml\n");
}

// A stand-in for the program: answers --list with what it was asked.
void write_answering_program(const std::filesystem::path& folder) {
  ASSERT_TRUE(write_file_atomic(folder / "prog", "#!/bin/sh\nshift 3\nfor w in \"$@\"; do echo \"$w\"; done\n").ok());
  std::filesystem::permissions(folder / "prog", std::filesystem::perms::owner_all);
}

TEST(Completion, BashAsksForModelsAndVersions) {
  TemporaryDirectory folder;
  std::filesystem::path script = folder.path() / "prog.bash";
  ASSERT_TRUE(write_file_atomic(script, bash_completion(program())).ok());
  write_answering_program(folder.path());
  const std::string path = "PATH=" + folder.path().string() + ":$PATH; ";
  auto offers = [&](const std::string& words, int last) { return bash_offers(script, words, last, path); };
  EXPECT_EQ(offers("prog store promote /tmp/st \"\"", 4), "models\n/tmp/st\n");
  EXPECT_EQ(offers("prog store promote /tmp/st digits \"\"", 5), "versions\n/tmp/st\ndigits\n");
  EXPECT_EQ(offers("prog store promote /tmp/st digits 3 \"\"", 6), "\n");
}

TEST(Completion, FishOffersWhatWasDeclared) {
  if (!has_shell("fish")) GTEST_SKIP() << "fish is not installed";
  TemporaryDirectory folder;
  std::filesystem::path script = folder.path() / "prog.fish";
  ASSERT_TRUE(write_file_atomic(script, fish_completion(program())).ok());
  auto offers = [&](const std::string& line) {
    return output_of(fmt::format("fish -c 'source {}; complete -C \"{}\"'", script.string(), line));
  };
  EXPECT_EQ(offers("prog "), "store\tKeep models\ntrain\tTrain a model's weights\n");
  EXPECT_EQ(offers("prog train --ep"), "--epochs\tHow often\n");
  EXPECT_EQ(offers("prog train --device c"), "cpu\tWhere: cpu or [cuda]\ncuda\tWhere: cpu or [cuda]\n");
  EXPECT_EQ(offers("prog store l"), "list\tWhat is there\n");
  ASSERT_TRUE(write_file_atomic(folder.path() / "recipe.toml", "").ok());
  EXPECT_EQ(offers("prog train " + folder.path().string() + "/rec"), folder.path().string() + "/recipe.toml\n");
  write_answering_program(folder.path());
  EXPECT_EQ(output_of(fmt::format("fish -c 'set PATH {} $PATH; source {}; complete -C \"prog store promote /tmp/st \"'",
                                  folder.path().string(), script.string())),
            "/tmp/st\nmodels\n");
}

// What a live zsh writes when Tab is typed behind `line`: it runs in a pseudo-terminal of the zsh module zpty, and
// every candidate that a completion function adds is printed between marks.
std::string zsh_offers(const TemporaryDirectory& folder, const std::string& line) {
  const std::string probe = fmt::format(R"zsh(zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; PATH={0}:$PATH; autoload -U compinit; compinit -u -D; source {0}/_prog; cd {0}; zstyle ":completion:*" list-colors ""'
zpty -w z 'compadd() {{ local -a hits; builtin compadd -O hits "$@"; (( $#hits )) && print -l -- "<"$^hits">"; return 1 }}; print rea""dy'
zpty -r z answer '*ready*'
zpty -n -w z $'{1}\t'
sleep 0.2
zpty -n -w z $'\C-u'
zpty -w z 'print do""ne'
zpty -r z answer '*done*'
print -r -- "$answer"
)zsh",
                                        folder.path().string(), line);
  EXPECT_TRUE(write_file_atomic(folder.path() / "probe", probe).ok());
  const std::string text = output_of(fmt::format("zsh -f {}/probe 2>&1", folder.path().string()));
  std::set<std::string> hits;
  for (size_t at = 0; (at = text.find('<', at)) != std::string::npos; ++at) {
    hits.insert(text.substr(at + 1, text.find('>', at) - at - 1));
  }
  return fmt::format("{}", fmt::join(hits, " "));
}

TEST(Completion, ZshOffersWhatWasDeclaredInALiveShell) {
  if (!has_shell("zsh")) GTEST_SKIP() << "zsh is not installed";
  TemporaryDirectory folder;
  ASSERT_TRUE(write_file_atomic(folder.path() / "_prog", zsh_completion(program())).ok());
  ASSERT_TRUE(write_file_atomic(folder.path() / "recipe.toml", "").ok());
  write_answering_program(folder.path());
  EXPECT_EQ(zsh_offers(folder, "prog tr"), "train");
  EXPECT_EQ(zsh_offers(folder, "prog train --device c"), "cpu cuda");
  EXPECT_EQ(zsh_offers(folder, "prog train rec"), "recipe.toml");
  EXPECT_EQ(zsh_offers(folder, "prog store promote /tmp/st "), "/tmp/st models");
}

TEST(Completion, ZshScriptIsThis) {
  Command small{.name = "prog", .options = {program().commands[1].options[2]}};
  EXPECT_EQ(zsh_completion(small),
            "#compdef prog\n"
            "# zsh completion of prog; to load it: source <(prog completion zsh)\n"
            "_prog_ask() {\n"
            "  local -a before=(${words[2,CURRENT-1]:#-*})\n"
            "  compadd -- ${(f)\"$(prog completion zsh --list $1 ${(@)before[1,$2]} 2>/dev/null)\"}\n"
            "}\n"
            "_prog() {\n"
            "  _arguments \\\n"
            "    '(-d --device)-d[Where\\: cpu or \\[cuda\\]]:cpu|cuda:(cpu cuda)' \\\n"
            "    '(-d --device)--device[Where\\: cpu or \\[cuda\\]]:cpu|cuda:(cpu cuda)'\n"
            "}\n"
            "compdef _prog prog\n");
}

TEST(Command, IsReadBackFromWhatWasDeclared) {
  CLI::App line("Brief", "verb");
  Arguments app(line);
  std::string text, choice, folder;
  double share = 0.5;
  std::vector<std::string> files;
  app.add_option("IN", text, "A file").required().check(existing_file());
  app.add_option("FILES", files, "More");
  app.add_option("--mode,-m", choice, "How").check(one_of({"a", "b"}));
  app.add_option("--dir", folder, "Where").check(existing_folder());
  app.add_option("--share", share, "Part").check(between(0.0, 1.0)).capture_default_str();
  app.add_option("--secret", text, "Hidden").hidden();
  app.add_subcommand("sub", "Below");
  Command command = describe(line);
  EXPECT_EQ(command.name, "verb");
  EXPECT_EQ(command.brief, "Brief");
  ASSERT_EQ(command.arguments.size(), 2u);
  EXPECT_EQ(command.arguments[0].kind, Kind::file);
  EXPECT_TRUE(command.arguments[0].required);
  EXPECT_TRUE(command.arguments[1].repeats);
  ASSERT_EQ(command.options.size(), 4u);
  EXPECT_EQ(command.options[0].names, (std::vector<std::string>{"-h", "--help"}));
  EXPECT_EQ(command.options[0].kind, Kind::flag);
  EXPECT_EQ(command.options[1].names, (std::vector<std::string>{"-m", "--mode"}));
  EXPECT_EQ(command.options[1].choices, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(command.options[1].argument, "a|b");
  EXPECT_EQ(command.options[2].kind, Kind::directory);
  EXPECT_EQ(command.options[3].argument, "FLOAT in [0 - 1]");
  EXPECT_EQ(command.options[3].otherwise, "0.5");
  ASSERT_EQ(command.commands.size(), 1u);
  EXPECT_EQ(command.commands[0].name, "sub");
}

}  // namespace
}  // namespace slipway
