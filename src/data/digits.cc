// Drawing digits: skeletons of strokes, a random hand, a pen with a soft edge.
#include "data/digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "base/random.h"

namespace slipway {

namespace {

constexpr int kSide = 28;
constexpr int kPixels = kSide * kSide;
constexpr uint64_t kTestBegin = uint64_t{1} << 40;  // test examples are counted from here

struct Point {
  float x, y;
};
using Line = std::vector<Point>;

// Strokes in a unit square, x to the right, y down: control points that a smooth curve goes through.
struct Skeleton {
  int digit;
  std::vector<Line> strokes;
};

// Several ways to write each digit.
const std::vector<Skeleton>& skeletons() {
  static const std::vector<Skeleton> all = {
      {0,
       {{{.52f, .05f},
         {.24f, .2f},
         {.15f, .52f},
         {.25f, .85f},
         {.5f, .95f},
         {.76f, .84f},
         {.85f, .5f},
         {.76f, .18f},
         {.48f, .05f}}}},
      {0,
       {{{.6f, .08f},
         {.38f, .16f},
         {.28f, .5f},
         {.32f, .84f},
         {.5f, .94f},
         {.68f, .82f},
         {.72f, .48f},
         {.64f, .16f},
         {.45f, .1f}}}},
      {1, {{{.5f, .05f}, {.5f, .95f}}}},
      {1, {{{.32f, .26f}, {.54f, .05f}}, {{.54f, .05f}, {.5f, .95f}}}},
      {1, {{{.3f, .25f}, {.52f, .05f}}, {{.52f, .05f}, {.52f, .93f}}, {{.28f, .94f}, {.76f, .93f}}}},
      {2,
       {{{.2f, .26f}, {.36f, .08f}, {.62f, .07f}, {.77f, .25f}, {.64f, .5f}, {.4f, .74f}, {.18f, .93f}},
        {{.18f, .93f}, {.85f, .92f}}}},
      {2,
       {{{.22f, .2f},
         {.45f, .06f},
         {.72f, .16f},
         {.7f, .42f},
         {.45f, .72f},
         {.25f, .9f},
         {.14f, .84f},
         {.3f, .77f},
         {.58f, .9f},
         {.86f, .86f}}}},
      {3,
       {{{.2f, .16f}, {.45f, .05f}, {.72f, .16f}, {.68f, .36f}, {.42f, .47f}},
        {{.42f, .47f}, {.74f, .57f}, {.78f, .8f}, {.5f, .95f}, {.18f, .85f}}}},
      {3,
       {{{.2f, .08f}, {.76f, .08f}},
        {{.76f, .08f}, {.44f, .42f}},
        {{.44f, .42f}, {.76f, .54f}, {.78f, .8f}, {.5f, .95f}, {.18f, .86f}}}},
      {4, {{{.3f, .06f}, {.2f, .5f}, {.36f, .58f}, {.82f, .54f}}, {{.7f, .1f}, {.66f, .5f}, {.62f, .95f}}}},
      {4, {{{.62f, .05f}, {.16f, .62f}}, {{.16f, .62f}, {.86f, .62f}}, {{.62f, .05f}, {.62f, .95f}}}},
      {5,
       {{{.76f, .07f}, {.3f, .08f}},
        {{.3f, .08f}, {.26f, .44f}},
        {{.26f, .44f}, {.52f, .38f}, {.78f, .54f}, {.76f, .8f}, {.5f, .95f}, {.2f, .87f}}}},
      {5, {{{.8f, .1f}, {.38f, .07f}, {.3f, .4f}, {.55f, .46f}, {.7f, .64f}, {.6f, .88f}, {.24f, .93f}}}},
      {6,
       {{{.7f, .06f},
         {.4f, .25f},
         {.2f, .6f},
         {.3f, .9f},
         {.55f, .95f},
         {.77f, .78f},
         {.68f, .56f},
         {.45f, .53f},
         {.24f, .7f}}}},
      {6,
       {{{.45f, .05f}, {.3f, .4f}, {.26f, .75f}, {.42f, .94f}, {.66f, .9f}, {.72f, .7f}, {.52f, .58f}, {.3f, .72f}}}},
      {7, {{{.18f, .1f}, {.8f, .08f}}, {{.8f, .08f}, {.55f, .45f}, {.4f, .95f}}}},
      {7,
       {{{.18f, .14f}, {.5f, .08f}, {.82f, .1f}},
        {{.82f, .1f}, {.6f, .45f}, {.44f, .95f}},
        {{.36f, .52f}, {.74f, .48f}}}},
      {8,
       {{{.68f, .16f},
         {.48f, .05f},
         {.28f, .18f},
         {.38f, .4f},
         {.64f, .56f},
         {.74f, .78f},
         {.5f, .95f},
         {.26f, .8f},
         {.36f, .58f},
         {.62f, .4f},
         {.72f, .22f},
         {.6f, .08f}}}},
      {8,
       {{{.5f, .05f}, {.3f, .15f}, {.32f, .36f}, {.5f, .46f}, {.68f, .36f}, {.7f, .15f}, {.5f, .05f}},
        {{.5f, .46f}, {.26f, .6f}, {.28f, .86f}, {.5f, .95f}, {.74f, .86f}, {.75f, .6f}, {.5f, .46f}}}},
      {9,
       {{{.74f, .24f}, {.5f, .05f}, {.26f, .2f}, {.28f, .42f}, {.5f, .5f}, {.72f, .36f}, {.76f, .2f}},
        {{.76f, .2f}, {.74f, .6f}, {.64f, .95f}}}},
      {9,
       {{{.72f, .26f}, {.5f, .06f}, {.28f, .24f}, {.36f, .46f}, {.62f, .44f}, {.74f, .22f}},
        {{.74f, .22f}, {.74f, .66f}, {.54f, .94f}, {.26f, .88f}}}},
  };
  return all;
}

// How one hand writes one digit.
struct Hand {
  std::array<float, 4> matrix;  // rotation, slant and size; of the unit square, in pixels
  Point middle;                 // where the square's middle comes to lie, in pixels
  Point wave_size, wave_phase;  // an elastic bend: x += size.x sin(pi (y + phase.x)), y alike
  float jitter;                 // deviation of control points
  float radius;                 // of the pen, in pixels
  float softness;               // width of the pen's edge, in pixels
  float ink;                    // 0 to 255
};

float between(Random& random, double low, double high) {
  return static_cast<float>(low + (high - low) * random.uniform());
}

Hand random_hand(Random& random) {
  float angle = static_cast<float>(0.1 * random.normal());
  float slant = static_cast<float>(0.1 + 0.16 * random.normal());
  float width = between(random, 12, 19);
  float height = between(random, 16, 21);
  Hand hand;
  hand.matrix = {width * std::cos(angle), -height * (std::sin(angle) + slant), width * std::sin(angle),
                 height * std::cos(angle)};
  hand.middle = {static_cast<float>(13.5 + 0.9 * random.normal()), static_cast<float>(13.5 + 0.9 * random.normal())};
  hand.wave_size = {static_cast<float>(0.07 * random.normal()), static_cast<float>(0.06 * random.normal())};
  hand.wave_phase = {between(random, 0, 2), between(random, 0, 2)};
  hand.jitter = between(random, 0.01, 0.045);
  hand.radius = between(random, 0.7, 1.9);
  hand.softness = between(random, 0.8, 1.8);
  hand.ink = between(random, 190, 255);
  return hand;
}

Point placed(const Hand& hand, Point p) {
  constexpr float kPi = std::numbers::pi_v<float>;
  float x = p.x - 0.5f + hand.wave_size.x * std::sin(kPi * (p.y + hand.wave_phase.x));
  float y = p.y - 0.5f + hand.wave_size.y * std::sin(kPi * (p.x + hand.wave_phase.y));
  return {hand.middle.x + hand.matrix[0] * x + hand.matrix[1] * y,
          hand.middle.y + hand.matrix[2] * x + hand.matrix[3] * y};
}

// The Catmull-Rom curve through `points` as a polyline, placed on the paper.
Line curve(const Line& points, const Hand& hand) {
  constexpr int kSteps = 5;
  Line out = {placed(hand, points[0])};
  auto at = [&](size_t i) { return points[std::min(i, points.size() - 1)]; };
  for (size_t i = 0; i + 1 < points.size(); ++i) {
    Point a = at(i == 0 ? 0 : i - 1), b = at(i), c = at(i + 1), d = at(i + 2);
    for (int step = 1; step <= kSteps; ++step) {
      float t = static_cast<float>(step) / kSteps;
      auto blend = [t](float p, float q, float r, float s) {
        return q + 0.5f * t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)));
      };
      out.push_back(placed(hand, {blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y)}));
    }
  }
  return out;
}

