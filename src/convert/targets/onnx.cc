// The target that says everything the graph does.
#include "convert/target.h"
#include "formats/onnx_check.h"

namespace slipway {

TARGET(onnx) = {
    .name = "onnx",
    .doc =
        "ONNX of opset 9 to 24: everything that the graph says, with operators of newer opsets spelled in older ones.",
    .write = write_model,
    .judge = judge_onnx,
};

}  // namespace slipway
