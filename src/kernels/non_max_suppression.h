// Greedy suppression of boxes that overlap a better one.
#pragma once

#include <cstdint>

namespace slipway::kernels {

struct SuppressionSpec {
  int64_t batches = 0, classes = 0, boxes = 0;
  int64_t most = 0;  // boxes kept per batch and class
  float iou = 0;     // a box that overlaps a kept one by more is dropped (intersection over union)
  float score = 0;   // boxes with no higher score are dropped
  bool has_score = false;
  bool center = false;  // boxes are [x, y, width, height] around a centre, else two opposite corners [y, x, y, x]
};

// boxes: [batches, boxes, 4], scores: [batches, classes, boxes]. Writes (batch, class, box) of each kept box, the best
// first, up to `capacity` of them; returns how many there are. scratch: 2 × boxes. out may be nullptr.
int64_t suppress(const SuppressionSpec& spec, const float* boxes, const float* scores, int64_t* scratch, int64_t* out,
                 int64_t capacity);

}  // namespace slipway::kernels
