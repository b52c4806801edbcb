// The program as a shell sees it: exit codes, streams, broken pipes.
#include <csignal>
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "support/places.h"

namespace slipway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Outcome {
  int exit;
  std::string out;
};

// Runs `slipway <words>` in bash; stderr joins stdout only where the words say so.
Outcome slipway(const std::string& words) {
  std::string command = std::string("bash -c 'set -o pipefail; ") + program_path() + " " + words + "'";
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  int state = pclose(pipe);
  return {WIFEXITED(state) ? WEXITSTATUS(state) : -1, out};
}

TEST(Program, HelpGoesToStdoutAndIsNoError) {
  Outcome help = slipway("--help 2>/dev/null");
  EXPECT_EQ(help.exit, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("Usage: slipway VERB"), HasSubstr("  completion "), HasSubstr("  operators ")));
}

TEST(Program, AWholeNumberThatIsTooLargeIsNoOtherOne) {
  const Outcome refused = slipway("train r.toml --seed 99999999999999999999 2>&1");
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.out, HasSubstr("--seed: expected a whole number below 2^63, found"));
}

TEST(Program, ErrorsGoToStderrWithTheirExitCode) {
  EXPECT_EQ(slipway("trian 2>/dev/null").out, "");
  EXPECT_EQ(slipway("trian 2>/dev/null").exit, 2);
  EXPECT_THAT(slipway("completion fihs 2>&1").out, StartsWith("slipway completion: error: SHELL: fihs"));
  Outcome missing = slipway("operators NoSuchOperator 2>&1");
  EXPECT_EQ(missing.exit, 3);
  EXPECT_THAT(missing.out, StartsWith("slipway operators: error: no operator NoSuchOperator"));
  EXPECT_THAT(missing.out, Not(HasSubstr("\x1b"))) << "colour in a pipe";
}

TEST(Program, AFullDiskIsAnError) {
  Outcome full = slipway("--help 2>&1 >/dev/full");
  EXPECT_EQ(full.exit, 1);
  EXPECT_EQ(full.out, "slipway: error: could not write the output: No space left on device\n");
}

TEST(Program, AClosedPipeEndsItQuietly) {
  Outcome closed = slipway("operators --json 2>&1 | true");
  EXPECT_TRUE(closed.exit == 0 || closed.exit == 128 + SIGPIPE) << closed.exit;
  EXPECT_EQ(closed.out, "");
}

}  // namespace
}  // namespace slipway
