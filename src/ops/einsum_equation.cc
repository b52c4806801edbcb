// Parsing Einsum's equation.
#include "ops/einsum_equation.h"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

namespace slipway::ops {

namespace {

constexpr int kEllipsis = 256;

struct Spelling {
  std::vector<std::string> inputs;
  std::string output;
  bool explicit_output = false;
};

Result<Spelling> spell(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  Spelling s;
  size_t arrow = text.find("->");
  s.explicit_output = arrow != std::string::npos;
  if (s.explicit_output) s.output = text.substr(arrow + 2);
  std::string left = text.substr(0, arrow);
  for (size_t from = 0; from <= left.size();) {
    size_t comma = std::min(left.find(',', from), left.size());
    s.inputs.push_back(left.substr(from, comma - from));
    from = comma + 1;
  }
  return s;
}

// A term as labels; an ellipsis stands for `hidden` dimensions.
Result<std::vector<int>> labels_of(const std::string& term, size_t hidden) {
  std::vector<int> labels;
  bool seen = false;
  for (size_t i = 0; i < term.size(); ++i) {
    if (std::isalpha(static_cast<unsigned char>(term[i])) != 0) {
      labels.push_back(term[i]);
    } else if (term.compare(i, 3, "...") == 0 && !seen) {
      for (size_t k = hidden; k-- > 0;) labels.push_back(kEllipsis + static_cast<int>(k));
      seen = true;
      i += 2;
    } else {
      return invalid(
          fmt::format("equation term \"{}\" holds \"{}\"; expected letters and at most one \"...\"", term, term[i]));
    }
  }
  return labels;
}

bool holds(const std::vector<int>& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

}  // namespace

Result<EinsumEquation> parse_einsum(const std::string& equation, const std::vector<size_t>& ranks) {
  Spelling s = TRY(spell(equation));
  if (s.inputs.size() != ranks.size()) {
    return invalid(fmt::format("equation \"{}\" has {} terms for {} inputs", equation, s.inputs.size(), ranks.size()));
  }
  EinsumEquation e;
  size_t most_hidden = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    size_t letters =
        static_cast<size_t>(std::count_if(s.inputs[i].begin(), s.inputs[i].end(), [](char c) { return c != '.'; }));
    bool ellipsis = letters != s.inputs[i].size();
    if (letters > ranks[i] || (!ellipsis && letters != ranks[i])) {
      return invalid(fmt::format("equation term \"{}\" does not fit input {} of rank {}", s.inputs[i], i, ranks[i]));
    }
    size_t hidden = ranks[i] - letters;
    most_hidden = std::max(most_hidden, hidden);
    e.inputs.push_back(TRY(labels_of(s.inputs[i], hidden)));
  }
  std::map<int, int> uses;
  for (const auto& term : e.inputs) {
    for (int label : term) ++uses[label];
  }
  if (s.explicit_output) {
    e.output = TRY(labels_of(s.output, most_hidden));
  } else {
    for (size_t k = most_hidden; k-- > 0;) e.output.push_back(kEllipsis + static_cast<int>(k));
    for (auto [label, count] : uses) {
      if (count == 1 && label < kEllipsis) e.output.push_back(label);
    }
  }
  for (int label : e.output) {
    if (!uses.contains(label) || std::count(e.output.begin(), e.output.end(), label) != 1) {
      return invalid(
          fmt::format("equation \"{}\": each label of the output must occur once in it and in some input", equation));
    }
  }
  for (const auto& term : e.inputs) {
    for (int label : term) {
      if (!holds(e.output, label) && !holds(e.summed, label)) e.summed.push_back(label);
    }
  }
  return e;
}

Result<Dims> einsum_dims(const EinsumEquation& equation, const std::vector<Dims>& inputs,
                         const std::vector<int>& labels) {
  Dims dims;
  for (int label : labels) {
    Dim size(1);
    for (size_t i = 0; i < inputs.size(); ++i) {
      for (size_t d = 0; d < inputs[i].size(); ++d) {
        if (equation.inputs[i][d] != label) continue;
        const Dim& x = inputs[i][d];
        if (x.known() && x.size == 1) continue;
        if (x.known() && size.known() && size.size != 1 && x.size != size.size) {
          return invalid(
              fmt::format("input {} has size {} where another has {} under the same label", i, x.size, size.size));
        }
        if (size.known() && size.size == 1) size = x;
        if (x.known()) size = x;
      }
    }
    dims.push_back(size);
  }
  return dims;
}

std::string einsum_gradient(const std::string& equation, size_t i) {
  Result<Spelling> spelling = spell(equation);
  if (!spelling.ok() || equation.find('.') != std::string::npos) return "";
  Spelling& s = *spelling;
  if (!s.explicit_output) {
    std::map<char, int> uses;
    for (const std::string& term : s.inputs) {
      for (char c : term) ++uses[c];
    }
    for (auto [c, count] : uses) {
      if (count == 1) s.output += c;
    }
  }
  std::string left = s.output;
  for (size_t k = 0; k < s.inputs.size(); ++k) {
    if (k != i) left += "," + s.inputs[k];
  }
  const std::string& target = s.inputs[i];
  for (char c : target) {
    if (std::count(target.begin(), target.end(), c) > 1 || left.find(c) == std::string::npos) return "";
  }
  return left + "->" + target;
}

}  // namespace slipway::ops
