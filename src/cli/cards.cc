// slipway cards: what has a name, read from the cards.
#include "base/cards.h"

#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "convert/target.h"
#include "data/kinds/data_kind_card.h"
#include "formats/format.h"
#include "monitor/detectors/all.h"
#include "ops/all.h"
#include "optimize/pass.h"
#include "repair/remedies/all.h"
#include "rewrite/rewrite.h"
#include "serve/endpoint.h"
#include "train/activations/activation_card.h"
#include "train/callbacks/callback_card.h"
#include "train/initializers/initializer_card.h"
#include "train/layers/context.h"
#include "train/losses/loss_card.h"
#include "train/metrics/metric_card.h"
#include "train/optimizers/optimizer_card.h"
#include "train/schedules/schedule_card.h"

namespace slipway {

namespace {

struct Options {
  std::string kind;
  std::string name;
  bool markdown = false;
  bool json = false;
};

template <auto kAll>
std::vector<CardText> texts() {
  return texts_of(kAll());
}

std::vector<CardText> data_kind_texts() {
  std::vector<CardText> texts;
  for (const DataKindCard* card : all_data_kinds()) {
    CardText& text = texts.emplace_back(text_of(*card));
    if (*card->example != 0) text.doc += fmt::format(" An example: {}; its label: {}.", card->example, card->label);
    for (const char* key : card->keys) {
      if (key != nullptr) text.options.push_back({key, "", ""});
    }
  }
  return texts;
}

std::vector<CardText> detector_texts() {
  std::vector<CardText> texts;
  for (const Detector* card : all_detectors()) {
    CardText& text = texts.emplace_back(text_of(*card));
    for (const Parameter& p : card->parameters) {
      if (p.name != nullptr) text.options.push_back({p.name, p.doc, number_text(p.value)});
    }
  }
  return texts;
}

std::vector<CardText> endpoint_texts() {
  std::vector<CardText> texts;
  for (const Endpoint* card : all_endpoints()) {
    CardText& text = texts.emplace_back(text_of(*card));
    for (const Route& route : card->routes) {
      if (route.path != nullptr) text.options.push_back({fmt::format("{} {}", route.method, route.path), "", ""});
    }
  }
  return texts;
}

std::vector<CardText> format_texts() {
  std::vector<CardText> texts;
  for (const Format* card : all_formats()) {
    CardText& text = texts.emplace_back(text_of(*card));
    for (const char* extension : card->extensions) {
      if (extension != nullptr) text.options.push_back({extension, "", ""});
    }
  }
  return texts;
}

std::vector<CardText> operator_texts() { return texts_of(all_operators().all()); }

std::vector<CardText> optimizer_texts() {
  std::vector<CardText> texts = texts_of(train::all_optimizers());
  texts.push_back({"every one", "What each of them takes.", train::option_texts(train::common_optimizer_fields())});
  return texts;
}

std::vector<CardText> verb_texts() {
  std::vector<CardText> texts;
  for (const Verb* verb : all_verbs()) texts.push_back({verb->name, verb->brief});
  return texts;
}

// One kind of cards.
struct Kind {
  const char* name;
  const char* one;      // what one of them is called
  const char* doc;      // what they are
  const char* options;  // what their options are called
  std::vector<CardText> (*texts)();
};

constexpr Kind kKinds[] = {
    {"activations", "activation", "What the argument `activation` of a layer may be", "",
     texts<train::all_activations>},
    {"callbacks", "callback", "What may happen after every epoch", "options", texts<train::all_callbacks>},
    {"data", "kind of data", "What [data] of a recipe may read", "keys", data_kind_texts},
    {"detectors", "detector", "By what the monitor sees that something is wrong", "parameters", detector_texts},
    {"endpoints", "endpoint", "What the server answers", "routes", endpoint_texts},
    {"formats", "format", "Model files that are read", "extensions", format_texts},
    {"initializers", "initializer", "How the first weights are drawn", "", texts<train::all_initializers>},
    {"layers", "layer", "What a model is made of", "arguments", texts<train::all_layers>},
    {"losses", "loss", "What training makes small", "arguments", texts<train::all_losses>},
    {"metrics", "metric", "What is measured beside the loss", "", texts<train::all_metrics>},
    {"operators", "operator", "What the engine computes; `slipway operators` tells more", "", operator_texts},
    {"optimizers", "optimizer", "How weights move along their gradients", "arguments", optimizer_texts},
    {"passes", "pass", "What makes a trained model smaller", "", texts<all_passes>},
    {"remedies", "remedy", "What may be done about a cause", "", texts<all_remedies>},
    {"rewrites", "rewrite", "What makes a graph faster with the same answers", "", texts<rewrite::all_rewrites>},
    {"schedules", "schedule", "What the learning rate is multiplied with, step by step", "arguments",
     texts<train::all_schedules>},
    {"targets", "target", "What a model is converted to", "", texts<all_targets>},
    {"verbs", "verb", "What the words after `slipway` mean", "", verb_texts},
};

// "`delta` 1, `units` (required)".
std::string cell_of(const std::vector<OptionText>& options) {
  std::vector<std::string> cells;
  for (const OptionText& option : options) {
    const bool required = option.otherwise == "required";
    cells.push_back(fmt::format("`{}`{}{}", option.name, option.otherwise.empty() ? "" : " ",
                                required ? "(required)" : option.otherwise));
  }
  return fmt::format("{}", fmt::join(cells, ", "));
}

// A '|' would end the cell.
std::string markdown_cell(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

void print_markdown(const Kind& kind, const std::vector<CardText>& cards) {
  const bool options = *kind.options != 0;
  fmt::print("| {} | what it is |{}\n|---|---|{}\n", kind.one, options ? fmt::format(" {} |", kind.options) : "",
             options ? "---|" : "");
  for (const CardText& card : cards) {
    std::string name = fmt::format("`{}`", card.name);
    if (!card.aliases.empty()) name += fmt::format(" (`{}`)", fmt::join(card.aliases, "`, `"));
    fmt::print("| {} | {} |{}\n", name, markdown_cell(card.doc),
               options ? fmt::format(" {} |", markdown_cell(cell_of(card.options))) : "");
  }
}

Json to_json(const CardText& card) {
  Json options = Json::array();
  for (const OptionText& option : card.options) {
    Json json = Json::object();
    json.set("name", option.name);
    if (!option.expected.empty()) json.set("expected", option.expected);
    if (!option.otherwise.empty()) json.set("otherwise", option.otherwise);
    options.push(std::move(json));
  }
  return Json::object({{"name", card.name},
                       {"aliases", Json::array_of(card.aliases)},
                       {"doc", card.doc},
                       {"options", std::move(options)}});
}

// Names in a column, what they are beside them.
void print_list(const std::vector<CardText>& cards) {
  size_t width = 0;
  for (const CardText& card : cards) width = std::max(width, card.name.size());
  const int indent = static_cast<int>(width) + 2;
  for (const CardText& card : cards) {
    fmt::print("{}\n", wrap(fmt::format("{:<{}}  {}", card.name, width, card.doc), 100, indent));
  }
}

void print_one(const Kind& kind, const CardText& card) {
  fmt::print("{} ({})\n  {}\n", card.name, kind.one, wrap(card.doc, 98, 2));
  if (!card.aliases.empty()) fmt::print("  also: {}\n", fmt::join(card.aliases, ", "));
  for (const OptionText& option : card.options) {
    std::string line = option.name;
    if (!option.expected.empty()) line += fmt::format(": {}", option.expected);
    if (!option.otherwise.empty()) line += fmt::format(" ({})", option.otherwise);
    fmt::print("    {}\n", wrap(line, 94, 6));
  }
}

Status print_kinds(const Options& options) {
  if (options.markdown) return invalid("--markdown needs a kind: slipway cards losses --markdown");
  std::vector<CardText> kinds;
  for (const Kind& kind : kKinds) kinds.push_back({kind.name, kind.doc});
  if (options.json) {
    Json json = Json::array();
    for (const CardText& kind : kinds) json.push(to_json(kind));
    fmt::print("{}\n", json.dump(2));
  } else {
    print_list(kinds);
  }
  return {};
}

Status run(const Options& options) {
  if (options.kind.empty()) return print_kinds(options);
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  auto kind = std::ranges::find(kKinds, options.kind, [](const Kind& each) { return std::string_view(each.name); });
  if (kind == std::end(kKinds)) return unknown_name("kind of card", options.kind, names);
  std::vector<CardText> cards = kind->texts();
  if (!options.name.empty()) {
    names.clear();
    for (const CardText& card : cards) {
      names.push_back(card.name);
      names.insert(names.end(), card.aliases.begin(), card.aliases.end());
    }
    std::erase_if(cards, [&](const CardText& card) {
      return card.name != options.name && std::ranges::find(card.aliases, options.name) == card.aliases.end();
    });
    if (cards.empty()) return unknown_name(kind->one, options.name, names);
  }
  if (options.markdown) {
    print_markdown(*kind, cards);
  } else if (options.json) {
    Json list = Json::array();
    for (const CardText& card : cards) list.push(to_json(card));
    fmt::print("{}\n", list.dump(2));
  } else if (!options.name.empty()) {
    print_one(*kind, cards[0]);
  } else {
    print_list(cards);
  }
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  app.add_option("KIND", options->kind, "Which cards; without it, the kinds there are")
      .type_name(fmt::format("{}", fmt::join(names, "|")));
  app.add_option("NAME", options->name, "Tell all of this one");
  const Argument markdown = app.add_flag("--markdown", options->markdown, "As a table of the documents");
  app.add_flag("--json", options->json, "For machines").excludes(markdown);
  return [options] { return run(*options); };
}

}  // namespace

VERB(cards) = {
    .name = "cards",
    .brief = "List what has a name: layers, losses, metrics, detectors, …",
    .help =
        "  slipway cards                # the kinds of things\n"
        "  slipway cards losses         # all of a kind\n"
        "  slipway cards losses huber   # one, with its arguments\n",
    .declare = declare,
};

}  // namespace slipway
