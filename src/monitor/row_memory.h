// RowMemory: which rows were counted lately, in fixed memory.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace slipway {

// A table of two places per row. A row that more recent ones pushed out counts as new again, which happens to rows
// that are repeated rarely, if ever.
class RowMemory {
 public:
  // True when the row was not counted at `oldest` or later; it is counted `now` then. Requires: now > 0, ascending.
  bool count(uint64_t hash, uint32_t now, uint32_t oldest) {
    if (places_.empty()) places_.resize(kPlaces);
    Place* first = &places_[hash % (kPlaces / 2) * 2];
    for (Place* place : {first, first + 1}) {
      if (place->hash != hash || place->counted == 0) continue;
      if (place->counted >= oldest) return false;
      place->counted = now;
      return true;
    }
    *(first->counted <= (first + 1)->counted ? first : first + 1) = {hash, now};
    return true;
  }
  void release() { places_ = {}; }

 private:
  static constexpr size_t kPlaces = 8192;
  struct Place {
    uint64_t hash = 0;
    uint32_t counted = 0;  // 0: never
  };
  std::vector<Place> places_;
};

}  // namespace slipway
