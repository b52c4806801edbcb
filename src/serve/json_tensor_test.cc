// JSON text to tensors and back: literal tables, then round trips of random numbers.
#include "serve/json_tensor.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/random.h"

namespace slipway {
namespace {

// The tensor, or the error, of a text.
std::string read(const std::string& json, DType dtype = DType::f32) {
  JsonScanner scanner(json);
  auto collector = TensorCollector::create(dtype, 1);
  Shape shape;
  if (!collector->read(scanner, shape)) {
    return scanner.status().ok() ? collector->status().message() : scanner.status().message();
  }
  return to_string(collector->take(shape));
}

struct Case {
  const char* json;
  const char* expected;
  DType dtype = DType::f32;
};

TEST(JsonTensor, ReadsValuesOfEveryShape) {
  const Case cases[] = {
      {"1", "float32[] 1"},
      {"[1, 2.5,-3e2 ]", "float32[3] [1, 2.5, -300]"},
      {" [ [1,2] , [3,4] ] ", "float32[2, 2] [[1, 2], [3, 4]]"},
      {"[]", "float32[0] []"},
      {"[[],[]]", "float32[2, 0] [[], []]"},
      {"[[[1],[2]]]", "float32[1, 2, 1] [[[1], [2]]]"},
      {"[NaN, Infinity, -Infinity, Inf]", "float32[4] [nan, inf, -inf, inf]"},
      {"[0, -0.0, 0.0, 1E2, 1e+2]", "float32[5] [0, -0, 0, 100, 100]"},
      {"[1, 2]", "int64[2] [1, 2]", DType::i64},
      {"[-9223372036854775808, 9223372036854775807]", "int64[2] [-9223372036854775808, 9223372036854775807]",
       DType::i64},
      {"18446744073709551615", "uint64[] 18446744073709551615", DType::u64},
      {"[-128, 127]", "int8[2] [-128, 127]", DType::i8},
      {"[true, false]", "bool[2] [true, false]", DType::boolean},
      {"[\"a\", \"\\u00e9\\n\", {\"b64\": \"aGk=\"}]", "string[3] [\"a\", \"é\n\", \"hi\"]", DType::string},
      {"\"\\ud83d\\ude00\"", "string[] \"😀\"", DType::string},
      {"[1.5]", "float16[1] [1.5]", DType::f16},
      {"[0.1]", "float64[1] [0.1]", DType::f64},
      {"1 trailing", "float32[] 1"},
  };
  for (const Case& c : cases) EXPECT_EQ(read(c.json, c.dtype), c.expected) << c.json;
}

TEST(JsonTensor, SaysWhatIsWrongInTensorFlowServingsWords) {
  const Case cases[] = {
      {"[1, x]", "JSON Parse error: Invalid value. at offset: 4"},
      {"[1, ", "JSON Parse error: Invalid value. at offset: 4"},
      {"[1 2]", "JSON Parse error: Missing a comma or ] after an array element. at offset: 3"},
      {"[1,]", "JSON Parse error: Invalid value. at offset: 3"},
      {"[1.]", "JSON Parse error: Miss fraction part in number. at offset: 3"},
      {"[1e]", "JSON Parse error: Miss exponent in number. at offset: 3"},
      {"[-]", "JSON Parse error: Invalid value. at offset: 2"},
      {"[+1]", "JSON Parse error: Invalid value. at offset: 1"},
      {"[01]", "JSON Parse error: Missing a comma or ] after an array element. at offset: 2"},
      {"[.5]", "JSON Parse error: Invalid value. at offset: 1"},
      {"[Nan]", "JSON Parse error: Invalid value. at offset: 3"},
      {"[1,\"x\"]", "JSON Value: \"x\" Type: String is not of expected type: float"},
      {"[null]", "JSON Value: null Type: Null is not of expected type: float"},
      {"[true]", "JSON Value: true Type: True is not of expected type: float"},
      {"[{\"b64\":\"aGk=\"}]", "JSON Value: {\"b64\":\"aGk=\"} Type: Object is not of expected type: float"},
      {"[[1,2],[3]]", "Encountered list at unexpected size: 1 at level: 1 expected size: 2"},
      {"[[1,2],[3,4,5]]", "Encountered list at unexpected size: 3 at level: 1 expected size: 2"},
      {"[1,[2]]", "Encountered list at unexpected level: 1 expected < 1"},
      {"[[1],2]", "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"},
      {"[[],[1]]", "Encountered list at unexpected size: 1 at level: 1 expected size: 0"},
      {"1e39", "Cannot convert JSON value: 1e39 to float without loss of precision."},
      {"1e400", "Cannot convert JSON value: 1e400 to double without loss of precision.", DType::f64},
      {"1e400", "Cannot convert JSON value: 1e400 to float without loss of precision."},
      {"70000.0", "Cannot convert JSON value: 70000.0 to half without loss of precision.", DType::f16},
      {"1.0", "JSON Value: 1.0 Type: Number is not of expected type: int64", DType::i64},
      {"128", "Cannot convert JSON value: 128 to int8 without loss of precision.", DType::i8},
      {"-1", "Cannot convert JSON value: -1 to uint8 without loss of precision.", DType::u8},
      {"9223372036854775808", "Cannot convert JSON value: 9223372036854775808 to int64 without loss of precision.",
       DType::i64},
      {"99999999999999999999", "Cannot convert JSON value: 99999999999999999999 to int64 without loss of precision.",
       DType::i64},
      {"1", "JSON Value: 1 Type: Number is not of expected type: bool", DType::boolean},
      {"{\"b64\":1}", "JSON Value: {\"b64\":1} not formatted correctly for base64 data", DType::string},
      {"{\"b64\":\"a\",\"c\":1}", "JSON Value: {\"b64\":\"a\",\"c\":1} not formatted correctly for base64 data",
       DType::string},
      {"{\"b64\":\"$\"}", "Unable to base64 decode", DType::string},
      {"\"a\nb\"", "JSON Parse error: Invalid encoding in string. at offset: 2", DType::string},
      {"\"abc", "JSON Parse error: Missing a closing quotation mark in string. at offset: 4", DType::string},
      {"\"\\x\"", "JSON Parse error: Invalid escape character in string. at offset: 2", DType::string},
      {"\"\\u12g4\"", "JSON Parse error: Incorrect hex digit after \\u escape in string. at offset: 5", DType::string},
      {"\"\\ud800\"", "JSON Parse error: The surrogate pair in string is invalid. at offset: 7", DType::string},
  };
  for (const Case& c : cases) EXPECT_EQ(read(c.json, c.dtype), c.expected) << c.json;
}

TEST(JsonTensor, RefusesDeepNestingInsteadOfRunningOutOfStack) {
  std::string deep(1'000'000, '[');
  EXPECT_EQ(read(deep), "Encountered list nested deeper than 32 levels");
  EXPECT_EQ(check_json_syntax(deep).message(), "JSON Parse error: Nesting deeper than 256 levels. at offset: 256");
  std::string objects;
  for (int i = 0; i < 1000; ++i) objects += "{\"a\":";
  EXPECT_EQ(check_json_syntax(objects).code(), Code::invalid_argument);
}

TEST(JsonTensor, QuotesAtMost256BytesOfAValue) {
  std::string text = "\"" + std::string(1000, 'a') + "\"";
  std::string message = read(text);
  EXPECT_LT(message.size(), 400u);
  EXPECT_NE(message.find("..."), std::string::npos);
}

TEST(JsonTensor, ReadsFlatDataHoweverItIsNested) {
  for (const char* json : {"[1,2,3,4]", "[[1,2],[3,4]]", "[[[1],[2,3]],4,[]]"}) {
    JsonScanner scanner(json);
    auto collector = TensorCollector::create(DType::f32, 4);
    ASSERT_TRUE(collector->read_flat(scanner, 4)) << json;
    EXPECT_EQ(to_string(collector->take({4})), "float32[4] [1, 2, 3, 4]");
  }
  JsonScanner scanner("[1,2,3]");
  auto collector = TensorCollector::create(DType::f32, 4);
  EXPECT_FALSE(collector->read_flat(scanner, 2));
  EXPECT_EQ(collector->status().message(), "Shape does not match true shape of 'data' field");
}

float parse(const std::string& text) {
  JsonScanner scanner(text);
  JsonNumber number;
  float x = 0;
  EXPECT_TRUE(scanner.read_number(number)) << text;
  EXPECT_TRUE(to_real(number, x)) << text;
  return x;
}

TEST(JsonNumbers, AreRoundedCorrectly) {
  // Decimals beside the middle of two floats, subnormals, long digit strings, the largest float.
  for (const char* text :
       {"0.1", "0.003921568859368563", "16777217.0", "16777219.0", "8388609.5", "1.00000017881393432617187499",
        "1.00000017881393432617187500", "1.00000017881393432617187501", "1e-45", "7.0064923216240854e-46",
        "1.1754943508222875e-38", "3.4028234663852886e38", "3.40282356e38", "123456789012345678901234567890",
        "0.000000000000000000000000000001234567890123456789", "9007199254740993", "5e-324", "2.2250738585072014e-308",
        "1e-400"}) {
    EXPECT_EQ(parse(text), std::strtof(text, nullptr)) << text;
  }
}

TEST(JsonNumbers, AgreeWithFromCharsOnRandomDecimals) {
  Random random(1);
  for (int i = 0; i < 200000; ++i) {
    double x = std::ldexp(random.uniform(), static_cast<int>(random.below(80)) - 40);
    std::string text = fmt::format("{:.{}g}", x, 1 + random.below(18));
    float expected = 0;
    std::from_chars(text.data(), text.data() + text.size(), expected);
    ASSERT_EQ(parse(text), expected) << text;
    JsonScanner scanner(text);
    JsonNumber number;
    double wide = 0;
    ASSERT_TRUE(scanner.read_number(number) && to_real(number, wide));
    ASSERT_EQ(wide, std::strtod(text.c_str(), nullptr)) << text;
  }
}

std::string written(float x) {
  std::string out;
  append_json_number(out, x);
  return out;
}

TEST(JsonWrite, FloatsAsTensorFlowServingWritesThem) {
  const std::pair<float, const char*> cases[] = {
      {0.0f, "0.0"},
      {-0.0f, "-0.0"},
      {1.0f, "1.0"},
      {-3.0f, "-3.0"},
      {0.5f, "0.5"},
      {0.1f, "0.1"},
      {100000.0f, "100000.0"},
      {9e6f, "9e+06"},
      {0.00003f, "3e-05"},
      {0.0001f, "0.0001"},
      {1234567.0f, "1234567.0"},
      {16777216.0f, "16777216.0"},
      {3.4028235e38f, "3.4028235e+38"},
      {0.2f, "0.2"},
      {123.456f, "123.456"},
      {1e6f, "1e+06"},
      {NAN, "NaN"},
      {INFINITY, "Infinity"},
      {-INFINITY, "-Infinity"},
      {1.17549435e-38f, "1.1754944e-38"},
  };
  for (const auto& [x, text] : cases) EXPECT_EQ(written(x), text);
}

TEST(JsonWrite, NumbersReadBackExactly) {
  Random random(2);
  for (int i = 0; i < 200000; ++i) {
    uint32_t bits = random.next_u32();
    float x;
    std::memcpy(&x, &bits, 4);
    if (!std::isfinite(x)) continue;
    ASSERT_EQ(std::strtof(written(x).c_str(), nullptr), x) << written(x);
    uint64_t wide_bits = random.next_u64();
    double wide;
    std::memcpy(&wide, &wide_bits, 8);
    if (!std::isfinite(wide)) continue;
    std::string text;
    append_json_number(text, wide);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), wide) << text;
  }
}

