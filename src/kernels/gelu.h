// The constants of Gelu: x / 2 (1 + erf(x / sqrt(2))), or x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
// D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
#pragma once

namespace slipway::kernels {

inline constexpr double kInvSqrt2 = 0.70710678118654752440;
inline constexpr double kSqrt2OverPi = 0.79788456080286535588;
inline constexpr double kGeluCubic = 0.044715;

}  // namespace slipway::kernels
