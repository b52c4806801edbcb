#include "base/cards.h"

#include <array>

#include <gtest/gtest.h>

namespace slipway {
namespace {

struct Fruit {
  const char* name;
  const char* doc = "";
  std::array<const char*, 2> aliases = {};
};

constexpr Fruit kPlum = {"plum", "Blue.", {"prune"}};
constexpr Fruit kSourCherry = {"sour_cherry", "Red.", {}};
constexpr Fruit kApple = {"apple", "Green.", {"pippin", "pomme"}};

TEST(Cards, AreListedByName) {
  const Cards<Fruit> fruits("fruit", {&kPlum, &kSourCherry, &kApple});
  EXPECT_EQ(fruits.names(), (std::vector<std::string>{"apple", "plum", "sour_cherry"}));
  EXPECT_EQ(*fruits.begin(), &kApple);
  EXPECT_EQ(fruits.size(), 3u);
  const std::vector<CardText> texts = texts_of(fruits);
  EXPECT_EQ(texts[1].name, "plum");
  EXPECT_EQ(texts[1].doc, "Blue.");
  EXPECT_EQ(texts[0].aliases, (std::vector<std::string>{"pippin", "pomme"}));
}

TEST(Cards, AreFoundByNameAndAlias) {
  const Cards<Fruit> fruits("fruit", {&kPlum, &kSourCherry, &kApple});
  EXPECT_EQ(fruits.find("plum"), &kPlum);
  EXPECT_EQ(fruits.find("pomme"), &kApple);
  EXPECT_EQ(fruits.find("Plum"), nullptr);
  EXPECT_EQ(fruits.find(""), nullptr);
  const Cards<Fruit> spelled("fruit", {&kPlum, &kSourCherry, &kApple}, same_word);
  EXPECT_EQ(spelled.find("SourCherry"), &kSourCherry);
  EXPECT_EQ(spelled.find("PRUNE"), &kPlum);
}

TEST(Cards, AnUnknownNameIsAnsweredWithTheNearestAndAll) {
  const Cards<Fruit> fruits("fruit", {&kPlum, &kApple});
  EXPECT_EQ(*fruits.get("apple"), &kApple);
  EXPECT_EQ(fruits.get("aple").status().message(),
            "fruit \"aple\" is not known; did you mean apple? (expected one of apple, plum)");
  EXPECT_EQ(fruits.get("walnut").status().message(), "fruit \"walnut\" is not known; expected one of apple, plum");
}

TEST(Cards, NumbersAreWrittenAsPeopleDo) {
  EXPECT_EQ(number_text(0.25), "0.25");
  EXPECT_EQ(number_text(1e-7), "1e-7");
  EXPECT_EQ(number_text(1e-12), "1e-12");
  EXPECT_EQ(number_text(300), "300");
}

}  // namespace
}  // namespace slipway