TEST(JsonWrite, TensorsNested) {
  std::string out;
  append_json_tensor(out, Tensor::of<float>({2, 2}, {1, 2, 3, 4.5}));
  append_json_tensor(out, Tensor::scalar<int64_t>(-7));
  append_json_row(out, Tensor::of<int32_t>({2, 2}, {1, 2, 3, 4}), 1);
  append_json_row(out, Tensor::of<float>({2}, {1, 2}), 1);
  append_json_flat(out, Tensor::of<uint8_t>({2, 1}, {200, 3}));
  append_json_tensor(out, Tensor::of<std::string>({1}, {"a\"\x01\n"}));
  append_json_tensor(out, Tensor::of<std::string>({1}, {"hi"}), true);
  append_json_tensor(out, Tensor(DType::f32, {2, 0}));
  EXPECT_EQ(out, "[[1.0,2.0],[3.0,4.5]]-7[3,4]2.0[200,3][\"a\\\"\\u0001\\n\"][{\"b64\":\"aGk=\"}][[],[]]");
}

TEST(Base64, BothWays) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
  for (const auto& [plain, text] : cases) {
    EXPECT_EQ(base64_encode(plain), text);
    EXPECT_EQ(base64_decode(text), plain);
  }
  EXPECT_EQ(base64_decode("Zm8"), "fo");
  EXPECT_FALSE(base64_decode("Z"));
  EXPECT_FALSE(base64_decode("Zm8*"));
}

