// Proves: labels files and metadata literals are read as written, and hostile bytes end in an error
// with a reason, never in wrong labels.
#include "engine/head/labels.h"

#include <gtest/gtest.h>

#include <random>

namespace pawl::engine {
namespace {

using Labels = std::vector<std::string>;

TEST(Labels, ReadsLines) {
  const Labels wanted = {"person", "traffic light", "caf\xC3\xA9"};
  for (const char* text :
       {"person\ntraffic light\ncaf\xC3\xA9", "person\ntraffic light\ncaf\xC3\xA9\n",
        "person\r\ntraffic light\r\ncaf\xC3\xA9\r\n\r\n\r\n",
        "\xEF\xBB\xBFperson\n  traffic light\t\ncaf\xC3\xA9\n\n  \n"}) {
    const auto labels = parse_labels(text);
    ASSERT_TRUE(labels.ok()) << labels.error().message;
    EXPECT_EQ(labels.value(), wanted);
  }
}

TEST(Labels, RefusesWhatWouldShiftOrBreakThem) {
  const std::string long_label(kMaxLabelBytes + 1, 'x');
  std::string many;
  for (size_t i = 0; i <= kMaxLabels; ++i) many += "a\n";
  struct Case {
    std::string text;
    const char* says;
  };
  const Case cases[] = {
      {"", "no label"},
      {"\xEF\xBB\xBF", "no label"},
      {"\n\n\n", "no label"},
      {"a\n\nb\n", "line 2 is blank"},
      {"\na\n", "line 1 is blank"},
      {"ok\n" + long_label, "line 2 is 257 bytes"},
      {std::string("a\nb\0c\n", 6), "control"},
      {"a\n\x1B[31mred\n", "control"},
      {many, "more than 65536"},
  };
  for (const Case& c : cases) {
    const auto labels = parse_labels(c.text);
    ASSERT_FALSE(labels.ok()) << c.says;
    EXPECT_NE(labels.error().message.find(c.says), std::string::npos) << labels.error().message;
    EXPECT_EQ(labels.error().message.find('\n'), std::string::npos);
  }
  many.resize(2 * kMaxLabels);
  EXPECT_EQ(parse_labels(many).value().size(), kMaxLabels);
  EXPECT_TRUE(parse_labels(std::string(kMaxLabelBytes, 'x')).ok());
}

TEST(NamesLiteral, ReadsDictsAndLists) {
  struct Case {
    const char* text;
    Labels wanted;
  };
  const Case cases[] = {
      {"{0: 'person', 1: 'bicycle'}", {"person", "bicycle"}},
      {"  {1:\"b\",0:'a',}  ", {"a", "b"}},
      {"{\"0\": \"crack\", \"1\": \"dent\"}", {"crack", "dent"}},
      {"{'1': 'dent', '0': 'crack'}", {"crack", "dent"}},
      {"{\n  \"0\" : \"crack\",\n  \" 1 \" : \"dent\"\n}", {"crack", "dent"}},
      {"['person', \"car's\"]", {"person", "car's"}},
      {"('a', 'b',)", {"a", "b"}},
      {"{0: 7, 1: 'b', 2: True, 3: -1.5}", {"7", "b", "True", "-1.5"}},
      {"['it\\'s', '\\\\', '\\x41\\u00e9\\U0001F600']",
       {"it's", "\\", "A\xC3\xA9\xF0\x9F\x98\x80"}},
      {"[\"\\ud83d\\ude00\", \"a\\/b\", \"caf\xC3\xA9\"]",
       {"\xF0\x9F\x98\x80", "a/b", "caf\xC3\xA9"}},
      {"{0: 'rolled-in_scale', 1: 'a: {b}, [c]', 2: \"say \\\"x\\\", 'y'\"}",
       {"rolled-in_scale", "a: {b}, [c]", "say \"x\", 'y'"}},
      {"{0: '  padded ', 1: 'b'}", {"padded", "b"}},
  };
  for (const Case& c : cases) {
    const auto names = parse_names_literal(c.text);
    ASSERT_TRUE(names.ok()) << c.text << ": " << names.error().message;
    EXPECT_EQ(names.value().labels, c.wanted) << c.text;
    EXPECT_TRUE(names.value().unnamed.empty()) << c.text;
  }
}

// One bad name costs no other its own.
TEST(NamesLiteral, OddNamesBecomeNumbers) {
  const std::string long_name(kMaxLabelBytes + 1, 'x');
  for (const std::string& odd :
       {std::string("''"), std::string("' '"), std::string("'a\\nb'"), std::string("'a\nb'"),
        std::string("'\\x1b[2J'"), std::string("'a\\tb'"), std::string("'a\\u0000b'"),
        std::string("None"), std::string("null"), "'" + long_name + "'", std::string("'\xFF'"),
        std::string("'\xC3'"), std::string("'\xE2\x82'")}) {
    for (const char* form : {"{0: 'crack', 1: @, 2: 'ok'}",
                             "{\"2\": \"ok\", \"1\": @, \"0\": \"crack\"}", "['crack', @, 'ok']"}) {
      std::string text = form;
      text.replace(text.find('@'), 1, odd);
      const auto names = parse_names_literal(text);
      ASSERT_TRUE(names.ok()) << text << ": " << names.error().message;
      EXPECT_EQ(names.value().labels, (Labels{"crack", "class 1", "ok"})) << text;
      EXPECT_EQ(names.value().unnamed, std::vector<size_t>{1}) << text;
    }
  }
  const auto from_one = parse_names_literal("{'2': 'b', '1': 'a', '3': 'c'}");
  ASSERT_TRUE(from_one.ok()) << from_one.error().message;
  EXPECT_EQ(from_one.value().labels, (Labels{"a", "b", "c"}));
  EXPECT_TRUE(from_one.value().from_one);
  EXPECT_FALSE(parse_names_literal("['a']").value().from_one);
  const auto gaps = parse_names_literal("{1: 'a', 4: 'b', 2: 'c'}");
  ASSERT_TRUE(gaps.ok()) << gaps.error().message;
  EXPECT_EQ(gaps.value().labels, (Labels{"class 0", "a", "c", "class 3", "b"}));
  EXPECT_EQ(gaps.value().unnamed, (std::vector<size_t>{0, 3}));
  EXPECT_FALSE(gaps.value().from_one);
}

TEST(NamesLiteral, RefusesTheRest) {
  for (const char* text : {"",
                           "{",
                           "{}",
                           "[]",
                           "()",
                           "person",
                           "{0: 'a'",
                           "{0 'a'}",
                           "{'a': 0}",
                           "{'0: 'a'}",
                           "{'0\": 'a'}",
                           "{0: 'a' 1: 'b'}",
                           "{0: 'a', 0: 'b'}",
                           "{0: 'a', '0': 'b'}",
                           "{5: 'a'}",
                           "{-1: 'a'}",
                           "{99999999999999999999999: 'a'}",
                           "{65536: 'a'}",
                           "{0: 'a'} x",
                           "['a'",
                           "('a']",
                           "['a\\",
                           "['a\\'",
                           "['\\q']",
                           "['\\x4']",
                           "['\\xzz']",
                           "['\\ud800']",
                           "['\\ud800\\u0041']",
                           "['\\udc00']",
                           "['\\U00110000']",
                           "[,]",
                           "['a',,'b']",
                           "[['a']]",
                           "{0: 'a', 18446744073709551615: 'b'}"}) {
    const auto names = parse_names_literal(text);
    ASSERT_FALSE(names.ok()) << text;
    EXPECT_EQ(names.error().message.substr(0, 6), "names:") << text;
  }
}

// Every truncation and thousands of corruptions of a real literal: an error, or labels that obey
// the limits.
TEST(NamesLiteral, SurvivesCorruption) {
  const std::string good = "{0: 'person', 1: \"car's\", 2: 'caf\\u00e9', 3: 'x\\\\y', 4: 'z'}";
  ASSERT_TRUE(parse_names_literal(good).ok());
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_FALSE(parse_names_literal(std::string_view(good).substr(0, n)).ok()) << n;
  }
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string text = good;
    for (int k = 0; k < 1 + i % 4; ++k) text[random() % text.size()] = static_cast<char>(random());
    const auto names = parse_names_literal(text);
    if (!names.ok()) continue;
    for (const std::string& name : names.value().labels) {
      ASSERT_FALSE(name.empty());
      ASSERT_LE(name.size(), kMaxLabelBytes);
      for (const char c : name) ASSERT_GE(static_cast<unsigned char>(c), 0x20);
    }
  }
}

}  // namespace
}  // namespace pawl::engine
