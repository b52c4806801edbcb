// Cards: everything that has a name (an operator, a loss, a detector, a verb, …) stands as a card in one source file,
// and what holds for all cards is here: finding one by name, listing them, saying what was probably meant, and what
// people read of one.
//
// A card is a struct with `name` and `doc` (one sentence), and perhaps `aliases` (an array of other names, of which
// those that are missing are nullptr). The build lists the cards of a folder (cmake/Cards.cmake).
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace slipway {

// What people read of an option of a card.
struct OptionText {
  std::string name;
  std::string expected;   // "a number in [0, 1]"; empty: nothing is known of it
  std::string otherwise;  // what it is where nobody says it: "0.9", "required"; empty: it may be left out
};

// What people read of a card.
struct CardText {
  std::string name;
  std::string doc;  // one sentence
  std::vector<OptionText> options = {};
  std::vector<std::string> aliases = {};
};

// Whether a name that somebody wrote is a card's.
using SameName = bool (*)(std::string_view written, std::string_view name);
// Letter by letter.
bool same_text(std::string_view written, std::string_view name);
// In both of Keras's spellings: "mean_squared_error" is "MeanSquaredError".
bool same_word(std::string_view written, std::string_view name);

// A number as people write it: 0.25, 1e-7.
std::string number_text(double x);

// invalid_argument: KIND "NAME" is not known; did you mean …? (expected one of …)
Status unknown_name(std::string_view kind, std::string_view name, std::span<const std::string> known);

// The cards of one kind, by name. A range of pointers to them. Frozen, thread-safe.
template <typename Card>
class Cards {
 public:
  // `kind`: what messages call one of them ("loss"); text that outlives this.
  Cards(std::string_view kind, std::vector<const Card*> cards, SameName same = same_text)
      : kind_(kind), cards_(std::move(cards)), same_(same) {
    std::ranges::stable_sort(cards_, {}, [](const Card* card) { return std::string_view(card->name); });
  }

  const std::vector<const Card*>& all() const { return cards_; }
  const Card* const* begin() const { return cards_.data(); }
  const Card* const* end() const { return cards_.data() + cards_.size(); }
  size_t size() const { return cards_.size(); }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Card* card : cards_) names.emplace_back(card->name);
    return names;
  }

  // The card that is called so, or has such an alias; nullptr when there is none.
  const Card* find(std::string_view name) const {
    auto found = std::ranges::find_if(cards_, [&](const Card* card) { return is_called(*card, name); });
    return found == cards_.end() ? nullptr : *found;
  }

  // The same; where there is none, the error says what there is and what was probably meant.
  Result<const Card*> get(std::string_view name) const {
    if (const Card* card = find(name)) return card;
    return unknown_name(kind_, name, names());
  }

 private:
  bool is_called(const Card& card, std::string_view name) const {
    if (same_(name, card.name)) return true;
    if constexpr (requires { card.aliases; }) {
      return std::ranges::any_of(card.aliases,
                                 [&](const char* alias) { return alias != nullptr && same_(name, alias); });
    }
    return false;
  }

  std::string_view kind_;
  std::vector<const Card*> cards_;
  SameName same_;
};

// What people read of a card without options; a room overloads it for cards that have some.
template <typename Card>
CardText text_of(const Card& card) {
  return {card.name, card.doc};
}

// What people read of a list of cards.
template <typename List>
std::vector<CardText> texts_of(const List& cards) {
  std::vector<CardText> texts;
  for (const auto* card : cards) {
    CardText& text = texts.emplace_back(text_of(*card));
    if constexpr (requires { card->aliases; }) {
      for (const char* alias : card->aliases) {
        if (alias != nullptr) text.aliases.emplace_back(alias);
      }
    }
  }
  return texts;
}

}  // namespace slipway
