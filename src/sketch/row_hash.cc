// Hashes of rows.
#include "sketch/row_hash.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "sketch/distinct.h"

namespace slipway {

uint64_t row_hash(std::span<const float> row, const RowSummary& summary) {
  auto bits = [&](size_t i) { return uint64_t{std::bit_cast<uint32_t>(row[i])}; };
  if (row.size() > kExactWidth) {
    const uint64_t shape =
        uint64_t{std::bit_cast<uint32_t>(summary.mean)} << 32 | std::bit_cast<uint32_t>(summary.deviation);
    return mix_bits(mix_bits(shape) ^ (bits(0) << 32 | bits(row.size() - 1)));
  }
  uint64_t hash = row.size();
  size_t i = 0;
  for (; i + 2 <= row.size(); i += 2) hash = mix_bits(hash ^ (bits(i) << 32 | bits(i + 1)));
  if (i < row.size()) hash = mix_bits(hash ^ bits(i));
  return mix_bits(hash);
}

CommonRows common_rows(std::span<const float> sample, size_t width) {
  CHECK(width > 0 && sample.size() % width == 0, "whole rows");
  CommonRows common;
  if (width > kExactWidth || sample.empty()) return common;
  std::vector<uint64_t> hashes;
  for (size_t at = 0; at < sample.size(); at += width) hashes.push_back(row_hash(sample.subspan(at, width), {}));
  std::sort(hashes.begin(), hashes.end());
  size_t others = 0, again = 0;
  for (size_t i = 0; i < hashes.size();) {
    const size_t end = static_cast<size_t>(
        std::upper_bound(hashes.begin() + static_cast<std::ptrdiff_t>(i), hashes.end(), hashes[i]) - hashes.begin());
    const size_t times = end - i;
    if (times >= kCommon) common.hashes.push_back(hashes[i]);
    if (times * 20 < hashes.size()) others += times;
    if (times * 20 < hashes.size() && times > 1) again += times;
    i = end;
  }
  common.discrete = !common.hashes.empty() && 2 * again >= others;
  return common;
}

}  // namespace slipway
