// Proves what people are told who mistype: the word that is wrong, before what the parser misses
// because of it, and the one that was meant, where one is near.
#include "apps/pawl/usage_error.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

namespace pawl::program {
namespace {

const std::vector<std::string> kCommands = {"compile", "run", "bench"};

// What a program of two commands says of these words.
std::pair<std::string, std::string> said_of(std::vector<std::string> words) {
  CLI::App program("", "tool");
  program.require_subcommand(1);
  std::string text;
  CLI::App* run = program.add_subcommand("run", "");
  run->add_option("model", text)->required();
  run->add_option("--input", text)->required();
  run->add_option("--annotate-every", text);
  run->add_option("-o,--output", text);
  program.add_subcommand("bench", "");
  std::reverse(words.begin(), words.end());  // as CLI takes them
  try {
    program.parse(words);
  } catch (const CLI::ParseError& error) {
    const UsageError usage = usage_error(program, error);
    return {usage.command, usage.message};
  }
  return {};
}

using Said = std::pair<std::string, std::string>;

TEST(UsageError, NamesTheUnknownCommand) {
  EXPECT_EQ(said_of({}), Said("tool", "no command given; there are run and bench"));
  EXPECT_EQ(said_of({"fly"}), Said("tool", "unknown command fly; there are run and bench"));
  EXPECT_EQ(said_of({"rum", "x", "--input", "y"}),
            Said("tool", "unknown command rum; did you mean run?"));
  EXPECT_EQ(said_of({"bnech"}), Said("tool", "unknown command bnech; did you mean bench?"));
}

TEST(UsageError, NamesTheUnknownOption) {
  EXPECT_EQ(said_of({"--colour"}), Said("tool", "unknown option --colour"));
  EXPECT_EQ(said_of({"--inptu", "run", "m"}), Said("tool", "unknown option --inptu"));
  const Said meant("tool run", "unknown option --inptu; did you mean --input?");
  EXPECT_EQ(said_of({"run", "m", "--inptu", "y"}), meant);
  EXPECT_EQ(said_of({"run", "--inptu=y"}), meant);  // rather than that a model is missing
  EXPECT_EQ(said_of({"run", "m", "-input", "y"}).second,
            "unknown option -input; did you mean --input?");
  EXPECT_EQ(said_of({"run", "m", "--input", "y", "--annotate-evry", "2"}).second,
            "unknown option --annotate-evry; did you mean --annotate-every?");
  EXPECT_EQ(said_of({"run", "m", "--input", "y", "--anno"}).second,
            "unknown option --anno; did you mean --annotate-every?");
  EXPECT_EQ(said_of({"run", "m", "--input", "y", "--zzz"}).second, "unknown option --zzz");
}

TEST(UsageError, ElseSaysWhatTheParserSays) {
  EXPECT_EQ(said_of({"run", "m"}), Said("tool run", "--input is required"));
  EXPECT_EQ(said_of({"run", "m", "--input"}).first, "tool run");
  EXPECT_EQ(said_of({"run", "m", "--input", "y"}), Said());
  EXPECT_NE(said_of({"run", "m", "spare", "--input", "y"}).second.find("spare"), std::string::npos);
}

TEST(NearWord, IsAFewSlipsAway) {
  for (const char* typed : {"compile", "compie", "compilee", "comipl", "cmopile", "co"}) {
    EXPECT_EQ(near_word(typed, kCommands), "compile") << typed;
  }
  for (const char* typed : {"runn", "rn", "urn", "rub"}) {
    EXPECT_EQ(near_word(typed, kCommands), "run") << typed;
  }
  for (const char* typed : {"", "c", "x", "nur", "rxx", "bundle", "complaint", "benchmarks"}) {
    EXPECT_EQ(near_word(typed, kCommands), "") << typed;
  }
  EXPECT_EQ(near_word("ab", {"abx", "ab"}), "abx");  // the first of two that it begins
  EXPECT_EQ(near_word("abd", {"abcde", "abc"}), "abc");
  EXPECT_EQ(near_word("a", {}), "");
}

}  // namespace
}  // namespace pawl::program