// As TensorFlow Serving does: times, ids and prices are whole numbers beyond what a float holds exactly.
TEST(JsonTensor, WholeNumbersAbove2To24AreRoundedForFloats) {
  for (const char* text : {"16777217", "1435774380", "20231105", "123456789", "-33554433", "99999999",
                           "123456789012345678901234567890", "9007199254740993"}) {
    // The first element goes the fast way, the last one not.
    std::string json = fmt::format("[{0},{0},{0},{0},{0},{0},{0},{0},{0}]", text);
    JsonScanner scanner(json);
    Shape shape;
    auto floats = TensorCollector::create(DType::f32, 1);
    ASSERT_TRUE(floats->read(scanner, shape)) << text << ": " << floats->status().message();
    Tensor tensor = floats->take(shape);
    for (float x : tensor.data<float>()) EXPECT_EQ(x, std::strtof(text, nullptr)) << text;
    JsonScanner again(json);
    auto halves = TensorCollector::create(DType::bf16, 1);
    EXPECT_TRUE(halves->read(again, shape)) << text;
  }
}

TEST(JsonTensor, AByteOrderMarkIsSkipped) {
  JsonScanner scanner("\xEF\xBB\xBF[1,2]");
  Shape shape;
  auto collector = TensorCollector::create(DType::f32, 1);
  EXPECT_TRUE(collector->read(scanner, shape));
  EXPECT_EQ(shape, Shape{2});
  EXPECT_EQ(check_json_syntax("\xEF\xBB\xBF{").message(),
            "JSON Parse error: Missing a name for object member. at offset: 4");
  EXPECT_FALSE(check_json_syntax("\xEF\xBB{}").ok());
}

TEST(JsonText, IsAlwaysUtf8) {
  std::string out;
  append_json_string(out, "K\xC3\xB6ln \xFF\xC3");
  EXPECT_EQ(out, "\"K\xC3\xB6ln \xEF\xBF\xBD\xEF\xBF\xBD\"");
  std::string text(255, 'a');
  text += "\xE2\x82\xAC\xE2\x82\xAC";
  EXPECT_EQ(json_excerpt(text), std::string(255, 'a') + "...") << "a character is not cut in two";
}

}  // namespace
}  // namespace slipway
