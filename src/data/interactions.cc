// Reading interactions line by line.
#include "data/interactions.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/gzip.h"
#include "data/csv.h"
#include "data/table_front.h"

namespace slipway {

namespace {

using Cells = std::vector<std::string_view>;

// The next line without its end, and `rest` moved behind it.
std::string_view next_line(std::string_view& rest) {
  size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void split_cells(std::string_view line, Cells& cells) {
  cells.clear();
  for (;;) {
    size_t tab = line.find('\t');
    cells.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return;
    line.remove_prefix(tab + 1);
  }
}

Result<size_t> find_column(const Cells& header, std::string_view column, std::string_view type, std::string_view name) {
  for (size_t i = 0; i < header.size(); ++i) {
    size_t colon = header[i].rfind(':');
    if (header[i].substr(0, colon) != column) continue;
    std::string_view found = colon == std::string_view::npos ? "no type" : header[i].substr(colon + 1);
    if (found == type) return i;
    return invalid(fmt::format("{}: line 1: column \"{}\": expected the type {}, found {}", name, column, type, found));
  }
  return invalid(
      fmt::format("{}: line 1: expected a column {}:{}, found {}; name the columns with user, item and target", name,
                  column, type, fmt::join(header, ", ")));
}

// Gives out numbers in the order of first sight; sort() renumbers them by their texts.
class Ids {
 public:
  uint32_t operator[](std::string_view text) {
    auto [entry, fresh] = numbers_.try_emplace(text, static_cast<uint32_t>(texts_.size()));
    if (fresh) texts_.push_back(text);
    return entry->second;
  }

  std::vector<std::string> sort(std::vector<uint32_t>& rows) {
    std::vector<uint32_t> order(texts_.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    bool numbers = std::ranges::all_of(texts_, [](std::string_view text) { return parse_number(text).has_value(); });
    std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) {
      if (!numbers) return texts_[a] < texts_[b];
      return *parse_number(texts_[a]) < *parse_number(texts_[b]);
    });
    std::vector<uint32_t> place(order.size());
    std::vector<std::string> sorted;
    for (uint32_t i = 0; i < order.size(); ++i) {
      place[order[i]] = i;
      sorted.emplace_back(texts_[order[i]]);
    }
    for (uint32_t& row : rows) row = place[row];
    return sorted;
  }

 private:
  std::unordered_map<std::string_view, uint32_t> numbers_;
  std::vector<std::string_view> texts_;
};

// From an index among `from` to one among `to`, counted from 1; 0 where it is not there.
std::vector<uint32_t> translation(const std::vector<std::string>& from, const std::vector<std::string>& to) {
  std::unordered_map<std::string_view, uint32_t> places;
  for (uint32_t i = 0; i < to.size(); ++i) places.emplace(to[i], i + 1);
  std::vector<uint32_t> table;
  for (const std::string& text : from) {
    auto found = places.find(text);
    table.push_back(found == places.end() ? 0 : found->second);
  }
  return table;
}

// Both ids as columns of a table that are categories, by their places.
Result<Preparation> preparation_of(const Interactions& known, const InteractionOptions& options) {
  TabularEncoding encoding;
  encoding.target_name = options.target;
  for (const auto& [name, ids] : {std::pair(options.user, &known.users), std::pair(options.item, &known.items)}) {
    ColumnEncoding column;
    column.name = name;
    column.kind = ColumnEncoding::Kind::index;
    column.categories = *ids;
    encoding.columns.push_back(std::move(column));
  }
  Preparation preparation = TRY(table_preparation(encoding));
  preparation.kind = "interactions";
  return preparation;
}

Result<Dataset> dataset(const Interactions& rows, const Interactions& known, const InteractionOptions& options,
                        std::string name) {
  Dataset data;
  data.name = std::move(name);
  auto n = static_cast<int64_t>(rows.ratings.size());
  data.inputs = Tensor(DType::f32, {n, 2});
  data.labels = Tensor::of<float>({n, 1}, rows.ratings);
  data.features = {options.user, options.item};
  data.preparation = std::make_shared<Preparation>(TRY(preparation_of(known, options)));
  std::vector<uint32_t> users = translation(rows.users, known.users), items = translation(rows.items, known.items);
  std::span<float> x = data.inputs.mutable_data<float>();
  for (size_t i = 0; i < rows.ratings.size(); ++i) {
    x[2 * i] = static_cast<float>(users[rows.user_of[i]]);
    x[2 * i + 1] = static_cast<float>(items[rows.item_of[i]]);
  }
  RETURN_IF_ERROR(check(data));
  return data;
}

Result<Interactions> load(const std::filesystem::path& path, const InteractionOptions& options) {
  std::string text = TRY(read_file(path));
  if (is_gzip(text)) text = TRY(gunzip(text, path.string()));
  return parse_interactions(text, path.string(), options);
}

}  // namespace

Result<Interactions> parse_interactions(std::string_view text, std::string_view name,
                                        const InteractionOptions& options) {
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  Cells cells;
  split_cells(next_line(rest), cells);
  size_t user = TRY(find_column(cells, options.user, "token", name));
  size_t item = TRY(find_column(cells, options.item, "token", name));
  size_t target = TRY(find_column(cells, options.target, "float", name));
  size_t columns = cells.size();
  Interactions all;
  Ids users, items;
  for (int64_t line = 2; !rest.empty(); ++line) {
    std::string_view row = next_line(rest);
    if (row.empty()) continue;
    split_cells(row, cells);
    if (cells.size() != columns) {
      return invalid(fmt::format("{}: line {}: expected {} cells as in the header, found {}; separate them by tabs",
                                 name, line, columns, cells.size()));
    }
    std::optional<double> rating = parse_number(cells[target]);
    if (!rating) {
      return invalid(fmt::format("{}: line {}: column \"{}\": expected a number, found \"{}\"", name, line,
                                 options.target, cells[target]));
    }
    if (cells[user].empty() || cells[item].empty()) {
      return invalid(fmt::format("{}: line {}: expected a user and an item, found an empty cell", name, line));
    }
    all.user_of.push_back(users[cells[user]]);
    all.item_of.push_back(items[cells[item]]);
    all.ratings.push_back(static_cast<float>(*rating));
  }
  if (all.ratings.empty()) return invalid(fmt::format("{}: expected lines after the header, found none", name));
  all.users = users.sort(all.user_of);
  all.items = items.sort(all.item_of);
  return all;
}

Result<DataPair> load_interactions(const std::filesystem::path& path, const std::filesystem::path& test_path,
                                   double test_fraction, uint64_t seed, const InteractionOptions& options) {
  Interactions train = TRY(load(path, options));
  Dataset data = TRY(dataset(train, train, options, path.string()));
  DataPair pair;
  pair.source =
      fmt::format("interactions in {} ({} users, {} items)", path.string(), train.users.size(), train.items.size());
  if (test_path.empty()) {
    Split parts = TRY(split(data, test_fraction, seed));
    pair.train = std::move(parts.rest);
    pair.test = std::move(parts.held_out);
    pair.test.name += " (held out)";
    return pair;
  }
  Interactions test = TRY(load(test_path, options));
  pair.test = TRY(dataset(test, train, options, test_path.string()));
  pair.train = std::move(data);
  return pair;
}

}  // namespace slipway