// Squared distance of p from the segment between a and b.
float squared_distance(Point p, Point a, Point b) {
  float dx = b.x - a.x, dy = b.y - a.y;
  float length = dx * dx + dy * dy;
  float t = length == 0 ? 0 : std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.f, 1.f);
  float ex = a.x + t * dx - p.x, ey = a.y + t * dy - p.y;
  return ex * ex + ey * ey;
}

// Lowers `nearest` (squared distance of every pixel from the ink's middle line) by one segment.
void draw_segment(Point a, Point b, float reach, std::array<float, kPixels>& nearest) {
  auto first = [&](float v) { return std::max(0, static_cast<int>(std::floor(v - reach))); };
  auto last = [&](float v) { return std::min(kSide - 1, static_cast<int>(std::ceil(v + reach))); };
  for (int y = first(std::min(a.y, b.y)); y <= last(std::max(a.y, b.y)); ++y) {
    for (int x = first(std::min(a.x, b.x)); x <= last(std::max(a.x, b.x)); ++x) {
      float& d = nearest[static_cast<size_t>(y * kSide + x)];
      d = std::min(d, squared_distance({static_cast<float>(x), static_cast<float>(y)}, a, b));
    }
  }
}

Dataset generate(const DigitsOptions& options, uint64_t begin, int64_t count, std::string name) {
  Dataset data;
  data.name = std::move(name);
  data.inputs = Tensor(DType::u8, {count, kSide, kSide});
  data.labels = Tensor(DType::i64, {count});
  data.scaling.scale = {1.f / 255};
  for (int digit = 0; digit < 10; ++digit) data.classes.push_back(fmt::format("{}", digit));
  std::span<uint8_t> pixels = data.inputs.mutable_data<uint8_t>();
  std::span<int64_t> labels = data.labels.mutable_data<int64_t>();
  for (size_t i = 0; i < labels.size(); ++i) {
    labels[i] = draw_digit(options.seed, begin + i, pixels.subspan(i * kPixels, kPixels));
  }
  return data;
}

}  // namespace

