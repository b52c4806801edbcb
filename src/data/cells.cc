// Spellings of cells.
#include "data/cells.h"

#include <algorithm>

namespace slipway {

namespace {

constexpr std::string_view kMissing[] = {"",     "?",    "na",   "n/a", "#n/a", "<na>", "nan",
                                         "-nan", "null", "none", "nil", "nat",  "#na",  "#value!"};
constexpr size_t kLongestMissing = 7;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

bool is_missing(std::string_view cell, const CellOptions& options) {
  if (cell.empty()) return true;
  if (std::ranges::find(options.missing, cell) != options.missing.end()) return true;
  if (cell.size() > kLongestMissing) return false;
  if (std::ranges::find(options.not_missing, cell) != options.not_missing.end()) return false;
  return std::ranges::find(kMissing, std::string_view(lower(cell))) != std::end(kMissing);
}

// Length of the digits that `text` begins with.
size_t digits(std::string_view text) { return std::min(text.find_first_not_of("0123456789"), text.size()); }

size_t sign(std::string_view text) { return !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0; }

// "1.0" and "1.00" as "1"
std::string_view without_zeros(std::string_view cell) {
  const size_t begin = sign(cell), whole = digits(cell.substr(begin)), point = begin + whole;
  if (whole == 0 || point + 1 >= cell.size() || cell[point] != '.') return cell;
  return cell.find_first_not_of('0', point + 1) == std::string_view::npos ? cell.substr(0, point) : cell;
}

// Where the digits of "1.234.567,5" end that have a point before every three of them; npos: where a point is, it is
// none of those ("0.370", "1.2345").
size_t end_of_groups(std::string_view cell) {
  const size_t begin = sign(cell), run = digits(cell.substr(begin));
  size_t at = begin + run;
  if (run == 0) return std::string_view::npos;
  if (at == cell.size() || cell[at] != '.') return at;
  if (run > 3 || cell[begin] == '0') return std::string_view::npos;
  for (; at < cell.size() && cell[at] == '.'; at += 4) {
    if (digits(cell.substr(at + 1, 4)) != 3) return std::string_view::npos;
  }
  return at;
}

std::string with_point(std::string_view cell) {
  std::string number;
  for (char c : cell) {
    if (c != '.') number += c == ',' ? '.' : c;
  }
  return number;
}

}  // namespace

std::vector<std::string> missing_words() { return {std::begin(kMissing), std::end(kMissing)}; }

bool has_decimal_comma(std::string_view cell) {
  const size_t at = end_of_groups(cell);
  if (at >= cell.size() || cell[at] != ',') return false;
  const size_t fraction = digits(cell.substr(at + 1));
  return fraction > 0 && at + 1 + fraction == cell.size();
}

std::string plain_cell(std::string_view cell, const CellOptions& options) {
  if (is_missing(cell, options)) return {};
  if (options.decimal == ',' && (has_decimal_comma(cell) || end_of_groups(cell) == cell.size())) {
    return std::string(without_zeros(with_point(cell)));
  }
  return std::string(without_zeros(cell));
}

Json to_json(const CellOptions& options) {
  Json json = Json::object();
  if (!options.missing.empty()) json.set("missing", Json::array_of(options.missing));
  if (!options.not_missing.empty()) json.set("not_missing", Json::array_of(options.not_missing));
  if (options.decimal != '.') json.set("decimal", std::string(1, options.decimal));
  return json;
}

CellOptions cell_options(const Json& json) {
  CellOptions options;
  for (const Json& word : json["missing"].items()) options.missing.push_back(word.as_string());
  for (const Json& word : json["not_missing"].items()) options.not_missing.push_back(word.as_string());
  if (json["decimal"].as_string() == ",") options.decimal = ',';
  return options;
}

}  // namespace slipway
