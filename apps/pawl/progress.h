// A progress bar on stderr, drawn only where stderr is a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace pawl::program {

class Progress {
 public:
  // `total` of at most 0: unknown, only the count is shown.
  Progress(std::string what, int64_t total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // clears the line

  void advance(int64_t done);  // draws at most ten times a second, with the time left
  void clear();                // before other output on the terminal

 private:
  std::string what_;
  int64_t total_;
  bool visible_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point start_, next_;
};

}  // namespace pawl::program
