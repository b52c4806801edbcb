// Passes over a graph in TFLite's own operators.
#pragma once

#include "formats/tflite.h"

namespace slipway::convert {

// An ADD of a vector behind a product becomes its bias; RELU, RELU6 and RELU_N1_TO_1 become the fused activation of the
// layer before them.
void fuse_activations(TfliteModel& model);

// A QUANTIZE to int8 goes before the RESHAPE, SQUEEZE, EXPAND_DIMS or TRANSPOSE that makes what it reads.
void quantize_before_movement(TfliteModel& model);

// Integer constants that no runtime dequantizes (int32 biases of layers that compute in float32) become their real
// numbers.
void fold_dequantized(TfliteModel& model);

// Operators between DEQUANTIZE and QUANTIZE compute in int8, as TFLite's 8-bit specification allows
// (https://www.tensorflow.org/lite/performance/quantization_spec); dense layers with int8 weights behind float
// activations that have no scale take the integers directly (hybrid).
void compute_in_integers(TfliteModel& model);

}  // namespace slipway::convert
