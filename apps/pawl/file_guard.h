// Keeps what a command writes away from what it reads, and its outputs from one another: by device
// and inode, so that links and other spellings of a name change nothing. Name the inputs first,
// then the outputs, all before any work begins.
//
//   FileGuard guard;
//   PAWL_TRY(guard.reads("the model", arguments.model));
//   PAWL_TRY(guard.writes("-o", arguments.output));
//
// Errors of all: kInvalidArgument, one line that names both.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "platform/output_file.h"
#include "platform/result.h"

namespace pawl::program {

class FileGuard {
 public:
  FileGuard();

  // An input file; what is not there is the business of who opens it. `what`: "the artifact".
  platform::Status reads(const std::string& what, const std::filesystem::path& path);
  // The pictures, or label files, of a folder, where it is one; else as reads(). A log that
  // standard output leaves in the folder is not one of them.
  platform::Status reads_pictures(const std::string& what, const std::filesystem::path& path);
  platform::Status reads_labels(const std::string& what, const std::filesystem::path& path);

  // An output file. Errors also as platform::output_identity(). An empty path is none.
  platform::Status writes(const std::string& option, const std::filesystem::path& path);
  // Output files in a folder, which need not exist yet.
  platform::Status writes_into(const std::string& option, const std::filesystem::path& folder,
                               const std::vector<std::string>& names);
  // The same for one whose name comes up during the work, without remembering it.
  platform::Status check(const std::string& option, const std::filesystem::path& path) const;

 private:
  void remember_input(const std::string& what, const std::filesystem::path& path);
  platform::Status check(const std::string& option, const std::filesystem::path& path,
                         const platform::FileIdentity& identity) const;

  struct Named {
    std::string what;  // "the artifact", "--json"
    std::filesystem::path path;
  };
  std::optional<platform::FileIdentity> standard_output_;
  std::map<platform::FileIdentity, Named> inputs_, outputs_;
};

}  // namespace pawl::program
