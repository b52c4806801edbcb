// Connectionist temporal classification: the loss of an unaligned labelling, and its gradient. A. Graves et al.,
// "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural Networks", ICML
// 2006.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slipway::kernels {

struct CtcShape {
  int64_t steps;    // T
  int64_t classes;  // C, class 0 is the blank
  int64_t labels;   // L, at most
};

// Bytes of scratch for one example.
size_t ctc_scratch_bytes(const CtcShape& shape);

// One example: logits [T, C], labels [L] of classes in [1, C); a label of 0 is padding. Returns -log p(labels |
// logits), summed over all alignments, and writes its gradient by the logits into d_logits [T, C]. Infinite, with
// gradient 0, where no alignment fits into T steps; NaN for a label outside [0, C).
template <typename T>
double ctc(const CtcShape& shape, const T* logits, const int64_t* labels, void* scratch, T* d_logits);

extern template double ctc(const CtcShape&, const float*, const int64_t*, void*, float*);
extern template double ctc(const CtcShape&, const double*, const int64_t*, void*, double*);

}  // namespace slipway::kernels
