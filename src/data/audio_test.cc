// Audio: WAV files, resampling, the transform, mel scales and filters against published values, folders of sounds.
#include "data/audio.h"

#include <cmath>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "decode/wav.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

std::string number(uint64_t value, size_t width) {
  std::string bytes;
  for (size_t i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string wav_bytes(const std::string& samples, uint16_t bits, uint16_t channels = 1, uint32_t rate = 8000,
                      uint16_t code = 1) {
  uint32_t frame = channels * bits / 8u;
  std::string format = number(code, 2) + number(channels, 2) + number(rate, 4) + number(rate * frame, 4) +
                       number(frame, 2) + number(bits, 2);
  std::string chunks = "WAVEfmt " + number(16, 4) + format + "LIST" + number(3, 4) + "abc" + std::string(1, '\0') +
                       "data" + number(samples.size(), 4) + samples;
  return "RIFF" + number(chunks.size(), 4) + chunks;
}

std::string pcm16(const std::vector<double>& samples) {
  std::string bytes;
  for (double x : samples) bytes += number(static_cast<uint64_t>(std::lround(x * 32767)) & 0xFFFF, 2);
  return bytes;
}

std::vector<double> tone(double hertz, double seconds, double rate) {
  std::vector<double> samples(static_cast<size_t>(seconds * rate));
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = 0.5 * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate);
  }
  return samples;
}

TEST(Wav, EveryWidthOfSample) {
  using namespace std::string_literals;
  const std::tuple<std::string, uint16_t, uint16_t, std::vector<float>> table[] = {
      {"\x00\x80\xC0"s, 8, 1, {-1, 0, 0.5}},
      {"\x00\x80\x00\x40\xFF\x7F"s, 16, 1, {-1, 0.5, 32767.f / 32768}},
      {"\x00\x00\x80\x00\x00\x40"s, 24, 1, {-1, 0.5}},
      {"\x00\x00\x00\x80\x00\x00\x00\x40"s, 32, 1, {-1, 0.5}},
      {"\x00\x00\x80\xBF\x00\x00\x00\x3F"s, 32, 3, {-1, 0.5}},
  };
  for (const auto& [samples, bits, code, expected] : table) {
    Result<Wave> wave = parse_wav(wav_bytes(samples, bits, 1, 8000, code), "a.wav");
    ASSERT_TRUE(wave.ok()) << wave.status().message();
    EXPECT_EQ(wave->rate, 8000);
    EXPECT_EQ(wave->samples, expected) << bits << " " << code;
  }
  Result<Wave> stereo = parse_wav(wav_bytes("\x00\x40\x00\x20\x00\x00\x00\x40"s, 16, 2), "a.wav");
  EXPECT_THAT(stereo->samples, ElementsAre(0.375f, 0.25f));
}

// As SciPy writes arrays of doubles.
TEST(Wav, DoublesAreRead) {
  std::string samples;
  for (double x : {0.5, -0.25, 1e-3}) samples += std::string(reinterpret_cast<const char*>(&x), sizeof(x));
  Result<Wave> wave = parse_wav(wav_bytes(samples, 64, 1, 8000, 3), "a.wav");
  ASSERT_TRUE(wave.ok()) << wave.status().message();
  EXPECT_EQ(wave->samples, (std::vector<float>{0.5f, -0.25f, 1e-3f}));
}

// ffmpeg and arecord do not know the size when they write into a pipe.
TEST(Wav, ASizeThatWasNotKnownIsTheRestOfTheFile) {
  const std::string whole = wav_bytes(std::string("\x00\x40\x00\x20", 4), 16);
  for (const char* size : {"\xFF\xFF\xFF\xFF", "\xFF\xFF\xFF\x7F"}) {
    std::string streamed = whole;
    streamed.replace(streamed.size() - 8, 4, size, 4);
    Result<Wave> wave = parse_wav(streamed, "a.wav");
    ASSERT_TRUE(wave.ok()) << wave.status().message();
    EXPECT_EQ(wave->samples, (std::vector<float>{0.5f, 0.25f}));
  }
}

