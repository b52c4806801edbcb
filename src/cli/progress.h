// Progress of long work: a bar on a terminal, plain lines in a pipe, nothing for machines.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace slipway {

enum class ProgressStyle { bar, lines, silent };

// silent with --json, else a bar when `stream` is a terminal, else lines.
ProgressStyle progress_style(bool json, std::FILE* stream);

// One stretch of work as it stands.
struct ProgressState {
  std::string label;  // "Epoch 1/5"
  int64_t done = 0;
  int64_t total = 0;  // 0: not known
  int64_t elapsed_ns = 0;
  std::string note;  // "loss 0.1523  accuracy 0.9541"
};

// "Epoch 1/5  ━━━━━━━━━╸──────────  938/1875  3.20 s  3.19 s left  loss 0.15". Where `columns` are few the bar becomes
// shorter, then vanishes, and then the note is cut: nothing is wider.
std::string progress_bar(const ProgressState& state, int columns);

// What stays on the screen when the work ends: the bar, and below it what of the note has no room beside it.
std::string progress_end(const ProgressState& state, int columns);

// "Epoch 1/5: 1875/1875, 1.62 s, loss 0.15".
std::string progress_line(const ProgressState& state);

// Draws stretch after stretch to one stream. A bar is redrawn at most ten times a second and stays when it ends; in a
// pipe a stretch is one line when it ends, and one every ten seconds before.
class Progress {
 public:
  // `clock` and `stream` must outlive this object.
  Progress(ProgressStyle style, const Clock& clock, std::FILE* stream)
      : style_(style), clock_(clock), stream_(stream) {}
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void begin(std::string label, int64_t total);
  void update(int64_t done, std::string_view note = {});
  // Whether update() would draw.
  bool is_due() const;
  // Ends the stretch, as complete.
  void finish(std::string_view note = {});

 private:
  void draw_bar(bool last);
  void draw_line();

  const ProgressStyle style_;
  const Clock& clock_;
  std::FILE* const stream_;
  ProgressState state_;
  int64_t start_ns_ = 0;
  int64_t drawn_ns_ = 0;
  bool open_ = false;  // begun and not finished
};

}  // namespace slipway
