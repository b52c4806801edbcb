// Progress: drawing is a pure function of the state; the class decides when.
#include "cli/progress.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/format.h"
#include "cli/table.h"

namespace slipway {

namespace {

constexpr int kBarColumns = 24;
constexpr int64_t kRedrawNs = 100'000'000;
constexpr int64_t kLineNs = 10'000'000'000;

int terminal_columns(std::FILE* stream) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::string position(const ProgressState& state) {
  if (state.total == 0) return fmt::format("{}", state.done);
  std::string total = fmt::format("{}", state.total);
  return fmt::format("{:>{}}/{}", state.done, total.size(), total);
}

// Whole cells heavy, a half cell where it stands, the rest light.
std::string bar(int64_t done, int64_t total) {
  double share = total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0) : 0;
  int halves = static_cast<int>(share * 2 * kBarColumns);
  std::string out;
  for (int i = 0; i < kBarColumns; ++i) out += halves >= 2 * i + 2 ? "━" : halves == 2 * i + 1 ? "╸" : "─";
  return out;
}

// The longest beginning of `text` no wider than `columns`.
std::string_view cut(std::string_view text, int columns) {
  size_t end = text.size();
  while (end > 0 && display_width(text.substr(0, end)) > columns) {
    do --end;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  }
  return text.substr(0, end);
}

}  // namespace

ProgressStyle progress_style(bool json, std::FILE* stream) {
  if (json) return ProgressStyle::silent;
  return isatty(fileno(stream)) != 0 ? ProgressStyle::bar : ProgressStyle::lines;
}

std::string progress_bar(const ProgressState& state, int columns) {
  std::string text = state.label + "  ";
  if (state.total > 0) text += bar(state.done, state.total) + "  ";
  text += position(state) + "  " + human_duration(state.elapsed_ns);
  if (!state.note.empty()) text += "  " + state.note;
  return std::string(cut(text, columns));
}

std::string progress_line(const ProgressState& state) {
  std::string text = fmt::format("{}: {}, {}", state.label, position(state), human_duration(state.elapsed_ns));
  if (!state.note.empty()) text += ", " + state.note;
  return text;
}

Progress::~Progress() {
  if (open_ && style_ == ProgressStyle::bar) std::fputc('\n', stream_);
}

void Progress::begin(std::string label, int64_t total) {
  state_ = {.label = std::move(label), .total = total};
  start_ns_ = clock_.steady_ns();
  drawn_ns_ = start_ns_;
  open_ = true;
  if (style_ == ProgressStyle::bar) draw_bar(false);
}

void Progress::update(int64_t done, std::string_view note) {
  state_.done = done;
  if (!note.empty()) state_.note = note;
  if (style_ == ProgressStyle::silent) return;
  int64_t now = clock_.steady_ns();
  if (now - drawn_ns_ < (style_ == ProgressStyle::bar ? kRedrawNs : kLineNs)) return;
  drawn_ns_ = now;
  if (style_ == ProgressStyle::bar) {
    draw_bar(false);
  } else {
    draw_line();
  }
}

void Progress::finish(std::string_view note) {
  if (!open_) return;
  if (state_.total > 0) state_.done = state_.total;
  if (!note.empty()) state_.note = note;
  open_ = false;
  if (style_ == ProgressStyle::bar) draw_bar(true);
  if (style_ == ProgressStyle::lines) draw_line();
}

void Progress::draw_bar(bool last) {
  state_.elapsed_ns = clock_.steady_ns() - start_ns_;
  fmt::print(stream_, "\r\x1b[K{}{}", progress_bar(state_, terminal_columns(stream_) - 1), last ? "\n" : "");
  std::fflush(stream_);
}

void Progress::draw_line() {
  state_.elapsed_ns = clock_.steady_ns() - start_ns_;
  fmt::print(stream_, "{}\n", progress_line(state_));
  std::fflush(stream_);
}

}  // namespace slipway
