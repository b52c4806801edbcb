// Diagnosis as a table: what is seen, which cause comes first, how sure.
#include "repair/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000;

Alarm alarm(const char* detector, const char* subject, Severity severity = Severity::critical, int64_t start_s = 105) {
  Alarm a{.id = 1,
          .detector = detector,
          .subject = subject,
          .model = "digits",
          .version = 2,
          .severity = severity,
          .start_us = start_s * kSecond,
          .message = std::string(detector) + " says so"};
  if (a.detector == "input_drift") {
    a.evidence =
        Json::parse(R"({"features": 12, "drifted": 2, "top": [{"feature": "x[3]"}, {"feature": "age"}]})").value();
  }
  return a;
}

// Version 2 replaced version 1 at second 100; inputs are as before.
VersionFacts healthy() {
  return {.model = "digits",
          .version = 2,
          .serving = true,
          .since_us = 100 * kSecond,
          .previous_version = 1,
          .has_baseline = true,
          .rows_since = 500,
          .rate = 100,
          .rate_before = 100,
          .inputs_judged = true,
          .previous_inputs_judged = true,
          .previous_inputs_compared = true};
}

VersionFacts with(void (*change)(VersionFacts&)) {
  VersionFacts facts = healthy();
  change(facts);
  return facts;
}

struct Case {
  const char* name;
  std::vector<Alarm> alarms;
  VersionFacts facts;
  CauseKind likeliest;
  double least, most;  // confidence of it
  double bad_version;  // confidence of bad_version is at most this (rollback acts from 0.8 on)
};

void keep(VersionFacts&) {}
void expects_other(VersionFacts& f) { f.previous_inputs_psi_here = 2; }
void answered_before(VersionFacts& f) { f.inputs_psi = f.previous_inputs_psi = f.previous_inputs_psi_here = 2; }
void drifted_before(VersionFacts& f) {
  answered_before(f);
  f.previous_alarms = {{"input_drift", "inputs"}, {"output_drift", "classes"}};
}
void drifts_further(VersionFacts& f) {
  answered_before(f);
  f.inputs_psi = 5;
}
void not_compared(VersionFacts& f) { f.previous_inputs_judged = f.previous_inputs_compared = false; }
void no_previous(VersionFacts& f) {
  f.previous_version = 0;
  f.previous_inputs_judged = f.previous_inputs_compared = false;
}
void suspicious(VersionFacts& f) { f.inputs_psi = 0.2; }
void long_ago(VersionFacts& f) { f.since_us = -10000 * kSecond; }
void busy(VersionFacts& f) { f.rate = 400; }
void does_worse(VersionFacts& f) {
  f.verdict = "worse";
  f.judged = "it contradicts 98 % of 512 answers that version 1 is sure of";
}
void does_as_well(VersionFacts& f) {
  f.verdict = "equal";
  f.judged = "it answers 98.4 % of 512 inputs with the class that version 1 answers";
}

