#include "apps/pawl/usage_error.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <numeric>

namespace pawl::program {
namespace {

// Letters that are wrong, missing, too many or swapped with their neighbour (the restricted
// Damerau-Levenshtein distance); a row of its table for each letter of `a`.
size_t edits(const std::string& a, const std::string& b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before = above;
    above = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + wrong});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

// "compile, run and bench"
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

std::string unknown_option(const CLI::App& command, const std::string& typed) {
  const std::string option = typed.substr(0, typed.find('='));
  const size_t dashes = std::min(option.find_first_not_of('-'), option.size());
  const std::string meant = near_word(option.substr(dashes), option_names(command));
  return "unknown option " + option + (meant.empty() ? "" : "; did you mean --" + meant + "?");
}

std::string unknown_command(const CLI::App& program, const std::string& typed) {
  const std::vector<std::string> commands = command_names(program);
  const std::string meant = near_word(typed, commands);
  return "unknown command " + typed + "; " +
         (meant.empty() ? "there are " + listed(commands) : "did you mean " + meant + "?");
}

}  // namespace

std::string near_word(const std::string& typed, const std::vector<std::string>& known) {
  std::string nearest;
  size_t least = std::max<size_t>(1, typed.size() / 3) + 1;
  for (const std::string& word : known) {
    const bool begins = typed.size() >= 2 && word.starts_with(typed);
    const size_t distance = begins ? 0 : edits(typed, word);
    if (distance >= std::min(least, word.size())) continue;
    least = distance;
    nearest = word;
  }
  return nearest;
}

UsageError usage_error(const CLI::App& program, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  const CLI::App* const command = chosen.empty() ? nullptr : chosen.front();
  const std::string name =
      program.get_name() + (command == nullptr ? "" : " " + command->get_name());
  const std::vector<std::string> outside = program.remaining();
  if (!outside.empty() && outside.front().starts_with('-')) {
    return {program.get_name(), unknown_option(program, outside.front())};
  }
  if (command == nullptr) {
    if (!outside.empty()) return {name, unknown_command(program, outside.front())};
    return {name, "no command given; there are " + listed(command_names(program))};
  }
  for (const std::string& word : command->remaining()) {
    if (word.starts_with('-') && word.size() > 1) return {name, unknown_option(*command, word)};
  }
  return {name, error.what()};
}

}  // namespace pawl::program
