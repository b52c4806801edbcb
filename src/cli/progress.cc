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
constexpr int kLeastBarColumns = 6;             // a narrower bar says nothing
constexpr int64_t kEstimateNs = 2'000'000'000;  // earlier, what is left is a guess
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
std::string bar(int64_t done, int64_t total, int columns) {
  double share = total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0) : 0;
  int halves = static_cast<int>(share * 2 * columns);
  std::string out;
  for (int i = 0; i < columns; ++i) out += halves >= 2 * i + 2 ? "━" : halves == 2 * i + 1 ? "╸" : "─";
  return out;
}

// "812 ms", with "  3.20 s left" behind it while that can be told.
std::string times(const ProgressState& state) {
  std::string text = human_duration(state.elapsed_ns);
  if (state.elapsed_ns < kEstimateNs || state.done <= 0 || state.done >= state.total) return text;
  const double each = static_cast<double>(state.elapsed_ns) / static_cast<double>(state.done);
  const auto left = static_cast<int64_t>(each * static_cast<double>(state.total - state.done));
  return text + "  " + human_duration(left) + " left";
}

// The parts of `note`, which stand two spaces apart, in lines of at most `columns`.
std::string lines_of(std::string_view note, int columns) {
  std::string out;
  std::string line;
  while (!note.empty()) {
    const size_t end = std::min(note.find("  "), note.size());
    const std::string_view part = note.substr(0, end);
    note.remove_prefix(std::min(note.find_first_not_of(' ', end), note.size()));
    if (!line.empty() && display_width(line) + 2 + display_width(part) > columns) {
      out += line + "\n";
      line.clear();
    }
    line += "  " + std::string(part);
  }
  return out + line;
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
  const std::string tail = position(state) + "  " + times(state) + (state.note.empty() ? "" : "  " + state.note);
  const int room = columns - display_width(state.label) - display_width(tail) - 4;
  std::string text = state.label + "  ";
  if (state.total > 0 && room >= kLeastBarColumns) {
    text += bar(state.done, state.total, std::min(room, kBarColumns)) + "  ";
  }
  return std::string(cut(text + tail, columns));
}

std::string progress_end(const ProgressState& state, int columns) {
  std::string text = progress_bar(state, columns);
  if (state.note.empty() || text.ends_with(state.note)) return text;
  ProgressState bare = state;
  bare.note.clear();
  return progress_bar(bare, columns) + "\n" + lines_of(state.note, columns);
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
  if (!is_due()) return;
  drawn_ns_ = clock_.steady_ns();
  if (style_ == ProgressStyle::bar) {
    draw_bar(false);
  } else {
    draw_line();
  }
}

bool Progress::is_due() const {
  if (style_ == ProgressStyle::silent) return false;
  return clock_.steady_ns() - drawn_ns_ >= (style_ == ProgressStyle::bar ? kRedrawNs : kLineNs);
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
  const int columns = terminal_columns(stream_) - 1;
  fmt::print(stream_, "\r\x1b[K{}", last ? progress_end(state_, columns) + "\n" : progress_bar(state_, columns));
  std::fflush(stream_);
}

void Progress::draw_line() {
  state_.elapsed_ns = clock_.steady_ns() - start_ns_;
  fmt::print(stream_, "{}\n", progress_line(state_));
  std::fflush(stream_);
}

}  // namespace slipway
