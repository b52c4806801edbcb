// slipway: looks the verb up, runs it, and turns its status into an exit code.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "cli/waiting.h"

namespace {

// Colour on a terminal, unless the user said no (https://no-color.org).
bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
}

int fail(const std::string& program, const slipway::Status& status) {
  std::fflush(stdout);
  std::fputs(slipway::error_text(program, status, wants_colour()).c_str(), stderr);
  return slipway::exit_code(status.code());
}

}  // namespace

int main(int argc, char** argv) {
  // `slipway … | head` ends quietly even when the parent process ignores SIGPIPE.
  std::signal(SIGPIPE, SIG_DFL);
  slipway::wait_briefly(argv);
  slipway::Invocation invocation = slipway::interpret(slipway::all_verbs(), {argv + 1, argv + argc});
  slipway::Status status = invocation.run ? slipway::run(invocation) : invocation.status;
  std::fputs(invocation.out.c_str(), stdout);
  if (!status.ok()) return fail(invocation.program, status);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    const char* why = std::strerror(errno);
    return fail(invocation.program, slipway::unavailable(fmt::format("could not write the output: {}", why)));
  }
  return 0;
}
