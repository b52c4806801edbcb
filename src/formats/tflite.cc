// The card of the TensorFlow Lite format. Writing begins with lowering, which is convert's: `slipway convert`.
#include "formats/tflite.h"

#include "formats/format.h"

namespace slipway {

namespace {

bool sniff(std::string_view bytes) { return bytes.size() >= 8 && bytes.substr(4, 4) == "TFL3"; }

Result<Graph> read(std::string_view bytes, const std::filesystem::path&) { return read_tflite(bytes); }

}  // namespace

FORMAT(tflite) = {
    .name = "tflite",
    .doc = "TensorFlow Lite: a FlatBuffer of one graph, images [N, H, W, C], for phones and small devices.",
    .extensions = {".tflite"},
    .sniff = sniff,
    .read = read,
};

}  // namespace slipway
