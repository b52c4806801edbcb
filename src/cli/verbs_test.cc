// Verbs: what command lines mean, for a small program made up here.
#include "cli/verbs.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/version.h"
#include "cli/verb.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::function<Status()> declare_train(Arguments app) {
  auto epochs = std::make_shared<int>(5);
  auto recipe = std::make_shared<std::string>();
  app.add_option("RECIPE", *recipe, "What to train").required();
  app.add_option("--epochs,-e", *epochs, "How often to see the data").capture_default_str();
  app.add_option("--rows", *epochs, "Rows").check(positive());
  app.add_option("--share", *epochs, "Share").check(between(0, 9));
  return [epochs, recipe]() -> Status {
    if (*recipe == "throw") throw std::runtime_error("foreign trouble");
    return not_found(*recipe + ": no such recipe, " + std::to_string(*epochs) + " epochs");
  };
}

std::function<Status()> declare_store(Arguments app) {
  app.require_subcommand();
  const Arguments list = app.add_subcommand("list", "What is there");
  auto name = std::make_shared<std::string>();
  app.add_subcommand("promote", "Make a version live").add_option("NAME", *name, "Which").required();
  return [list] { return list.parsed() ? Status() : unavailable("not listed"); };
}

const Verb kTrain = {
    .name = "train", .brief = "Train a model", .help = "  slipway train r.toml\n", .declare = declare_train};
const Verb kStore = {.name = "store", .brief = "Keep models", .help = "", .declare = declare_store};
const std::vector<const Verb*> kVerbs = {&kStore, &kTrain};

Invocation ask(const std::vector<std::string>& args) { return interpret(kVerbs, args); }

TEST(Verbs, RunWhatTheLineSays) {
  Invocation train = ask({"train", "r.toml", "--epochs", "7"});
  ASSERT_TRUE(train.run);
  EXPECT_EQ(run(train).to_string(), "NOT_FOUND: r.toml: no such recipe, 7 epochs");
  EXPECT_EQ(error_text(train.program, run(train), false), "slipway train: error: r.toml: no such recipe, 7 epochs\n");
  EXPECT_TRUE(run(ask({"store", "list"})).ok());
}

TEST(Verbs, ForeignExceptionsBecomeStatus) {
  EXPECT_EQ(run(ask({"train", "throw"})).to_string(), "INTERNAL: foreign trouble");
}

TEST(Verbs, UsageErrorsSayWhatWasExpectedAndFound) {
  struct Case {
    std::vector<std::string> args;
    const char* error;
  };
  const Case cases[] = {
      {{}, "slipway: error: expected a verb\n'slipway --help' tells more.\n"},
      {{"trian"}, "slipway: error: unknown verb 'trian'; did you mean train?\n'slipway --help' tells more.\n"},
      {{"deploy"}, "slipway: error: unknown verb 'deploy'\n'slipway --help' tells more.\n"},
      {{"--verbose"}, "slipway: error: unknown option '--verbose'\n'slipway --help' tells more.\n"},
      {{"help", "stor"}, "slipway: error: unknown verb 'stor'; did you mean store?\n'slipway --help' tells more.\n"},
      {{"train"}, "slipway train: error: RECIPE is required\n'slipway train --help' tells more.\n"},
      {{"train", "r", "--epoch=3"},
       "slipway train: error: unknown option --epoch; did you mean --epochs?\n'slipway train --help' tells more.\n"},
      {{"train", "r", "s"}, "slipway train: error: unexpected argument 's'\n'slipway train --help' tells more.\n"},
      {{"train", "r", "--epochs", "many"},
       "slipway train: error: --epochs: expected a whole number, found 'many'\n'slipway train --help' tells more.\n"},
      {{"train", "r", "--rows", "0"},
       "slipway train: error: --rows: expected a number above 0, found '0'\n'slipway train --help' tells more.\n"},
      {{"train", "r", "--rows", "1", "--rows", "2"},
       "slipway train: error: --rows: given more than once; give it once\n'slipway train --help' tells more.\n"},
      {{"train", "r", "--share=x"},
       "slipway train: error: --share: expected a whole number in [0 - 9], found 'x'\n'slipway train --help' tells "
       "more.\n"},
      {{"store"},
       "slipway store: error: expected a command, one of: list, promote\n'slipway store --help' tells more.\n"},
      {{"store", "lst"},
       "slipway store: error: unknown command 'lst'; did you mean list?\n'slipway store --help' tells more.\n"},
      {{"store", "promote"},
       "slipway store promote: error: NAME is required\n'slipway store promote --help' tells more.\n"},
  };
  for (const Case& c : cases) {
    Invocation invocation = ask(c.args);
    EXPECT_FALSE(invocation.run) << c.error;
    EXPECT_EQ(exit_code(invocation.status.code()), 2);
    EXPECT_EQ(error_text(invocation.program, invocation.status, false), c.error);
  }
}

TEST(Verbs, ErrorsAreRedOnATerminal) {
  EXPECT_EQ(error_text("slipway", invalid("bad"), true), "slipway: \x1b[1;31merror:\x1b[0m bad\n");
}

TEST(Verbs, HelpIsTheSameHoweverAsked) {
  EXPECT_THAT(ask({"--help"}).out, StartsWith("slipway takes a neural model through its whole life"));
  EXPECT_EQ(ask({"--help"}).out, ask({"help"}).out);
  EXPECT_EQ(ask({"--help"}).out, ask({"-h"}).out);
  EXPECT_EQ(ask({"train", "--help"}).out, ask({"help", "train"}).out);
  EXPECT_EQ(ask({"train", "-h"}).out, ask({"help", "train"}).out);
  EXPECT_THAT(ask({"store", "promote", "--help"}).out, StartsWith("Usage: slipway store promote NAME [OPTIONS]\n"));
}

TEST(Verbs, VersionIsSaid) { EXPECT_EQ(ask({"--version"}).out, "slipway " + std::string(version()) + "\n"); }

TEST(Verbs, EveryCardOfTheProgramIsWhole) {
  ASSERT_FALSE(all_verbs().empty());
  for (const Verb* verb : all_verbs()) {
    Command command = describe(*verb);
    EXPECT_EQ(command.name, verb->name);
    EXPECT_FALSE(command.brief.empty()) << verb->name;
    EXPECT_THAT(command.help, HasSubstr(std::string("slipway ") + verb->name)) << "help without an example";
    for (const auto* options : {&command.arguments, &command.options}) {
      for (const CommandOption& option : *options) {
        EXPECT_FALSE(option.description.empty()) << verb->name << " " << option.names.front();
      }
    }
  }
}

}  // namespace
}  // namespace slipway
