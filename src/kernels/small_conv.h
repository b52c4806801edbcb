// Convolutions with few channels, in float32 and the plain layout: a vector holds the channels of one position, so that
// nothing is padded to a block of 16 channels and no input is copied into columns.
//
// For processors with 32 vector registers of 16 floats (AVX-512), where they beat oneDNN's.
#pragma once

#include "kernels/primitive.h"

namespace slipway::kernels {

// X [batch, c, h, w], W [o, c, k, k], Y [batch, o, oh, ow]; windows begin `top` and `left` before X.
struct SmallConv {
  int64_t batch = 0, c = 0, h = 0, w = 0;
  int64_t o = 0, oh = 0, ow = 0;
  int64_t k = 0, stride = 1, top = 0, left = 0;

  int64_t positions() const { return oh * ow; }
  // X as far as windows reach into it and its padding.
  int64_t reach_h() const { return (oh - 1) * stride + k; }
  int64_t reach_w() const { return (ow - 1) * stride + k; }
  bool padded() const { return top != 0 || left != 0 || reach_h() > h || reach_w() > w; }
};

// Gradients of filters are summed apart for this many runs of images, however many threads there are, and then added up
// in order.
inline constexpr int64_t kSmallConvRuns = 8;

// Whether the functions below are there for this machine and these sizes.
bool small_conv_runs(const SmallConv& s);

// Floats of scratch that each takes, aligned to 64 bytes.
int64_t small_conv_scratch(const SmallConv& s, int threads);
int64_t small_conv_data_scratch(const SmallConv& s, int threads);
int64_t small_conv_weights_scratch(const SmallConv& s, int threads);

// y = x * w + bias, negative ones 0 where `relu`; bias may be nullptr. The same bytes on any number of threads, as all
// three.
void small_conv(const SmallConv& s, const float* x, const float* w, const float* bias, bool relu, float* y,
                float* scratch, int threads);
// dx from dy and w.
void small_conv_data(const SmallConv& s, const float* dy, const float* w, float* dx, float* scratch, int threads);
// dw, and db where it is not nullptr, from x and dy.
void small_conv_weights(const SmallConv& s, const float* x, const float* dy, float* dw, float* db, float* scratch,
                        int threads);

// Of wide rows and few filters, which the functions above hand over to these.
bool small_conv_by_rows(const SmallConv& s);
int64_t small_conv_rows_scratch(const SmallConv& s, int threads);
void small_conv_rows(const SmallConv& s, const float* x, const float* w, const float* bias, bool relu, float* y,
                     float* scratch, int threads);
int64_t small_conv_row_weights_scratch(const SmallConv& s, int threads);
void small_conv_row_weights(const SmallConv& s, const float* x, const float* dy, float* dw, float* db, float* scratch,
                            int threads);

// The same as primitives, where they pay; nullptr elsewhere. Inputs and outputs as make_conv, make_conv_backward_data
// and make_conv_backward_weights state them.
std::shared_ptr<const Primitive> make_small_conv(const ConvSpec& spec);
std::shared_ptr<const Primitive> make_small_conv_data(const ConvSpec& spec);
std::shared_ptr<const Primitive> make_small_conv_weights(const ConvSpec& spec);

}  // namespace slipway::kernels
