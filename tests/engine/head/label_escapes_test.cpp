// Proves that escapes in a names literal give the text that Python gives, to the code point, and
// that whatever is no escape (too short, no digits, beyond Unicode, half of a pair) is an error and
// never half of a name.
#include <gtest/gtest.h>

#include <string>

#include "engine/head/labels.h"

namespace pawl::engine {
namespace {

std::string name_of(const std::string& body, char quote = '\'') {
  const auto names = parse_names_literal(std::string("[") + quote + body + quote + "]");
  if (!names.ok()) return "error: " + names.error().message;
  return names.value().labels.size() == 1 ? names.value().labels[0] : "not one name";
}

bool refused(const std::string& body) {
  return name_of(body).substr(0, 7) == "error: ";
}

TEST(LabelEscapes, GiveTheirCodePoint) {
  EXPECT_EQ(name_of(R"(\x41)"), "A");
  EXPECT_EQ(name_of(R"(\x7e)"), "~");
  EXPECT_EQ(name_of(R"(\xe9)"), "\xc3\xa9");
  EXPECT_EQ(name_of(R"(\xE9)"), "\xc3\xa9");
  EXPECT_EQ(name_of(R"(\x80)"), "\xc2\x80");
  EXPECT_EQ(name_of(R"(\xff)"), "\xc3\xbf");
  EXPECT_EQ(name_of(R"(\u0041)"), "A");
  EXPECT_EQ(name_of(R"(\u07ff)"), "\xdf\xbf");
  EXPECT_EQ(name_of(R"(\u0800)"), "\xe0\xa0\x80");
  EXPECT_EQ(name_of(R"(\u4eba)"), "\xe4\xba\xba");
  EXPECT_EQ(name_of(R"(\ud7ff)"), "\xed\x9f\xbf");
  EXPECT_EQ(name_of(R"(\ue000)"), "\xee\x80\x80");
  EXPECT_EQ(name_of(R"(\uffff)"), "\xef\xbf\xbf");
  EXPECT_EQ(name_of(R"(\U00010000)"), "\xf0\x90\x80\x80");
  EXPECT_EQ(name_of(R"(\U0001f600)"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(name_of(R"(\U0010ffff)"), "\xf4\x8f\xbf\xbf");
  EXPECT_EQ(name_of(R"(\ud83d\ude00)"), "\xf0\x9f\x98\x80");  // as JSON writes it
  EXPECT_EQ(name_of(R"(\\)"), "\\");
  EXPECT_EQ(name_of(R"(\')"), "'");
  EXPECT_EQ(name_of(R"(\")"), "\"");
}

// What follows the digits is text again.
TEST(LabelEscapes, TakeTheirDigitsAndNoMore) {
  EXPECT_EQ(name_of(R"(a\x41b)"), "aAb");
  EXPECT_EQ(name_of(R"(\x414)"), "A4");
  EXPECT_EQ(name_of(R"(\u00411)"), "A1");
  EXPECT_EQ(name_of(R"(\U000000411)"), "A1");
  EXPECT_EQ(name_of(R"(\\x41)"), "\\x41");
  EXPECT_EQ(name_of(R"(\x41\x42)"), "AB");
}

TEST(LabelEscapes, WithoutTheirDigitsAreRefused) {
  for (const char* const body :
       {R"(\x4g)",    R"(\xg4)",   R"(\x 4)",      R"(\x4 )",  R"(\x-4)",      R"(\x+4)",
        R"(\x0x)",    R"(\x4)",    R"(\x)",        R"(\u123)", R"(\u123g)",    R"(\u12 4)",
        R"(\u 123)",  R"(\u-123)", R"(\u)",        R"(\u004)", R"(\U0001f60)", R"(\U0001f60g)",
        R"(\U1f600)", R"(\U)",     R"(\U0001 600)"}) {
    EXPECT_TRUE(refused(body)) << body << " gave " << name_of(body);
    EXPECT_TRUE(refused(std::string("a") + body)) << body;
    EXPECT_TRUE(refused(std::string(body) + "z"))
        << body << " gave " << name_of(body + std::string("z"));
  }
}

TEST(LabelEscapes, BeyondUnicodeAreRefused) {
  for (const char* const body :
       {R"(\ud800)", R"(\udbff)", R"(\udc00)", R"(\udfff)", R"(\U00110000)", R"(\Uffffffff)",
        R"(\U80000041)", R"(\U0000d800)", R"(\U0000dfff)"}) {
    EXPECT_TRUE(refused(body)) << body << " gave " << name_of(body);
  }
}

// Such a name is dropped, and no other with it.
TEST(LabelEscapes, OfControlCharactersAreNoName) {
  for (const char* const body :
       {R"(\n)", R"(\t)", R"(\r)", R"(\x00)", R"(\x1f)", R"(\x7f)", R"(\u000a)"}) {
    EXPECT_EQ(name_of(body), "class 0") << body;
  }
}

TEST(LabelEscapes, OthersAreRefused) {
  for (const char* const body : {R"(\a)", R"(\q)", R"(\N{DASH})", R"(\101)", R"(\X41)"}) {
    EXPECT_TRUE(refused(body)) << body << " gave " << name_of(body);
  }
  EXPECT_FALSE(parse_names_literal(R"(['a\)").ok());
  EXPECT_FALSE(parse_names_literal(R"(['a\'])").ok());
  EXPECT_FALSE(parse_names_literal(R"(['\x4)").ok());
}

}  // namespace
}  // namespace pawl::engine
