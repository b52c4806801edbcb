// Going live: whether a version that is published becomes production at once.
#pragma once

#include <string>

#include "store/store.h"

namespace slipway {

// What is so, and what to say of it.
struct GoingLive {
  bool promote = true;
  int64_t stays = 0;  // the version that stays in production because the new one was not tested; 0: none
};

// A version that nobody tested does not take production from another one unasked.
Result<GoingLive> going_live(const Store& store, const std::string& name, bool tested, bool asked);

// "version 2 stays in production, since version 3 was not tested; to promote it: slipway store promote models adult 3".
std::string stays_text(const GoingLive& live, const std::string& store, const std::string& name, int64_t version);

}  // namespace slipway