std::vector<Case> cases() {
  const Alarm drift = alarm("input_drift", "inputs");
  const Alarm classes = alarm("output_drift", "classes");
  const Alarm unsure = alarm("confidence", "confidence");
  const Alarm nan = alarm("error_rate", "invalid outputs");
  const Alarm faults = alarm("error_rate", "faults");
  const Alarm slow = alarm("latency", "compute");
  const Alarm slower = alarm("latency", "compute", Severity::warning);
  const Alarm queue = alarm("latency", "queue");
  const Alarm full = alarm("error_rate", "rejections", Severity::warning);
  const Alarm wrong = alarm("error_rate", "refusals", Severity::info);
  const Alarm proof = alarm("predecessor", "answers");
  using K = CauseKind;
  return {
      {"collapsed", {classes}, with(keep), K::bad_version, 0.85, 0.95, 1},
      {"unsure", {alarm("confidence", "confidence", Severity::warning)}, with(keep), K::bad_version, 0.8, 0.95, 1},
      {"nan", {nan}, with(keep), K::bad_version, 0.9, 0.99, 1},
      {"faults", {faults}, with(keep), K::bad_version, 0.9, 0.99, 1},
      {"random", {alarm("class_inputs", "answers")}, with(keep), K::bad_version, 0.85, 0.95, 1},
      {"much_slower", {slow}, with(keep), K::bad_version, 0.8, 0.9, 1},
      {"a_bit_slower", {slower}, with(keep), K::bad_version, 0.5, 0.79, 0.79},
      {"slow_under_load", {slow, queue}, with(busy), K::load, 0.7, 0.9, 0.79},
      {"drift", {drift}, with(keep), K::shifted_input, 0.9, 0.99, 0.1},
      {"drift_spoils_answers", {drift, classes, unsure}, with(keep), K::shifted_input, 0.9, 0.99, 0.5},
      {"drift_and_nan", {drift, nan, faults}, with(keep), K::shifted_input, 0.9, 0.99, 0.5},
      {"drift_before_publish", {drift, classes}, with(drifted_before), K::shifted_input, 0.9, 0.99, 0.5},
      {"harmless_drift_before_publish", {drift, classes}, with(answered_before), K::bad_version, 0.85, 0.95, 1},
      {"harmless_drift_that_stays", {drift}, with(answered_before), K::shifted_input, 0.9, 0.99, 0.1},
      {"drift_before_publish_that_grew", {drift, classes}, with(drifts_further), K::shifted_input, 0.9, 0.99, 0.5},
      {"drift_of_the_first_version", {drift, classes}, with(no_previous), K::shifted_input, 0.8, 0.9, 0.5},
      {"nothing_to_compare_with", {drift, classes}, with(not_compared), K::shifted_input, 0.8, 0.9, 0.5},
      {"only_this_version_finds_inputs_strange", {drift, classes}, with(expects_other), K::bad_version, 0.85, 0.95, 1},
      {"inputs_not_sure", {classes}, with(suspicious), K::bad_version, 0.5, 0.81, 0.81},
      {"after_long_service", {classes}, with(long_ago), K::bad_version, 0.3, 0.45, 0.45},
      {"engine_fails_after_long_service", {faults}, with(long_ago), K::failing_stage, 0.7, 0.75, 0.5},
      {"engine_slow_after_long_service", {slow}, with(long_ago), K::failing_stage, 0.6, 0.75, 0.5},
      {"load", {full, queue}, with(busy), K::load, 0.85, 0.95, 0.3},
      {"clients", {wrong}, with(keep), K::failing_stage, 0.5, 0.7, 0.3},
      {"worse_on_the_same_inputs", {proof}, with(does_worse), K::bad_version, 0.96, 1, 1},
      {"worse_though_inputs_drift", {proof, drift, classes}, with(does_worse), K::bad_version, 0.96, 1, 1},
      {"as_good_on_the_same_inputs", {drift, classes, unsure}, with(does_as_well), K::shifted_input, 0.8, 1, 0.12},
  };
}

class Diagnoses : public ::testing::TestWithParam<Case> {};

TEST_P(Diagnoses, NameTheLikeliestCause) {
  const Case& c = GetParam();
  Diagnosis d = diagnose(c.alarms, {c.facts}, 110 * kSecond);
  ASSERT_FALSE(d.causes.empty());
  EXPECT_EQ(cause_name(d.causes[0].kind), cause_name(c.likeliest));
  EXPECT_GE(d.causes[0].confidence, c.least);
  EXPECT_LE(d.causes[0].confidence, c.most);
  EXPECT_FALSE(d.causes[0].evidence.empty());
  for (const Cause& cause : d.causes) {
    if (cause.kind == CauseKind::bad_version) {
      EXPECT_LE(cause.confidence, c.bad_version);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Diagnoses, ::testing::ValuesIn(cases()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Diagnose, OnlyWhatTheSameInputsShowIsProved) {
  Diagnosis d = diagnose({alarm("predecessor", "answers")}, {with(does_worse)}, 110 * kSecond);
  EXPECT_TRUE(d.causes.at(0).proved);
  EXPECT_THAT(d.causes[0].evidence.at(0), HasSubstr("it contradicts 98 %"));
  EXPECT_FALSE(diagnose({alarm("output_drift", "classes")}, {with(keep)}, 110 * kSecond).causes.at(0).proved);
  EXPECT_TRUE(diagnose({alarm("output_drift", "classes")}, {with(does_as_well)}, 110 * kSecond).causes.empty());
}

TEST(Diagnose, NamesTheFeatures) {
  Diagnosis d = diagnose({alarm("input_drift", "inputs")}, {with(keep)}, 0);
  EXPECT_THAT(d.causes[0].features, ElementsAre("x[3]", "age"));
  EXPECT_EQ(d.causes[0].summary, "inputs have shifted: 2 of 12 features, most x[3], age");
}

TEST(Diagnose, SaysNothingWithoutAlarmsOrOfARolledBackVersion) {
  EXPECT_TRUE(diagnose({}, {healthy()}, 0).causes.empty());
  Diagnosis d = diagnose({alarm("output_drift", "classes")}, {with([](VersionFacts& f) { f.rolled_back = true; })}, 0);
  EXPECT_TRUE(d.causes.empty());
}

TEST(Cause, SurvivesJson) {
  Cause cause = diagnose({alarm("input_drift", "inputs")}, {with(keep)}, 0).causes[0];
  auto copy = Cause::from_json(Json::parse(cause.to_json().dump()).value());
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->to_json().dump(), cause.to_json().dump());
  EXPECT_THAT(Cause::from_json(Json::object({{"kind", "bad"}})).status().message(), HasSubstr("bad_version"));
}

}  // namespace
}  // namespace slipway
