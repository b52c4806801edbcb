// Remedy: the card of one thing that can be done about a cause; src/repair/remedies/<id>.cc holds everything about it.
#pragma once

#include "repair/actions.h"
#include "repair/cause.h"
#include "repair/policy.h"

namespace slipway {

struct Remedy {
  const char* name;  // the id of its file, and of its table in the policy
  const char* doc;   // one sentence
  CauseKind treats;
  RemedyPolicy policy;  // before a policy file says otherwise
  // Whether it makes sense for this cause; `facts` are of the cause's version.
  bool (*applies)(const Cause& cause, const VersionFacts& facts);
  // What a person reads who has to decide.
  std::string (*proposal)(const Cause& cause, Actions& actions);
  // Does it. The Json says what was done; {"from": v, "to": w} when another version serves now.
  Result<Json> (*act)(const Cause& cause, Actions& actions);
};

}  // namespace slipway

// Opens the card of src/repair/remedies/<id>.cc: REMEDY(rollback) = {.name = "rollback", …};
#define REMEDY(id)                            \
  extern const ::slipway::Remedy remedy_##id; \
  const ::slipway::Remedy remedy_##id
