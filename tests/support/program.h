// The program as a process: run to its end, or serving until it is stopped or killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"

namespace slipway {

// A started `slipway WORDS…`. Its streams go to files, so that nobody has to read them for it to go on.
class Process {
 public:
  explicit Process(const std::vector<std::string>& words);
  ~Process();  // kills what still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return id_; }
  void signal(int number) const;
  // The exit status; 128 + the signal that ended it; -1 when it still runs after `patience` (it is killed then).
  int wait(std::chrono::seconds patience = std::chrono::seconds(120));
  bool running();
  std::string out() const;
  std::string err() const;

 private:
  TemporaryDirectory streams_;
  pid_t id_ = -1;
  int state_ = 0;
};

struct Outcome {
  int exit = 0;
  std::string out;
  std::string err;
};

Outcome run_slipway(const std::vector<std::string>& words);

// `slipway serve STORE --http 0 …` on 127.0.0.1. Requires nothing of the store: port() is 0 when it did not start.
class ServerProcess : public Process {
 public:
  explicit ServerProcess(const std::filesystem::path& store, const std::vector<std::string>& options = {});

  uint16_t port() const { return port_; }
  int64_t resident_bytes() const;  // VmRSS
  int64_t descriptors() const;     // open files and sockets
  // SIGTERM; the exit status.
  int stop();

 private:
  uint16_t port_ = 0;
};

}  // namespace slipway
