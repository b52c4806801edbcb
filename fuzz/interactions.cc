// Fuzz target: interactions. Whatever is accepted has a user, an item and a rating in every row.
#include "data/interactions.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto rows = slipway::parse_interactions({reinterpret_cast<const char*>(data), size}, "fuzz", {});
  if (!rows.ok()) return 0;
  CHECK(rows->user_of.size() == rows->ratings.size() && rows->item_of.size() == rows->ratings.size(), "ragged rows");
  for (uint32_t user : rows->user_of) CHECK(user < rows->users.size(), "a user without a text");
  for (uint32_t item : rows->item_of) CHECK(item < rows->items.size(), "an item without a text");
  return 0;
}
