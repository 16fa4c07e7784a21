#include "apps/pawl/file_guard.h"

#include "platform/imaging/image_folder.h"

namespace pawl::program {

namespace fs = std::filesystem;
using platform::Code;
using platform::Error;
using platform::FileIdentity;
using platform::Result;
using platform::Status;

FileGuard::FileGuard() : standard_output_(platform::standard_output_identity()) {}

Status FileGuard::reads(const std::string& what, const fs::path& path) {
  const auto identity = platform::file_identity(path);
  if (!identity) return {};
  if (identity == standard_output_) {
    return Error{Code::kInvalidArgument, path.string() + " is " + what +
                                             " and standard output at once; send that elsewhere"};
  }
  inputs_.emplace(*identity, Named{what, path});
  return {};
}

void FileGuard::remember_input(const std::string& what, const fs::path& path) {
  const auto identity = platform::file_identity(path);
  if (identity && identity != standard_output_) inputs_.emplace(*identity, Named{what, path});
}

Status FileGuard::reads_pictures(const std::string& what, const fs::path& path) {
  const Result<platform::ImageFolder> folder = platform::list_images(path);
  if (!folder.ok()) return reads(what, path);
  for (const fs::path& image : folder.value().images) remember_input(what, image);
  return {};
}

Status FileGuard::reads_labels(const std::string& what, const fs::path& path) {
  PAWL_TRY(reads(what, path / ".." / "classes.txt"));
  std::error_code failure;
  fs::directory_iterator entries(path, failure);
  if (failure) return reads(what, path);
  for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    remember_input(what, entries->path());
  }
  return {};
}

Status FileGuard::check(const std::string& option, const fs::path& path,
                        const FileIdentity& identity) const {
  const auto input = inputs_.find(identity);
  if (input != inputs_.end()) {
    const auto& [what, name] = input->second;
    return Error{Code::kInvalidArgument, option + " would overwrite " + what + ": " +
                                             path.string() +
                                             (name == path ? "" : " is the file " + name.string()) +
                                             "; give another name or folder"};
  }
  if (identity.is_character_device) return {};  // takes any number of outputs
  if (identity == standard_output_) {
    return Error{Code::kInvalidArgument, option + ": " + path.string() +
                                             " is standard output's file; give another, or -, "
                                             "where the option takes it"};
  }
  const auto output = outputs_.find(identity);
  if (output != outputs_.end() && output->second.path != path) {
    const auto& [what, name] = output->second;
    return Error{Code::kInvalidArgument, option + " and " + what +
                                             " would write one file: " + path.string() + " is " +
                                             name.string() + "; give two names"};
  }
  return {};
}

Status FileGuard::check(const std::string& option, const fs::path& path) const {
  const auto identity = PAWL_TRY(platform::output_identity(path).context(option));
  return check(option, path, identity);
}

Status FileGuard::writes(const std::string& option, const fs::path& path) {
  if (path.empty()) return {};
  const auto identity = PAWL_TRY(platform::output_identity(path).context(option));
  PAWL_TRY(check(option, path, identity));
  const bool added = outputs_.emplace(identity, Named{option, path}).second;
  if (added || identity.is_character_device) return {};
  return Error{Code::kInvalidArgument, option + " and " + outputs_.at(identity).what +
                                           " would write one file, " + path.string() +
                                           "; give two names"};
}

Status FileGuard::writes_into(const std::string& option, const fs::path& folder,
                              const std::vector<std::string>& names) {
  std::error_code ignored;
  const bool exists = fs::exists(folder, ignored);
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) {
      return Error{Code::kInvalidArgument, option + ": two inputs would both be written to " +
                                               (folder / name).string() +
                                               "; give them one at a time"};
    }
    if (exists) PAWL_TRY(writes(option, folder / name));
  }
  return {};
}

}  // namespace pawl::program
