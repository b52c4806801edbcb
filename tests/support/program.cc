// Processes by fork and exec, watched by waitpid.
#include "support/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "support/places.h"

namespace slipway {

namespace {

std::string text_of(const std::filesystem::path& file) {
  Result<std::string> text = read_file(file);
  return text.ok() ? *text : "";
}

void redirect(const std::filesystem::path& file, int to) {
  int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(fd, to);
  ::close(fd);
}

}  // namespace

Process::Process(const std::vector<std::string>& words) {
  std::string binary = program_path();
  std::vector<char*> argv = {binary.data()};
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  id_ = ::fork();
  if (id_ != 0) return;
  redirect(streams_.path() / "out", STDOUT_FILENO);
  redirect(streams_.path() / "err", STDERR_FILENO);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  ::waitpid(id_, &state_, 0);
}

void Process::signal(int number) const {
  if (id_ > 0) ::kill(id_, number);
}

bool Process::running() {
  if (id_ <= 0) return false;
  if (::waitpid(id_, &state_, WNOHANG) == 0) return true;
  id_ = -1;
  return false;
}

int Process::wait(std::chrono::seconds patience) {
  auto end = std::chrono::steady_clock::now() + patience;
  while (running()) {
    if (std::chrono::steady_clock::now() > end) {
      signal(SIGKILL);
      ::waitpid(id_, &state_, 0);
      id_ = -1;
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return WIFEXITED(state_) ? WEXITSTATUS(state_) : 128 + WTERMSIG(state_);
}

std::string Process::out() const { return text_of(streams_.path() / "out"); }
std::string Process::err() const { return text_of(streams_.path() / "err"); }

Outcome run_slipway(const std::vector<std::string>& words) {
  Process process(words);
  int exit = process.wait();
  return {exit, process.out(), process.err()};
}

namespace {

std::vector<std::string> serve_words(const std::filesystem::path& store, const std::vector<std::string>& options) {
  std::vector<std::string> words = {"serve", store.string(), "--http", "0", "--address", "127.0.0.1"};
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

}  // namespace

ServerProcess::ServerProcess(const std::filesystem::path& store, const std::vector<std::string>& options)
    : Process(serve_words(store, options)) {
  const std::string mark = "listening on http://127.0.0.1:";
  for (int i = 0; i < 6000 && running(); ++i) {
    std::string log = err();
    size_t at = log.find(mark);
    if (at != std::string::npos && log.find('\n', at) != std::string::npos) {
      port_ = static_cast<uint16_t>(std::atoi(log.c_str() + at + mark.size()));
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

int64_t ServerProcess::resident_bytes() const {
  std::ifstream status(fmt::format("/proc/{}/status", id()));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::atoll(line.c_str() + 6) * 1024;
  }
  return 0;
}

int64_t ServerProcess::descriptors() const {
  std::error_code ignored;
  std::filesystem::directory_iterator files(fmt::format("/proc/{}/fd", id()), ignored);
  return std::distance(files, std::filesystem::directory_iterator());
}

int ServerProcess::stop() {
  signal(SIGTERM);
  return wait();
}

}  // namespace slipway
