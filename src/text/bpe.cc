// Learning merges: counts of pairs are kept up to date word by word, the most frequent comes from a heap.
#include "text/bpe.h"

#include <algorithm>
#include <map>
#include <queue>

#include "text/pieces.h"

namespace slipway {

namespace {

using Pair = std::pair<int32_t, int32_t>;

struct Word {
  std::vector<int32_t> symbols;
  int64_t count = 0;
};

struct Candidate {
  int64_t count;
  Pair pair;
  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

class Learner {
 public:
  explicit Learner(std::string_view text) {
    std::map<std::string_view, int64_t> counts;
    for (std::string_view piece : pieces(text)) ++counts[piece];
    for (const auto& [piece, count] : counts) {
      Word word{.count = count};
      for (char c : piece) word.symbols.push_back(static_cast<unsigned char>(c));
      for (size_t i = 0; i + 1 < word.symbols.size(); ++i) add({word.symbols[i], word.symbols[i + 1]}, count);
      words_.push_back(std::move(word));
    }
    for (const auto& [pair, pair_count] : counts_) heap_.push({pair_count, pair});
  }

  std::vector<Pair> run(size_t most) {
    std::vector<Pair> merges;
    while (merges.size() < most && !heap_.empty()) {
      Candidate best = heap_.top();
      heap_.pop();
      if (int64_t now = counts_[best.pair]; now != best.count) continue;  // counted anew since; that entry is there too
      if (best.count < 2) break;
      merge(best.pair, 256 + static_cast<int32_t>(merges.size()));
      merges.push_back(best.pair);
    }
    return merges;
  }

 private:
  void add(Pair pair, int64_t count) {
    counts_[pair] += count;
    if (count > 0) words_of_[pair].push_back(words_.size());
  }

  void merge(Pair pair, int32_t token) {
    std::map<Pair, int64_t> changes;
    std::vector<size_t> touched = std::move(words_of_[pair]);
    words_of_.erase(pair);
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (size_t w : touched) merge_word(w, pair, token, changes);
    for (const auto& [changed, by] : changes) {
      if (by == 0) continue;
      int64_t now = counts_[changed] += by;
      if (now > 0 && changed != pair) heap_.push({now, changed});
    }
    counts_.erase(pair);
  }

  void merge_word(size_t w, Pair pair, int32_t token, std::map<Pair, int64_t>& changes) {
    Word& word = words_[w];
    std::vector<int32_t> merged;
    const std::vector<int32_t>& old = word.symbols;
    for (size_t i = 0; i < old.size(); ++i) {
      bool here = i + 1 < old.size() && Pair(old[i], old[i + 1]) == pair;
      merged.push_back(here ? token : old[i]);
      i += here ? 1 : 0;
    }
    if (merged.size() == old.size()) return;
    for (size_t i = 0; i + 1 < old.size(); ++i) changes[{old[i], old[i + 1]}] -= word.count;
    for (size_t i = 0; i + 1 < merged.size(); ++i) {
      Pair made(merged[i], merged[i + 1]);
      changes[made] += word.count;
      if (made.first == token || made.second == token) words_of_[made].push_back(w);
    }
    word.symbols = std::move(merged);
  }

  std::vector<Word> words_;
  std::map<Pair, int64_t> counts_;
  std::map<Pair, std::vector<size_t>> words_of_;  // where a pair has been seen; it may be gone since
  std::priority_queue<Candidate> heap_;
};

}  // namespace

std::vector<Pair> learn_merges(std::string_view text, size_t count) { return Learner(text).run(count); }

}  // namespace slipway
