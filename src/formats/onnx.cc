// The card of ONNX.
#include "formats/onnx.h"

namespace slipway {

namespace {

// ModelProto begins with field 1, ir_version, a small varint; a FlatBuffer or a text never does.
bool sniff(std::string_view bytes) { return bytes.size() > 2 && bytes[0] == 0x08 && bytes[1] > 0 && bytes[1] < 0x40; }

}  // namespace

FORMAT(onnx) = {
    .name = "onnx",
    .doc = "Open Neural Network Exchange, the form that every framework exports.",
    .extensions = {".onnx"},
    .sniff = sniff,
    .read = read_onnx,
    .write = write_onnx_file,
};

}  // namespace slipway
