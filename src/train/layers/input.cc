// An input of the model. The data says what inputs there are and their shapes; the layer names one.
#include "train/layers/context.h"

namespace slipway::train {

LAYER(input) = {
    .name = "Input",
    .doc = "An input of the model, by its name; the data says its shape, which may be stated.",
    .base_name = "input",
    .parameters = {{{"shape", Argument::list}}},
};

}  // namespace slipway::train
