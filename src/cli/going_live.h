// Going live: whether a version that is published becomes production at once.
#pragma once

#include <string>

#include "graph/graph.h"
#include "store/store.h"

namespace slipway {

// What is so, and what to say of it.
struct GoingLive {
  bool promote = true;
  int64_t stays = 0;  // the version that stays in production; 0: none
  std::string
      refused;  // of what it is sent, what the new one would refuse (data/same_requests.h); "": it was not tested
};

// A version that nobody tested, or that would refuse what clients send to the one in production, does not take its
// place unasked.
Result<GoingLive> going_live(const Store& store, const std::string& name, const Graph& model, bool tested, bool asked);

// "version 2 stays in production, since version 3 was not tested; to promote it: slipway store promote models adult 3".
std::string stays_text(const GoingLive& live, const std::string& store, const std::string& name, int64_t version);

}  // namespace slipway
