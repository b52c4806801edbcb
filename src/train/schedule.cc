// The list of schedules, written by the build from the files in schedules/.
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/card_list.h"
#include "train/schedules/cards.inc"
#include "train/schedules/schedule_card.h"

namespace slipway::train {

DECLARE_CARDS(ScheduleCard, schedule_)

const Cards<ScheduleCard>& all_schedules() {
  static const Cards<ScheduleCard> cards("schedule", CARD_LIST(ScheduleCard, schedule_), same_word);
  return cards;
}

CardText text_of(const ScheduleCard& card) { return {card.name, card.doc, option_texts(named(card.fields))}; }

double decay_span(const Schedule& s, double rest) {
  return s.decay_steps > 0 ? static_cast<double>(s.decay_steps) : rest;
}

double half_cosine(double t) { return 0.5 * (1 + std::cos(std::numbers::pi * t)); }

namespace {

using F = Field<Schedule>;

const ScheduleCard& checked_card(const Schedule& schedule) {
  const ScheduleCard* card = all_schedules().find(schedule.type);
  CHECK(card != nullptr, "a schedule that was not checked");
  return *card;
}

bool depends_on_total(const ScheduleCard& card, const Schedule& schedule) {
  bool decays =
      std::ranges::any_of(named(card.fields), [](const F& f) { return f.name == std::string_view("decay_steps"); });
  return card.uses_total || (decays && schedule.decay_steps == 0);
}

}  // namespace

Result<std::span<const Field<Schedule>>> schedule_fields(std::string_view type) {
  return named(TRY(all_schedules().get(type))->fields);
}

Status check(const Schedule& schedule) {
  const ScheduleCard* card = TRY(all_schedules().get(schedule.type));
  RETURN_IF_ERROR(check_fields("schedule", schedule, named(card->fields)));
  return card->check == nullptr ? Status() : card->check(schedule);
}

double schedule_factor(const Schedule& schedule, int64_t step, int64_t total) {
  if (step < schedule.warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps + 1);
  }
  double rest = static_cast<double>(std::max<int64_t>(total - schedule.warmup_steps, 1));
  return checked_card(schedule).factor(schedule, static_cast<double>(step - schedule.warmup_steps), rest);
}

std::string fingerprint(const Schedule& schedule, int64_t total) {
  const ScheduleCard& card = checked_card(schedule);
  std::string text = card.name + to_text(schedule, named(card.fields));
  if (depends_on_total(card, schedule)) text += fmt::format(" over {}", total);
  return text;
}

}  // namespace slipway::train
