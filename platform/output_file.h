// A file that a program writes: the one way for all outputs.
//
//   nothing there, or a     written beside it under a name of its own and renamed over it by
//   regular file            finish(): readers see the old content or the whole new one, and a
//   failure
//                           (full disk, killed process) leaves the old one. The new name survives a
//                           power cut. Mode, and where the system allows it owner and group, stay.
//                           Other names of the old file (hard links) keep the old content.
//   a symbolic link         what it leads to is written in this way, the link stays; a link to
//                           nothing makes the file that it names
//   a character device,     written into as it is. A FIFO is given five seconds to find a reader
//   a FIFO
//   a folder, a block       refused
//   device, a socket
//
// Threads: one a file. Any number of files at once, also of one name: the last finish() wins.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "platform/descriptor.h"
#include "platform/result.h"
#include "platform/temporary_name.h"

namespace pawl::platform {

class OutputFile {
 public:
  // Errors: kInvalidArgument (an empty name), kNotFound (no such folder), kIo.
  static Result<OutputFile> open(const std::filesystem::path& path);
  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();  // without finish(), or after it failed: nothing is left

  // At once, so that whoever reads a FIFO sees it. Errors: kIo.
  Status write(std::span<const std::byte> bytes);
  Status write(std::string_view text);

  // Ends the file and gives it its name. Not to be written to afterwards. Errors: kIo.
  Status finish();

 private:
  OutputFile(std::filesystem::path path, std::filesystem::path target, TemporaryName temporary,
             Descriptor file);
  Status write(const void* data, size_t bytes);

  std::filesystem::path path_;    // as given, for messages
  std::filesystem::path target_;  // where its links lead
  TemporaryName temporary_;       // of nothing where the file is written into as it is
  Descriptor file_;
};

// Which file a name leads to, however it is spelled or linked.
struct FileIdentity {
  uint64_t device = 0, inode = 0;
  std::string name;  // of a file to be made: its name in the folder of that number; else empty
  bool is_character_device = false;
  auto operator<=>(const FileIdentity&) const = default;
};

// Nothing where there is no file.
std::optional<FileIdentity> file_identity(const std::filesystem::path& path);

// Of standard output, where that is a regular file.
std::optional<FileIdentity> standard_output_identity();

// The file that OutputFile::open(path) would make, replace or write into. Changes nothing.
// Errors: as open(), as far as they can be known before.
Result<FileIdentity> output_identity(const std::filesystem::path& path);

}  // namespace pawl::platform
