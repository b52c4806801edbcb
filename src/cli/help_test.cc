// Help pages: golden text.
#include "cli/help.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "cli/verb.h"
#include "cli/verbs.h"

namespace slipway {
namespace {

const Verb kServe = {.name = "serve", .brief = "Serve a store over HTTP"};
const Verb kTrain = {.name = "train", .brief = "Train a model from a recipe"};
const Verb kPolish = {.name = "polish", .brief = "A verb that no chapter tells"};

TEST(Help, FirstPageTellsTheLifeOfAModelInOrder) {
  const std::vector<const Verb*> verbs = {&kPolish, &kServe, &kTrain};
  EXPECT_EQ(program_help(verbs),
            "slipway takes a neural model through its whole life:\n"
            "train -> optimize -> convert -> serve -> monitor -> repair.\n"
            "\n"
            "Usage: slipway VERB [OPTIONS]\n"
            "\n"
            "Train:\n"
            "  train   Train a model from a recipe\n"
            "\n"
            "Serve, watch and repair:\n"
            "  serve   Serve a store over HTTP\n"
            "\n"
            "More:\n"
            "  polish  A verb that no chapter tells\n"
            "\n"
            "Examples:\n"
            "  slipway train recipe.toml                                         train what the recipe says\n"
            "  slipway serve models --http 8501                                  serve every model of a store\n"
            "\n"
            "'slipway VERB --help' tells what a verb does, with its options; 'slipway --version' tells the version.\n"
            "Exit status: 0 done, 2 wrong usage or input, 3 not found, 4 damaged data, 5 not supported,\n"
            "130 interrupted, 1 anything else.\n");
}

TEST(Help, TheFirstPageNamesNoVerbThatIsAbsent) {
  for (std::string_view name : verbs_of_help()) {
    EXPECT_TRUE(std::ranges::any_of(all_verbs(), [&](const Verb* verb) { return verb->name == name; })) << name;
  }
}

TEST(Help, PageOfACommand) {
  using Kind = CommandOption::Kind;
  Command command{.name = "optimize", .brief = "Make a model small and fast", .help = "  slipway optimize a b\n"};
  command.arguments = {
      {.kind = Kind::file, .names = {"IN"}, .argument = "FILE", .description = "The model", .required = true},
      {.kind = Kind::file, .names = {"MORE"}, .argument = "FILE", .description = "Others", .repeats = true}};
  command.options = {
      {.names = {"-h", "--help"}, .description = "Show this help"},
      {.kind = Kind::text,
       .names = {"--prune"},
       .argument = "FLOAT in [0 - 1]",
       .description = "Share of the weights to set to zero, the smallest first, in every layer by itself",
       .otherwise = "0.5"},
      {.kind = Kind::choice,
       .names = {"--quantize"},
       .argument = "dynamic|static",
       .choices = {"dynamic", "static"},
       .description = "Weights as int8",
       .required = true}};
  EXPECT_EQ(command_help(command, "slipway optimize"),
            "Usage: slipway optimize IN [MORE...] --quantize dynamic|static [OPTIONS]\n"
            "\n"
            "Make a model small and fast\n"
            "\n"
            "  slipway optimize a b\n"
            "\n"
            "Arguments:\n"
            "  IN                         The model\n"
            "  MORE                       Others\n"
            "\n"
            "Options:\n"
            "  -h, --help                 Show this help\n"
            "  --prune FLOAT in [0 - 1]   Share of the weights to set to zero, the smallest first, in every layer\n"
            "                             by itself [0.5]\n"
            "  --quantize dynamic|static  Weights as int8 (required)\n");
}

TEST(Help, PageOfACommandWithCommands) {
  Command store{.name = "store", .brief = "Keep models"};
  store.commands = {{.name = "list", .brief = "What is there"}, {.name = "promote", .brief = "Make a version live"}};
  EXPECT_EQ(command_help(store, "slipway store"),
            "Usage: slipway store COMMAND\n"
            "\n"
            "Keep models\n"
            "\n"
            "Commands:\n"
            "  list      What is there\n"
            "  promote   Make a version live\n"
            "\n"
            "'slipway store COMMAND --help' tells more about a command.\n");
}

}  // namespace
}  // namespace slipway
