// Opening what must be a regular file, for the *_posix.cpp files: a named pipe would be waited on
// for ever, a device has no end.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "platform/descriptor.h"
#include "platform/result.h"

namespace pawl::platform {

inline const char* file_kind(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO (named pipe)";
  if (S_ISCHR(mode)) return "a character device";
  if (S_ISBLK(mode)) return "a block device";
  return S_ISSOCK(mode) ? "a socket" : "not a file";
}

// For reading; never blocks. *info: as fstat tells. `action`: "read", for the message.
// Errors: kNotFound, kIo (also for anything but a regular file, which the message names).
inline Result<Descriptor> open_regular(const char* action, const std::filesystem::path& path,
                                       struct stat* info) {
  const auto other = [&] {
    return Error{Code::kIo, std::string("cannot ") + action + " " + path.string() + ": it is " +
                                file_kind(info->st_mode) + ", not a regular file"};
  };
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) {
    const int error = errno;
    // What cannot even be opened, such as a socket, may be no file either.
    if (::stat(path.c_str(), info) == 0 && !S_ISREG(info->st_mode)) return other();
    return system_error("open", path.string(), error);
  }
  if (::fstat(file.get(), info) != 0) return system_error("examine", path.string(), errno);
  if (!S_ISREG(info->st_mode)) return other();
  return file;
}

}  // namespace pawl::platform
