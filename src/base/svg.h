// SVG: what drawings have in common: how one begins, its colours, and text within it.
#pragma once

#include <string>
#include <string_view>

namespace slipway {

// Told apart by colour-blind readers too (M. Okabe, K. Ito, 2008), dark enough for white paper.
inline constexpr const char* kSvgColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                              "#8c6d00", "#56b4e9", "#000000"};

// `text` for between tags and quotes: &, <, > and " as entities, a space for each control character, U+FFFD for every
// byte that is no UTF-8.
std::string xml_escaped(std::string_view text);

// The opening tag, the style sheet (text, class "title", and `style`) and white paper of width × height pixels.
std::string svg_head(double width, double height, std::string_view style);

}  // namespace slipway
