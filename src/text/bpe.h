// Byte pair encoding: which neighbours to merge, learned from a text.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway {

// At most `count` merges in the order they are made; merge i makes token 256 + i of its two. Ends earlier when no pair
// occurs twice. Pairs of one frequency are merged in the order of their ids.
std::vector<std::pair<int32_t, int32_t>> learn_merges(std::string_view text, size_t count);

}  // namespace slipway
