// StringNormalizer.
#include <algorithm>
#include <clocale>
#include <cwctype>

#include <fmt/format.h>

#include "ops/infer.h"
#include "ops/samples.h"

namespace slipway {
namespace {

enum class CaseChange : uint8_t { none, lower, upper };

// Letters of every script that the C library knows, in UTF-8; bytes that are no UTF-8 stay.
std::string changed(const std::string& text, CaseChange change) {
  if (change == CaseChange::none) return text;
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  for (size_t i = 0; i < text.size();) {
    auto first = static_cast<unsigned char>(text[i]);
    size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
    if (i + length > text.size() || (length == 1 && first >= 0x80)) length = 1;
    uint32_t code = length == 1 ? first : first & (0xFFu >> (length + 1));
    for (size_t k = 1; k < length; ++k) code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    auto wide = static_cast<wint_t>(code);
    if (length > 1 || first < 0x80) {
      wide = change == CaseChange::lower ? towlower_l(wide, unicode) : towupper_l(wide, unicode);
    }
    auto to = static_cast<uint32_t>(wide);
    if (to == code) {
      out.append(text, i, length);
    } else if (to < 0x80) {
      out += static_cast<char>(to);
    } else if (to < 0x800) {
      out += {static_cast<char>(0xC0 | to >> 6), static_cast<char>(0x80 | (to & 0x3F))};
    } else if (to < 0x10000) {
      out += {static_cast<char>(0xE0 | to >> 12), static_cast<char>(0x80 | (to >> 6 & 0x3F)),
              static_cast<char>(0x80 | (to & 0x3F))};
    } else {
      out += {static_cast<char>(0xF0 | to >> 18), static_cast<char>(0x80 | (to >> 12 & 0x3F)),
              static_cast<char>(0x80 | (to >> 6 & 0x3F)), static_cast<char>(0x80 | (to & 0x3F))};
    }
    i += length;
  }
  return out;
}

// What is left of the strings, changed as asked.
class Normalizer {
 public:
  explicit Normalizer(const Node& n) : sensitive_(n.integer("is_case_sensitive") != 0) {
    std::string action = n.text("case_change_action");
    change_ = action == "LOWER" ? CaseChange::lower : action == "UPPER" ? CaseChange::upper : CaseChange::none;
    for (const std::string& word : n.strings("stopwords")) stopwords_.push_back(compared(word));
    std::sort(stopwords_.begin(), stopwords_.end());
  }

  bool stays(const std::string& word) const {
    return !std::binary_search(stopwords_.begin(), stopwords_.end(), compared(word));
  }
  std::string operator()(const std::string& word) const { return changed(word, change_); }

 private:
  std::string compared(const std::string& word) const { return sensitive_ ? word : changed(word, CaseChange::lower); }

  bool sensitive_;
  CaseChange change_;
  std::vector<std::string> stopwords_;
};

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::string}));
  Dims out = c.dims(0);
  if (out.empty() || out.size() > 2 || (out.size() == 2 && out[0].known() && out[0].size != 1)) {
    return invalid(fmt::format("X is {}; expected [n] or [1, n]", to_string(out)));
  }
  std::string action = c.node().text("case_change_action");
  if (action != "NONE" && action != "LOWER" && action != "UPPER") {
    return invalid(fmt::format("case_change_action is \"{}\"; expected NONE, LOWER or UPPER", action));
  }
  bool drops = !c.node().strings("stopwords").empty();
  if (drops) out.back() = Dim();
  if (const Tensor* x = c.known(0)) {
    Normalizer normalizer(c.node());
    int64_t left = 0;
    for (const std::string& word : x->data<std::string>()) left += normalizer.stays(word) ? 1 : 0;
    out.back() = std::max<int64_t>(left, 1);
  }
  c.set(0, DType::string, out);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return Kernel{[normalizer = Normalizer(c.node()), n = c.in(0).count(), most = c.out(0).count()](const KernelArgs& a) {
    auto* y = a.output<std::string>(0);
    int64_t next = 0;
    for (int64_t i = 0; i < n && next < most; ++i) {
      const std::string& word = a.input<std::string>(0)[i];
      if (normalizer.stays(word)) y[next++] = normalizer(word);
    }
    std::fill(y + next, y + most, std::string());
  }};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::given(Tensor::of<std::string>({3}, {"Monday", "tuesday", "ÄB"}))},
           .attributes = {{"case_change_action", std::string("UPPER")},
                          {"stopwords", std::vector<std::string>{"monday"}}}}};
}

}  // namespace

OPERATOR(string_normalizer) = {
    .name = "StringNormalizer",
    .since = 10,
    .doc = "The strings without stopwords, in lower or upper case; one empty string when none is left.",
    .attributes = {{{"case_change_action", "NONE"},
                    {"is_case_sensitive", 0},
                    {"locale", kOptionalString},
                    {"stopwords", kOptionalStrings}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