int draw_digit(uint64_t seed, uint64_t index, std::span<uint8_t> pixels) {
  CHECK(pixels.size() == kPixels, "a digit has 784 pixels");
  Random random(seed, index);
  auto digit = static_cast<int>(random.below(10));
  std::vector<const Skeleton*> ways;
  for (const Skeleton& skeleton : skeletons()) {
    if (skeleton.digit == digit) ways.push_back(&skeleton);
  }
  const Skeleton& skeleton = *ways[random.below(ways.size())];
  Hand hand = random_hand(random);
  std::array<float, kPixels> nearest;
  nearest.fill(1e9f);
  for (Line stroke : skeleton.strokes) {
    for (Point& p : stroke) {
      p.x += hand.jitter * static_cast<float>(random.normal());
      p.y += hand.jitter * static_cast<float>(random.normal());
    }
    Line line = curve(stroke, hand);
    float reach = hand.radius + hand.softness;
    for (size_t i = 0; i + 1 < line.size(); ++i) draw_segment(line[i], line[i + 1], reach, nearest);
  }
  for (size_t i = 0; i < pixels.size(); ++i) {
    float cover = std::clamp(0.5f + (hand.radius - std::sqrt(nearest[i])) / hand.softness, 0.f, 1.f);
    float noise = cover > 0 ? 12.f * (static_cast<float>(random.uniform()) - 0.5f) : 0.f;
    pixels[i] = static_cast<uint8_t>(std::clamp(hand.ink * cover + noise, 0.f, 255.f));
  }
  return digit;
}

DataPair generate_digits(const DigitsOptions& options) {
  return {.train = generate(options, 0, options.train, "digits train"),
          .test = generate(options, kTestBegin, options.test, "digits test"),
          .source = fmt::format("generated digits ({} for training, {} for testing, seed {})", options.train,
                                options.test, options.seed)};
}

}  // namespace slipway
