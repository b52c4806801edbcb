// Pooling of boxes of a feature map. K. He et al., "Mask R-CNN", ICCV 2017.
#pragma once

#include <cstdint>

namespace slipway::kernels {

struct RoiSpec {
  int64_t batch = 0, channels = 0, height = 0, width = 0;  // of x
  int64_t rois = 0, out_height = 1, out_width = 1;
  int64_t sampling = 0;  // points per bin and dimension; 0: as many as its size, rounded up
  float scale = 1;       // of the boxes' coordinates
  bool half_pixel = true;
  bool max = false;  // the largest weighted corner of all points, as ONNX has it; else their mean
};

// x: [batch, channels, height, width], boxes: [rois, 4] as x1, y1, x2, y2, index: [rois] of batch elements;
// y: [rois, channels, out_height, out_width]. A box of an element that is not there gives 0.
template <typename T>
void roi_align(const RoiSpec& s, const T* x, const T* boxes, const int64_t* index, T* y, int threads);

}  // namespace slipway::kernels
