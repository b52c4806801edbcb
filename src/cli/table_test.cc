// Tables, widths and wrapping: golden text.
#include "cli/table.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Table, LinesUpWordsLeftAndNumbersRight) {
  Table table({"version", "accuracy", "size", "note"});
  table.add({"fp32", "97.83 %", "407 kB", "trained here"});
  table.add({"int8", "97.8 %", "104 kB"});
  table.rule();
  table.add({"sick", "-", "1.05 MB", "97 wrong labels"});
  EXPECT_EQ(table.text(),
            "version  accuracy     size  note\n"
            "───────────────────────────────────────────\n"
            "fp32      97.83 %   407 kB  trained here\n"
            "int8       97.8 %   104 kB\n"
            "───────────────────────────────────────────\n"
            "sick            -  1.05 MB  97 wrong labels\n");
}

TEST(Table, LinesUpWideCombiningAndColouredText) {
  Table table({"名前", "x"});
  table.add({"e\xcc\x81t\xc3\xa9", "\x1b[31mred\x1b[0m"});
  table.add({"plain text", "y"});
  EXPECT_EQ(table.text(),
            "名前        x\n"
            "───────────────\n"
            "e\xcc\x81t\xc3\xa9         \x1b[31mred\x1b[0m\n"
            "plain text  y\n");
}

TEST(Table, WithoutRowsIsItsHeader) { EXPECT_EQ(Table({"a", "b"}).text(), "a  b\n────\n"); }

TEST(Table, AColumnOfNumbersWithOneWordIsLeft) {
  Table table({"n", "m"});
  table.add({"1000", "≤ 1.35 ×"});
  table.add({"none", "12.5 ×"});
  table.add({"2 words", "2 min 5 s"});
  EXPECT_EQ(table.text(),
            "n                m\n"
            "──────────────────\n"
            "1000      ≤ 1.35 ×\n"
            "none        12.5 ×\n"
            "2 words  2 min 5 s\n");
}

TEST(Table, DatesAndRangesAreWords) {
  Table table({"created", "inputs", "error"});
  table.add({"2026-11-23", "2-3", "4.1e-05"});
  EXPECT_EQ(table.text(),
            "created     inputs    error\n"
            "───────────────────────────\n"
            "2026-11-23  2-3     4.1e-05\n");
}

TEST(DisplayWidth, OfWhatTerminalsShow) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("µs ━"), 4);
  EXPECT_EQ(display_width("日本"), 4);
  EXPECT_EQ(display_width("🚢"), 2);
  EXPECT_EQ(display_width("e\xcc\x81"), 1);
  EXPECT_EQ(display_width("\xff\xc3"), 2);
  EXPECT_EQ(display_width("\x1b[1;31merror\x1b[0m"), 5);
}

TEST(Wrap, BreaksAtSpacesAndKeepsNewlines) {
  EXPECT_EQ(wrap("one two three four", 9), "one two\nthree\nfour");
  EXPECT_EQ(wrap("one two three", 10, 2), "one two\n  three");
  EXPECT_EQ(wrap("a\nb c", 80, 1), "a\n b c");
  EXPECT_EQ(wrap("unbreakable word", 5), "unbreakable\nword");
  EXPECT_EQ(wrap("", 5), "");
}

}  // namespace
}  // namespace slipway
