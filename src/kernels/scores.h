// What ONNX-ML's models do with their scores at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace slipway::kernels {

enum class PostTransform : uint8_t { none, logistic, softmax, softmax_zero, probit };
// By ONNX's name ("NONE", "LOGISTIC", …); nullopt: none of those.
std::optional<PostTransform> post_transform(std::string_view name);

// Transforms the n scores of one row in place. SOFTMAX_ZERO leaves zeros out and as they are.
void transform_scores(PostTransform transform, float* scores, int64_t n);

// The scores of both classes from the one of the positive class: (1 - s, s) for a share, else (-s, s), through the
// logistic function if that is the transform. out: [2].
void two_class_scores(PostTransform transform, float score, bool share, float* out);

}  // namespace slipway::kernels
