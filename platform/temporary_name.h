// Names of files that exist only while something is being written, so that a signal which ends the
// program can remove them. POSIX only, for output_file_posix.cpp and stop_signals_posix.cpp.
// Threads: any.
#pragma once

#include <filesystem>

namespace pawl::platform {

// Known to remove_temporaries() as long as the object lives. Move-only. Creates and removes no
// file.
class TemporaryName {
 public:
  TemporaryName() = default;  // of nothing
  // ".pawl-<16 random hexadecimal digits>.tmp" in `folder`.
  static TemporaryName in(const std::filesystem::path& folder);
  TemporaryName(TemporaryName&& other) noexcept;
  TemporaryName& operator=(TemporaryName&& other) noexcept;
  ~TemporaryName();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int slot_ = -1;  // in the table that signal handlers read; -1: in none
};

// Unlinks the files of all names. Safe in a signal handler. Only for a process about to end.
void remove_temporaries();

}  // namespace pawl::platform
