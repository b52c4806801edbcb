// LSTM over constant weights in float32: each step's product and its gates in one pass over packed R.
#pragma once

#include "kernels/recurrent.h"

namespace slipway::kernels {

// Whether make_lstm() takes the spec: float32, constant W and R, sigmoid and tanh gates, no clip, no input_forget.
// Peepholes are an input: the maker of the spec says whether there are any.
bool plain_lstm(const RecurrentSpec& spec);

// As make_recurrent. Requires: plain_lstm(spec), and no P.
Result<std::shared_ptr<const Primitive>> make_lstm(const RecurrentSpec& spec, const PackFn& pack);

}  // namespace slipway::kernels
