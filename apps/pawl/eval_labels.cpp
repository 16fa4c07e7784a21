#include "apps/pawl/eval_labels.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "apps/pawl/coco_names.h"
#include "engine/head/labels.h"
#include "platform/files.h"

namespace pawl::program {
namespace {

namespace fs = std::filesystem;
using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

constexpr size_t kImageLabelBytesMax = size_t{8} << 20;
constexpr size_t kCocoBytesMax = size_t{256} << 20;
constexpr size_t kNamesShown = 8;
constexpr const char* kClassesFile = "classes.txt";

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

// Without the mark that programs put in front of UTF-8. kCorrupt where the text is no UTF-8.
Result<std::string> read_labels(const fs::path& path, size_t bytes_max) {
  std::string text = PAWL_TRY(platform::read_text_file(path, bytes_max));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  const bool wide = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  if (wide || text.find('\0') != std::string::npos) {
    return Error{Code::kCorrupt,
                 path.string() + (wide ? ": UTF-16 text" : ": not a text") + "; save it as UTF-8"};
  }
  return text;
}

// The first byte that is not space tells the formats apart; an empty .txt is YOLO's "nothing here".
std::optional<LabelFormat> format_of(const fs::path& path, std::string_view text) {
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) {
    if (extension_of(path) == ".txt") return LabelFormat::kYolo;
    return std::nullopt;
  }
  const char first = text[start];
  if (first == '<') return LabelFormat::kVoc;
  if (first == '{') return LabelFormat::kCoco;
  if (std::isdigit(static_cast<unsigned char>(first)) != 0) return LabelFormat::kYolo;
  return std::nullopt;
}

Result<std::vector<fs::path>> label_files(const fs::path& folder) {
  std::error_code failure;
  fs::directory_iterator entries(folder, failure);
  std::vector<fs::path> files;
  for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    const std::string extension = extension_of(entries->path());
    const std::string name = entries->path().filename().string();
    const bool known = extension == ".xml" || extension == ".txt" || extension == ".json";
    if (known && name != kClassesFile && !name.starts_with('.')) files.push_back(entries->path());
  }
  if (failure) return Error{Code::kIo, folder.string() + ": " + failure.message()};
  if (files.empty()) {
    return Error{Code::kNotFound,
                 folder.string() + ": no label files in it (VOC .xml, YOLO .txt or COCO .json)"};
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What an image's number in its label file means.
using ClassMap = std::vector<int32_t>;

Status check_numbers(const std::vector<TruthBox>& boxes, size_t count) {
  for (const TruthBox& box : boxes) {
    if (box.class_id >= 0 && static_cast<size_t>(box.class_id) < count) continue;
    return Error{Code::kInvalidArgument, "class " + std::to_string(box.class_id) +
                                             ", but there are " + std::to_string(count) +
                                             " classes"};
  }
  return {};
}

void rename_classes(const ClassMap& map, std::vector<TruthBox>* boxes) {
  for (TruthBox& box : *boxes) box.class_id = map[static_cast<size_t>(box.class_id)];
}

// One text file an image, found by the image's stem.
class PerImageLoader {
 public:
  PerImageLoader(LabelFormat format, const fs::path& folder, const std::vector<fs::path>& files)
      : format_(format), folder_(folder) {
    const char* extension = format == LabelFormat::kVoc ? ".xml" : ".txt";
    for (const fs::path& file : files) {
      if (extension_of(file) == extension) by_stem_[file.stem().string()] = file;
    }
  }

  Status load(std::span<const fs::path> images, const ModelClasses& classes, LabelSet* set) {
    for (const fs::path& image : images) {
      set->sizes.emplace_back();
      set->truth.push_back(PAWL_TRY(load_one(image, set)));
    }
    const ClassMap map = PAWL_TRY(class_map(classes));
    size_t index = 0;
    for (std::vector<TruthBox>& boxes : set->truth) {
      PAWL_TRY(check_numbers(boxes, map.size()).context(images[index++].string()));
      rename_classes(map, &boxes);
    }
    return {};
  }

 private:
  Result<std::vector<TruthBox>> load_one(const fs::path& image, LabelSet* set) {
    const auto found = by_stem_.find(image.stem().string());
    if (found == by_stem_.end()) {
      ++set->images_without_labels;
      return std::vector<TruthBox>();
    }
    const fs::path& path = found->second;
    const std::string text = PAWL_TRY(read_labels(path, kImageLabelBytesMax));
    if (format_ == LabelFormat::kVoc) {
      return parse_voc(text, &names_, &set->sizes.back()).context(path.string());
    }
    return parse_yolo(text).context(path.string());
  }

  Result<ClassMap> class_map(const ModelClasses& classes) {
    if (format_ == LabelFormat::kYolo) {
      for (const fs::path& folder : {folder_, folder_ / ".."}) {
        std::error_code ignored;
        const fs::path path = folder / kClassesFile;
        if (!fs::exists(path, ignored)) continue;
        const auto text = PAWL_TRY(read_labels(path, kImageLabelBytesMax));
        names_ = PAWL_TRY(engine::parse_labels(text).context(path.string()));
        if (!classes.names.empty()) return match_names(names_, classes);
        break;
      }
      ClassMap map;
      for (int32_t i = 0; i < classes.count; ++i) map.push_back(i);
      return map;
    }
    return match_names(names_, classes);
  }

  LabelFormat format_;
  fs::path folder_;
  std::map<std::string, fs::path> by_stem_;
  std::vector<std::string> names_;
};

void remark_left_out(const fs::path& path, const CocoLabels& labels, LabelSet* set) {
  const auto add = [&](int64_t count, const char* which) {
    if (count == 0) return;
    set->remarks.push_back(path.string() + ": left out " + std::to_string(count) +
                           (count == 1 ? " annotation of " : " annotations of ") + which +
                           " that the file does not list");
  };
  add(labels.of_unlisted_images, "images");
  add(labels.of_unlisted_categories, "categories");
}

Status load_coco(const fs::path& path, std::span<const fs::path> images,
                 const ModelClasses& classes, LabelSet* set) {
  const std::string text = PAWL_TRY(read_labels(path, kCocoBytesMax));
  std::vector<std::string> names;
  CocoLabels labels = PAWL_TRY(parse_coco(text, &names).context(path.string()));
  // Names of categories without a box here need not be the model's.
  std::set<int32_t> used;
  for (const CocoImage& entry : labels.images) {
    for (const TruthBox& box : entry.truth) used.insert(box.class_id);
  }
  std::vector<std::string> used_names;
  for (const int32_t index : used) used_names.push_back(names[static_cast<size_t>(index)]);
  const ClassMap matched = PAWL_TRY(match_names(used_names, classes).context(path.string()));
  ClassMap map(names.size(), -1);
  size_t next = 0;
  for (const int32_t index : used) map[static_cast<size_t>(index)] = matched[next++];

  std::vector<std::string> file_names;
  for (CocoImage& entry : labels.images) {
    rename_classes(map, &entry.truth);
    file_names.push_back(entry.file_name);
  }
  const CocoNames entries(file_names);
  for (const fs::path& image : images) {
    const int64_t found = PAWL_TRY(entries.find(fs::absolute(image)).context(path.string()));
    const CocoImage entry = found < 0 ? CocoImage{} : labels.images[static_cast<size_t>(found)];
    if (found < 0) ++set->images_without_labels;
    set->truth.push_back(entry.truth);
    set->sizes.push_back(entry.size);
  }
  remark_left_out(path, labels, set);
  return {};
}

}  // namespace

const char* label_format_name(LabelFormat format) {
  switch (format) {
    case LabelFormat::kVoc:
      return "PASCAL VOC";
    case LabelFormat::kYolo:
      return "YOLO";
    case LabelFormat::kCoco:
      return "COCO";
  }
  return "unknown";
}

Result<std::vector<int32_t>> match_names(std::span<const std::string> names,
                                         const ModelClasses& classes) {
  if (classes.names.empty() && !names.empty()) {
    return Error{Code::kInvalidArgument,
                 "the artifact names no classes; compile it again with --labels FILE"};
  }
  std::vector<int32_t> map;
  std::string unknown;
  size_t unknown_count = 0;
  for (const std::string& name : names) {
    const auto found = std::find(classes.names.begin(), classes.names.end(), name);
    map.push_back(static_cast<int32_t>(found - classes.names.begin()));
    if (found != classes.names.end()) continue;
    if (++unknown_count <= kNamesShown) unknown += (unknown.empty() ? "" : ", ") + name;
  }
  if (unknown_count == 0) return map;
  std::string known;
  for (size_t i = 0; i < std::min(kNamesShown, classes.names.size()); ++i) {
    known += (known.empty() ? "" : ", ") + classes.names[i];
  }
  if (classes.names.size() > kNamesShown) known += ", ...";
  return Error{Code::kInvalidArgument, "labels name classes that the model lacks: " + unknown +
                                           (unknown_count > kNamesShown ? ", ..." : "") +
                                           "; it has " + known};
}

Result<LabelSet> load_labels(const fs::path& labels, std::span<const fs::path> images,
                             const ModelClasses& classes) {
  std::error_code ignored;
  if (!fs::exists(labels, ignored)) {
    return Error{Code::kNotFound, labels.string() + ": no such file or folder"};
  }
  const bool folder = fs::is_directory(labels, ignored);
  std::vector<fs::path> files = {labels};
  if (folder) files = PAWL_TRY(label_files(labels));
  LabelSet set;
  std::optional<LabelFormat> format;
  fs::path decisive;
  std::optional<Error> unreadable;  // not the answer where another file tells
  for (const fs::path& file : files) {
    auto text = read_labels(file, kCocoBytesMax);
    if (!text.ok()) {
      if (!unreadable) unreadable = std::move(text).error();
      continue;
    }
    const auto found = format_of(file, text.value());
    if (!found) continue;
    // An empty YOLO file decides only if nothing else does.
    const bool empty = text.value().empty();
    if (!format || !empty) {
      format = found;
      decisive = file;
    }
    if (!empty) break;
  }
  if (!format && unreadable) return *unreadable;
  if (!format || (!folder && *format != LabelFormat::kCoco)) {
    return Error{Code::kUnsupported,
                 labels.string() + ": not VOC .xml files, YOLO .txt files or a COCO .json"};
  }
  set.format = *format;
  set.relative = set.format == LabelFormat::kYolo;
  if (set.format == LabelFormat::kCoco) {
    PAWL_TRY(load_coco(decisive, images, classes, &set));
  } else {
    PAWL_TRY(PerImageLoader(set.format, labels, files).load(images, classes, &set));
  }
  for (const auto& boxes : set.truth) set.boxes += static_cast<int64_t>(boxes.size());
  if (set.images_without_labels == static_cast<int64_t>(images.size())) {
    return Error{Code::kInvalidArgument,
                 labels.string() + ": no image of the folder has labels there; names must match"};
  }
  return set;
}

}  // namespace pawl::program
