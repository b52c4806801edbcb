// 3 x 3 convolutions of stride 1 and their gradients by Winograd's minimal filtering F(4 x 4, 3 x 3), channels last,
// float32: 36 products where the plain sum takes 144.
//
// Every tile of 4 x 4 results is Y = A' [(G g G') * (B' d B)] A with the 6 x 6 inputs d and the filter g; its gradient
// with respect to g is G' [(B' d B) * (A dY A')] G (A. Lavin, S. Gray 2016, "Fast algorithms for convolutional neural
// networks"). The matrices belong to the points 0, 3/4, -3/4, 3/2, -3/2 and infinity, whose rounding is half that of
// 0, 1, -1, 2, -2 (B. Barabasz et al. 2020, "Error analysis and improving the accuracy of Winograd convolution").
// A block of tiles goes through all steps while it lies in the core's own cache.
#pragma once

#include <cstdint>

namespace slipway::kernels {

inline constexpr int64_t kWinogradPoints = 36;    // products of a tile, for each pair of channels
inline constexpr int64_t kWinogradChannels = 16;  // numbers of channels are multiples of this

// Y [batch, out_height, out_width, filters] from X [batch, height, width, channels] with zeros around it; Y at (i, j)
// sees X from (i - top, j - left) on. Requires: channels and filters are multiples of kWinogradChannels.
struct WinogradShape {
  int64_t batch = 0, height = 0, width = 0, channels = 0;
  int64_t out_height = 0, out_width = 0, filters = 0;
  int64_t top = 0, left = 0;

  int64_t down() const { return (out_height + 3) / 4; }
  int64_t across() const { return (out_width + 3) / 4; }
  int64_t tiles() const { return batch * down() * across(); }
  // Tiles that go through all steps together, for so many of the channels.
  int64_t block(int64_t some_channels) const;
  // Numbers that winograd_tiles or winograd_products work in.
  int64_t scratch() const;
};

// U [36, reduced, produced] = G g G' from taps [reduced, 9, produced]; `turned`: the taps in reverse order.
void winograd_filters(const float* taps, int64_t reduced, int64_t produced, bool turned, float* u);

// Tiles [first, last) of Y; bias [filters] may be nullptr.
void winograd_tiles(const WinogradShape& s, const float* x, const float* u, const float* bias, int64_t first,
                    int64_t last, float* y, float* scratch);

// Channels [first, last), multiples of kWinogradChannels.
struct ChannelRange {
  int64_t first, last;
};

// Adds (B' d B) * (A dY A') of tiles [first, last) to `products` [36, channels, filters], for a range of the channels.
void winograd_products(const WinogradShape& s, const float* x, const float* dy, ChannelRange range, int64_t first,
                       int64_t last, float* products, float* scratch);

// taps [channels, 9, filters] = G' D G, D the sum of `parts` arrays of products [36, channels, filters] that lie one
// behind the other.
void winograd_taps(const float* products, int64_t parts, int64_t channels, int64_t filters, float* taps);

}  // namespace slipway::kernels
