// Greedy suppression of overlapping boxes.
#include "kernels/non_max_suppression.h"

#include <algorithm>

namespace slipway::kernels {

namespace {

struct Box {
  float top, left, bottom, right;
  float area() const { return (bottom - top) * (right - left); }
};

Box box_of(const float* b, bool center) {
  if (center) return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
  return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}

bool overlap(const Box& a, const Box& b, float most) {
  float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (height <= 0 || width <= 0) return false;
  float both = height * width, either = a.area() + b.area() - both;
  return either > 0 && both / either > most;
}

}  // namespace

int64_t suppress(const SuppressionSpec& s, const float* boxes, const float* scores, int64_t* scratch, int64_t* out,
                 int64_t capacity) {
  int64_t count = 0, *order = scratch, *kept = scratch + s.boxes;
  for (int64_t batch = 0; batch < s.batches; ++batch) {
    const float* own = boxes + batch * s.boxes * 4;
    for (int64_t c = 0; c < s.classes; ++c) {
      const float* score = scores + (batch * s.classes + c) * s.boxes;
      int64_t candidates = 0, chosen = 0;
      for (int64_t i = 0; i < s.boxes; ++i) {
        if (!s.has_score || score[i] > s.score) order[candidates++] = i;
      }
      // By score, then position: an order without ties, so that no stable sort (which allocates) is needed.
      std::sort(order, order + candidates,
                [&](int64_t a, int64_t b) { return score[a] != score[b] ? score[a] > score[b] : a < b; });
      for (int64_t k = 0; k < candidates && chosen < s.most; ++k) {
        Box box = box_of(own + order[k] * 4, s.center);
        bool hidden = std::any_of(
            kept, kept + chosen, [&](int64_t other) { return overlap(box_of(own + other * 4, s.center), box, s.iou); });
        if (hidden) continue;
        kept[chosen++] = order[k];
        if (out != nullptr && count < capacity) {
          out[count * 3] = batch;
          out[count * 3 + 1] = c;
          out[count * 3 + 2] = order[k];
        }
        ++count;
      }
    }
  }
  return count;
}

}  // namespace slipway::kernels
