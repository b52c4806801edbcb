// The list of a room's cards, as the build found them: for the one file of each room that includes its cards.inc, which
// defines CARDS (cmake/Cards.cmake).
#pragma once

// Declares the cards PREFIX##id.
#define DECLARE_CARDS(Type, prefix) CARDS(CARD_DECLARATION, Type, prefix)
#define CARD_DECLARATION(id, Type, prefix) extern const Type prefix##id;

// Their addresses, in braces.
#define CARD_LIST(Type, prefix) \
  { CARDS(CARD_ADDRESS, Type, prefix) }
#define CARD_ADDRESS(id, Type, prefix) &prefix##id,
