// The list of targets, written by the build from the files in targets/.
#include "convert/target.h"

#include "base/card_list.h"
#include "convert/targets/cards.inc"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slipway {

DECLARE_CARDS(Target, target_)

const Cards<Target>& all_targets() {
  static const Cards<Target> cards("target", CARD_LIST(Target, target_));
  return cards;
}

Result<const Target*> target_of(const std::filesystem::path& path) {
  const Format* format = find_format(path.extension().string());
  if (const Target* target = format == nullptr ? nullptr : all_targets().find(format->name)) return target;
  std::vector<std::string> extensions;
  for (const Target* target : all_targets()) {
    const Format* known = find_format(target->name);
    for (const char* extension : known->extensions) {
      if (extension != nullptr) extensions.emplace_back(extension);
    }
  }
  return invalid(fmt::format("{}: no model format is written under this extension; expected {}", path.string(),
                             fmt::join(extensions, " or ")));
}

}  // namespace slipway