TEST(Wav, SaysWhatIsWrong) {
  std::string whole = wav_bytes(std::string(20, 'x'), 16);
  EXPECT_THAT(parse_wav("RIFX", "a.wav").status().message(), HasSubstr("a.wav: offset 0: expected a RIFF WAVE file"));
  EXPECT_THAT(parse_wav(whole.substr(0, whole.size() - 5), "a.wav").status().message(),
              HasSubstr("expected 20 bytes of \"data\", found 15; the file is cut short"));
  EXPECT_THAT(parse_wav(wav_bytes("xx", 16, 1, 8000, 85), "a.wav").status().message(),
              HasSubstr("found format 85 of 16 bits; convert the file"));
  EXPECT_THAT(parse_wav(wav_bytes("xx", 16, 0), "a.wav").status().message(), HasSubstr("found 0 and 8000"));
  EXPECT_THAT(parse_wav(wav_bytes(number(0x7F800000, 4), 32, 1, 8000, 3), "a.wav").status().message(),
              HasSubstr("sample 0: expected a finite number, found inf"));
  EXPECT_THAT(parse_wav(whole.substr(0, 36), "a.wav").status().message(), HasSubstr("expected samples, found none"));
}

TEST(Resampled, AToneKeepsItsPitchAndOneAboveIsGone) {
  auto floats = [](const std::vector<double>& x) { return std::vector<float>(x.begin(), x.end()); };
  std::vector<float> from = floats(tone(440, 0.1, 44100)), expected = floats(tone(440, 0.1, 16000));
  std::vector<float> to = resampled(from, 44100, 16000, 1 << 20);
  ASSERT_EQ(to.size(), 1600u);
  for (size_t i = 100; i < 1500; ++i) ASSERT_NEAR(to[i], expected[i], 2e-3) << i;
  std::vector<float> up = resampled(expected, 16000, 44100, 3000);
  ASSERT_EQ(up.size(), 3000u);
  for (size_t i = 300; i < 3000; ++i) ASSERT_NEAR(up[i], from[i], 2e-3) << i;
  std::vector<float> high = resampled(floats(tone(12000, 0.1, 44100)), 44100, 16000, 1 << 20);
  for (size_t i = 100; i < 1500; ++i) ASSERT_NEAR(high[i], 0, 5e-3) << i;
}

TEST(Fourier, IsTheSumOfTheDefinition) {
  Random random(3);
  std::vector<std::complex<double>> x(16);
  for (auto& v : x) v = {random.normal(), random.normal()};
  std::vector<std::complex<double>> y = x;
  fourier_transform(y);
  for (size_t k = 0; k < x.size(); ++k) {
    std::complex<double> sum = 0;
    for (size_t n = 0; n < x.size(); ++n) {
      sum += x[n] * std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k * n) / 16);
    }
    EXPECT_NEAR(std::abs(sum - y[k]), 0, 1e-12);
  }
}

// The values in librosa's documentation of hz_to_mel, mel_to_hz and mel_frequencies(n_mels=40); the HTK formula at 1
// kHz.
TEST(Mel, ScalesAsPublished) {
  EXPECT_NEAR(hertz_to_mel(60, MelScale::slaney), 0.9, 1e-12);
  EXPECT_NEAR(hertz_to_mel(440, MelScale::slaney), 6.6, 1e-12);
  EXPECT_NEAR(mel_to_hertz(3, MelScale::slaney), 200, 1e-9);
  EXPECT_NEAR(mel_to_hertz(5, MelScale::slaney), 333.333, 1e-3);
  EXPECT_NEAR(hertz_to_mel(11025, MelScale::slaney), 49.91059448015905, 1e-9);
  EXPECT_NEAR(hertz_to_mel(1000, MelScale::htk), 999.9855, 1e-4);
  EXPECT_NEAR(mel_to_hertz(hertz_to_mel(3210, MelScale::htk), MelScale::htk), 3210, 1e-9);
  const std::pair<int, double> frequencies[] = {{1, 85.317},    {2, 170.635},   {11, 938.490},
                                                {12, 1024.856}, {19, 1897.337}, {39, 11025}};
  for (auto [i, hertz] : frequencies) {
    EXPECT_NEAR(mel_to_hertz(49.91059448015905 * i / 39, MelScale::slaney), hertz, 1e-3) << i;
  }
}

TEST(Mel, FiltersAreTrianglesOfOneArea) {
  SpectrumOptions options{.rate = 16000, .fft = 2048, .window = 2048, .mels = 20};
  std::vector<float> filters = mel_filters(options);
  size_t bins = 1025;
  ASSERT_EQ(filters.size(), 20 * bins);
  for (size_t m = 0; m < 20; ++m) {
    double area = 0;
    for (size_t k = 0; k < bins; ++k) area += static_cast<double>(filters[m * bins + k]) * 16000 / 2048;
    EXPECT_NEAR(area, 1, 0.02) << m;
  }
}

