// The inner loops of convolutions from uint8 to uint8, channels last: one row of results at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace slipway::kernels {

// Whether the processor has what these loops are made of: AVX-512 with VNNI (four products of uint8 and int8 summed in
// one step) and VBMI. Where it has not, none of them may be called.
bool multiplies_bytes();

inline constexpr int64_t kSums = 16;        // 32-bit sums in a vector
inline constexpr int64_t kMostVectors = 4;  // of sums for one position

// Output channels, 16 to a vector, are computed in blocks of up to four vectors, as equal as can be.
struct ChannelBlocks {
  int64_t vectors = 0;  // of all channels

  explicit ChannelBlocks(int64_t channels) : vectors((channels + kSums - 1) / kSums) {}
  int64_t count() const { return (vectors + kMostVectors - 1) / kMostVectors; }
  int64_t begin(int64_t block) const { return vectors * block / count(); }  // its first vector
  int64_t size(int64_t block) const { return begin(block + 1) - begin(block); }
};

// y = clamp(round(scale sum + bias), low, high)
struct ByteRounding {
  const float* scale;
  const float* bias;
  uint8_t low, high;
};

// Positions whose windows are `runs` of bytes: result (p, o) sums run r, byte k of runs[r] + p step times w.
// Runs are whole numbers of 4 bytes: what they read beyond the window meets weights of 0.
struct DirectRow {
  const uint8_t* const* runs;
  int64_t run_count, quads;  // bytes of a run / 4
  int64_t step;              // bytes between positions
  int64_t positions, channels;
  const int8_t* w;        // by block, run, quad, vector: [16 channels][4 bytes]
  ByteRounding rounding;  // by channel, filled up to whole vectors
  uint8_t* y;             // [positions, channels]
  int64_t y_bytes;        // where y ends: what lies behind is not written
};
void direct_row(const DirectRow& row);

// Where one tap of a filter finds the bytes that meet one strip of results: byte j at row + offset + j, for the j in
// `mask`. A tap may have several pieces.
struct StripPiece {
  int64_t offset;
  uint64_t mask;
};

// 64 neighbouring bytes of a row of results, whatever channels they belong to.
struct DepthwiseStrip {
  uint64_t mask;  // those that are results
  int64_t phase;  // which weights and roundings meet it
  bool whole;     // every tap is one piece of 64 bytes
};

inline constexpr int64_t kRowsTogether = 4;

// Strips [begin, end) of up to kRowsTogether rows of results of a depthwise convolution.
struct DepthwiseRows {
  const uint8_t* x;        // the image
  int64_t h, row_bytes;    // of it
  int64_t top;             // the row, maybe outside, where the first row of results begins to read
  int64_t kw, kh, sy, dy;  // columns and rows of the filter; stride and dilation of rows
  int64_t quads;           // columns of the filter, four at a time
  const DepthwiseStrip* strips;
  const StripPiece* taps;  // by strip, tap (4 quads) and piece
  int64_t pieces;
  int64_t begin, end;
  uint8_t x_zero;         // what lies outside
  const int8_t* w;        // by phase, row, quad and v: what meets bytes 4 v to 4 v + 3 of every 16, [16][4 columns]
  ByteRounding rounding;  // by phase and v
  uint8_t* y;             // the first row
  int64_t y_row;          // bytes between rows
  int64_t first, rows;    // rows before `first` are left as they are
};
void depthwise_rows(const DepthwiseRows& rows);

}  // namespace slipway::kernels
