// Fronts of images, sounds and texts (one raw input, strings [batch]) and of series: one output called "input".
#pragma once

#include "data/audio.h"
#include "data/dataset.h"
#include "data/images.h"
#include "formats/preparation.h"
#include "text/tokenizer.h"

namespace slipway {

// "image", the bytes of JPEG or PNG files -> float32 [batch, 1 or 3, height, width], 0 to 1 (× 1/255).
Result<Preparation> image_preparation(const ImageOptions& options);

// What brings values to mean 0 and deviation 1: (x - mean) * scale.
struct Standard {
  float mean = 0;
  float scale = 1;
};

// "sound", the bytes of WAV files -> float32 [batch, 1, mels or coefficients, frames].
Result<Preparation> audio_preparation(const AudioOptions& options, const Standard& standard);

// "text" -> float32 [batch, length], ids of tokens: of a longer text the last ones.
Result<Preparation> text_preparation(const Tokenizer& tokenizer, int64_t length);

// `name` -> float32 [batch, length], a token's id + 1, cut, or filled up with 0 behind.
Result<Preparation> labelled_text_preparation(const Tokenizer& tokenizer, int64_t length, const std::string& name);

// Arrays of uint8 as they are, `name` [batch, example…] -> float32 of the same shape, × scale + offset. Requires: one
// of each for all elements.
Result<Preparation> array_preparation(const std::string& name, const Shape& example, const Scaling& scaling);

// A column of a series, and what brings it to mean 0 and deviation 1.
struct SeriesColumn {
  std::string name;
  double mean = 0;
  double deviation = 1;
};

// Each column's last values in time, float32 [batch, window] -> float32 [batch, window, columns], (x - mean) ×
// (1 / deviation).
Result<Preparation> series_preparation(const std::vector<SeriesColumn>& columns, int64_t window);

// The tokenizer of a front that has one, and how many tokens it makes; nullopt for any other front.
struct FrontTokenizer {
  Tokenizer tokenizer;
  int64_t length = 0;
};
Result<std::optional<FrontTokenizer>> front_tokenizer(const Graph& front);

}  // namespace slipway
