// Well-known architectures with random weights, written node by node as PyTorch's exporter writes them (opset 17, batch
// symbolic), so that other runtimes read the same file.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway {

// K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; stride in the 3 x 3 convolutions.
// image [batch, 3, 224, 224] -> logits [batch, 1000]. Convolutions and BatchNormalization stand apart.
Result<Graph> resnet50(uint64_t seed);
// M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018. As resnet50, normalization
// folded into the convolutions.
Result<Graph> mobilenet_v2(uint64_t seed);
// F. Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016; version 1.1. As resnet50.
Result<Graph> squeezenet(uint64_t seed);
// J. Devlin et al., "BERT", NAACL 2019: the encoder of BERT-base. input_ids, attention_mask (1: look at it): int64
// [batch, 128] -> last_hidden_state [batch, 128, 768].
Result<Graph> bert_base(uint64_t seed);
// A. Radford et al., "Language Models are Unsupervised Multitask Learners", 2019: the smallest GPT-2 without its last
// projection. input_ids: int64 [batch, 128] -> last_hidden_state [batch, 128, 768].
Result<Graph> gpt2(uint64_t seed);
// S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", 1997: two layers of 256.
// x [batch, 64, 128] -> y [batch, 64, 256].
Result<Graph> lstm(uint64_t seed);

struct Architecture {
  const char* name;
  Result<Graph> (*build)(uint64_t seed);
};
// All of the above.
const std::vector<Architecture>& architectures();

}  // namespace slipway
