// Which entry of a COCO file is a picture's. File names there come from other machines: with
// folders that are not here, backslashes, %20 for a space, another case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/result.h"

namespace pawl::program {

class CocoNames {
 public:
  // Borrows nothing: an entry is known by its index.
  explicit CocoNames(std::span<const std::string> file_names);

  // The entry with the image's name; among several the one whose folders agree most, then the one
  // with the very same letters. -1 where there is none. Errors: kInvalidArgument, two fit as well.
  platform::Result<int64_t> find(const std::filesystem::path& image) const;

 private:
  std::vector<std::string> paths_;                        // with slashes
  std::unordered_multimap<std::string, size_t> by_name_;  // the last part, in lower case
};

}  // namespace pawl::program