TEST(Spectrum, AToneIsLoudInItsBandOnly) {
  SpectrumOptions options{.rate = 16000, .fft = 512, .window = 400, .hop = 160, .mels = 40};
  Spectrum spectrum(options);
  std::vector<double> sound = tone(1000, 0.5, 16000);
  std::vector<float> samples(sound.begin(), sound.end());
  int64_t frames = spectrum.frames(8000);
  EXPECT_EQ(frames, 51);
  std::vector<float> out(static_cast<size_t>(40 * frames));
  spectrum.compute(samples, out);
  // In decibels, from the definitions alone (a sum over all samples in place of the fast transform).
  const std::pair<size_t, float> levels[] = {{5, -62.62f}, {11, -7.33f}, {12, 14.31f},
                                             {13, 15.48f}, {14, -6.31f}, {17, -51.99f}};
  for (auto [band, level] : levels) EXPECT_NEAR(out[band * 51 + 25], level, 0.05) << band;
}

TEST(Spectrum, SilenceAndItsCepstrum) {
  SpectrumOptions options{.mels = 16, .coefficients = 4};
  Spectrum spectrum(options);
  std::vector<float> out(static_cast<size_t>(spectrum.rows() * spectrum.frames(160)));
  spectrum.compute(std::vector<float>(160), out);
  // Every band is 10 log10(1e-10) = -100 dB: c[0] = sqrt(1 / 16) * 16 * -100, the others 0.
  EXPECT_THAT(out, Pointwise(FloatNear(1e-3f), {-400, -400, 0, 0, 0, 0, 0, 0}));
}

TEST(Spectrum, OptionsOutOfRangeAreNamed) {
  const std::pair<SpectrumOptions, const char*> table[] = {
      {{.fft = 500}, "fft: expected a power of two up to 65536, found 500"},
      {{.fft = 256, .window = 400}, "window: expected 1 to 256 samples, as fft, found 400"},
      {{.hop = 0}, "hop: expected at least 1 sample, found 0"},
      {{.mels = 0}, "mels: expected 1 to 1024 bands, found 0"},
      {{.low = 9000}, "low: expected 0 to 8000 Hz, found 9000"},
      {{.high = 9000}, "high: expected up to 8000 Hz, half the rate, found 9000"},
      {{.mels = 10, .coefficients = 11}, "coefficients: expected 1 to 10 of the mels, found 11"},
  };
  for (const auto& [options, message] : table) EXPECT_EQ(check(options).message(), message);
}

TEST(AudioFolder, SoundsOfOneLengthAndScale) {
  TemporaryDirectory folder;
  for (const auto& [name, hertz] : {std::pair("low", 300.0), {"high", 2000.0}}) {
    ASSERT_TRUE(make_directories(folder.path() / name).ok());
    for (int i = 0; i < 4; ++i) {
      uint32_t rate = i % 2 == 0 ? 16000 : 22050;
      std::string bytes = wav_bytes(pcm16(tone(hertz + 10 * i, 0.1 + 0.05 * i, rate)), 16, 1, rate);
      ASSERT_TRUE(write_file_atomic(folder.path() / name / (std::to_string(i) + ".wav"), bytes).ok());
    }
  }
  AudioOptions options{.spectrum = {.mels = 20}, .seconds = 0.2};
  Result<DataPair> pair = load_audio(folder.path(), {}, 0.25, 1, options);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(pair->train.classes, ElementsAre("high", "low"));
  EXPECT_EQ(pair->train.example_shape(), (Shape{1, 20, 21}));
  EXPECT_EQ(pair->train.size(), 6);
  double sum = 0;
  for (float v : pair->train.inputs.data<float>()) sum += static_cast<double>(v);
  EXPECT_NEAR(sum / static_cast<double>(pair->train.inputs.count()), 0, 1e-4);
  EXPECT_THAT(raw_inputs(pair->train.preparation->front)[0].words, HasSubstr("at 16000 Hz"));

  ASSERT_TRUE(write_file_atomic(folder.path() / "low" / "cut.wav", "RIFF").ok());
  EXPECT_THAT(load_audio(folder.path(), {}, 0.25, 1, options).status().message(),
              HasSubstr("low/cut.wav: offset 0: expected a RIFF WAVE file"));
  options.broken = BrokenFiles::skip;
  EXPECT_THAT(load_audio(folder.path(), {}, 0.25, 1, options)->understood["skipped"].dump(),
              HasSubstr(R"("why":"broken","files":1,)"));
  options.seconds = 0;
  EXPECT_THAT(load_audio(folder.path(), {}, 0.25, 1, options).status().message(), HasSubstr("seconds: expected"));
}

}  // namespace
}  // namespace slipway
