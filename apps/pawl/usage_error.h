// What was typed wrongly, in words for people: the parser alone would call a misspelt command a
// missing one.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace pawl::program {

struct UsageError {
  std::string command;  // "pawl run": whose --help explains
  std::string message;
};

// Of a `program` that has just thrown `error`. Words that are no command and no option come first:
// what the parser misses is mostly what they were meant to be.
UsageError usage_error(const CLI::App& program, const CLI::ParseError& error);

// The word of `known` that `typed` is meant to be: it begins with it, or is a slip of the fingers
// away, one for every three letters. Empty without one; of several the nearest, then the first.
std::string near_word(const std::string& typed, const std::vector<std::string>& known);

}  // namespace pawl::program
