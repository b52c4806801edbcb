// SVG: names from foreign files stay text.
#include "base/svg.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Svg, NamesStayText) {
  EXPECT_EQ(xml_escaped("<b a=\"1\">x & y</b>"), "&lt;b a=&quot;1&quot;&gt;x &amp; y&lt;/b&gt;");
  EXPECT_EQ(xml_escaped("&amp;"), "&amp;amp;");
  EXPECT_EQ(xml_escaped("a\nb\x01 K\xC3\xB6ln"), "a b  K\xC3\xB6ln");
  EXPECT_EQ(xml_escaped("K\xF6ln"), "K\xEF\xBF\xBDln") << "a byte that is no UTF-8 would make the file no XML";
}

TEST(Svg, AHeadHasItsSizeAndStyle) {
  const std::string head = svg_head(720, 33.5, ".grid{stroke:#ddd}");
  EXPECT_TRUE(
      head.starts_with(R"(<svg xmlns="http://www.w3.org/2000/svg" width="720" height="33.5" viewBox="0 0 720 33.5">)"));
  EXPECT_NE(head.find(".grid{stroke:#ddd}</style>"), std::string::npos);
}

}  // namespace
}  // namespace slipway
