// Nearest: the word somebody probably meant, for "did you mean".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace slipway {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (Damerau-Levenshtein distance with
// adjacent transpositions; F. Damerau 1964). Bytes are letters; case counts.
int edit_distance(std::string_view a, std::string_view b);

// The candidate that `word` begins, else the one at the least distance when that is at most a third of its letters
// (but always one letter); nothing when no candidate is that near. The first wins a tie.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// "; did you mean <nearest>?", or "" when nothing is near: the end of an error message.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

// "; did you mean <nearest>? (<lead> a, b, c)", or "; <lead> a, b, c" when nothing is near. `lead`: "expected one of".
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates, std::string_view lead);

}  // namespace slipway
