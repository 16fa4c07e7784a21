// COCO instances: one json for the whole set.
#include <cmath>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "apps/pawl/eval_labels.h"
#include "apps/pawl/json.h"

namespace pawl::program {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

constexpr double kExactMax = 9007199254740992.0;  // 2^53: whole numbers below are exact
constexpr float kPixelsMax = 1e6F;

// The array under `key`, or null.
const Json* array_of(const Json& root, const char* key) {
  const auto found = root.find(key);
  return found != root.end() && found->is_array() ? &*found : nullptr;
}

// Ids are whole numbers as a rule, but tools write 7.0 and "7" as well; all three are one id.
bool get_id(const Json& object, const char* key, std::string* id) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (found->is_string()) {
    *id = found->get<std::string>();
    return true;
  }
  if (!found->is_number()) return false;
  const double value = found->get<double>();
  const bool whole =
      found->is_number_float() && std::fabs(value) < kExactMax && value == std::floor(value);
  *id = whole ? std::to_string(static_cast<int64_t>(value)) : found->dump();
  return true;
}

// 1, 1.0, true, "1" and "true"; false where the key is missing or null.
bool get_flag(const Json& object, const char* key, bool* value) {
  *value = false;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return true;
  if (found->is_boolean()) {
    *value = found->get<bool>();
  } else if (found->is_number()) {
    *value = found->get<double>() != 0.0;
  } else if (found->is_string()) {
    const auto text = found->get<std::string>();
    *value = text == "1" || text == "true" || text == "True";
    return *value || text.empty() || text == "0" || text == "false" || text == "False";
  } else {
    return false;
  }
  return true;
}

// 0 where it is not stated.
int64_t get_size(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

bool get_text(const Json& object, const char* key, std::string* value) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return false;
  *value = found->get<std::string>();
  return true;
}

Result<TruthBox> box_of(const Json& annotation) {
  const Json* box = array_of(annotation, "bbox");
  if (box == nullptr || box->size() != 4) {
    return Error{Code::kCorrupt, "expected a bbox of four numbers"};
  }
  float numbers[4];
  for (size_t i = 0; i < 4; ++i) {
    // What Python writes as NaN is null by now.
    if (!(*box)[i].is_number()) return Error{Code::kCorrupt, "a bbox with what is not a number"};
    numbers[i] = (*box)[i].get<float>();
    if (!(std::fabs(numbers[i]) < kPixelsMax)) {
      return Error{Code::kCorrupt, "a bbox that reaches beyond a million pixels"};
    }
  }
  if (numbers[2] < 0.0F || numbers[3] < 0.0F) {
    return Error{Code::kCorrupt, "a bbox of negative width or height"};
  }
  TruthBox truth;
  truth.x1 = numbers[0];
  truth.y1 = numbers[1];
  truth.x2 = numbers[0] + numbers[2];
  truth.y2 = numbers[1] + numbers[3];
  return truth;
}

// "annotations[3] (id 17)"
std::string place_of(const char* list, size_t index, const Json& entry) {
  std::string id;
  const bool has_id = get_id(entry, "id", &id);
  return std::string(list) + "[" + std::to_string(index) + "]" + (has_id ? " (id " + id + ")" : "");
}

// Python writes numbers for which JSON has no words. Here they become null, which is nothing where
// nobody asks and refused where a number is needed.
std::string without_nan(std::string_view text) {
  std::string plain;
  plain.reserve(text.size() + text.size() / 64);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\' && i + 1 < text.size()) plain.push_back(text[i++]);
    size_t word = 0;
    for (const std::string_view name : {"NaN", "Infinity", "-Infinity"}) {
      if (!quoted && text.substr(i).starts_with(name)) word = name.size();
    }
    if (word == 0) {
      plain.push_back(text[i]);
    } else {
      plain += "null";
      i += word - 1;
    }
  }
  return plain;
}

Json parse_json(std::string_view text) {
  const bool python =
      text.find("NaN") != std::string_view::npos || text.find("Infinity") != std::string_view::npos;
  if (!python) return Json::parse(text.begin(), text.end(), nullptr, false);
  return Json::parse(without_nan(text), nullptr, false);
}

// The entries of a list by their ids.
class Ids {
 public:
  explicit Ids(const char* list) : list_(list) {}

  // False for the same entry once more, which is no harm. kCorrupt: no id or name; the id of
  // another.
  Result<bool> add(const Json& entry, size_t at, const char* name_key, std::string* name) {
    std::string id;
    if (!get_id(entry, "id", &id) || !get_text(entry, name_key, name)) {
      return Error{Code::kCorrupt,
                   place_of(list_, at, entry) + ": expected an id and a " + name_key};
    }
    const auto [known, is_new] = names_.try_emplace(id, Named{names_.size(), *name});
    if (is_new || known->second.name == *name) return is_new;
    return Error{Code::kCorrupt, place_of(list_, at, entry) + ": " + *name + " has the id of " +
                                     known->second.name};
  }

  // Its number in the order of add(), -1 where it is not listed; nothing without an id under `key`.
  std::optional<int64_t> find(const Json& entry, const char* key) const {
    std::string id;
    if (!get_id(entry, key, &id)) return std::nullopt;
    const auto known = names_.find(id);
    return known == names_.end() ? -1 : static_cast<int64_t>(known->second.index);
  }

 private:
  struct Named {
    size_t index;
    std::string name;
  };
  const char* list_;
  std::unordered_map<std::string, Named> names_;
};

class Annotations {
 public:
  Annotations(const Ids& images, const Ids& categories)
      : images_(images), categories_(categories) {}

  // Adds the box to its image, or counts it as left out.
  Status add(const Json& annotation, CocoLabels* labels) const {
    const auto image = images_.find(annotation, "image_id");
    const auto category = categories_.find(annotation, "category_id");
    if (!image || !category) return Error{Code::kCorrupt, "expected an image_id and a category_id"};
    if (*image < 0 || *category < 0) {
      ++(*image < 0 ? labels->of_unlisted_images : labels->of_unlisted_categories);
      return {};
    }
    TruthBox truth = PAWL_TRY(box_of(annotation));
    if (!get_flag(annotation, "iscrowd", &truth.crowd)) {
      return Error{Code::kCorrupt, "iscrowd is neither true nor false"};
    }
    truth.ignore = truth.crowd;
    truth.class_id = static_cast<int32_t>(*category);
    labels->images[static_cast<size_t>(*image)].truth.push_back(truth);
    return {};
  }

 private:
  const Ids& images_;
  const Ids& categories_;
};

}  // namespace

Result<CocoLabels> parse_coco(std::string_view text, std::vector<std::string>* names) {
  const Json root = parse_json(text);
  if (!root.is_object()) return Error{Code::kCorrupt, "not a JSON object"};
  const Json* categories = array_of(root, "categories");
  const Json* images = array_of(root, "images");
  const Json* annotations = array_of(root, "annotations");
  if (categories == nullptr || images == nullptr || annotations == nullptr) {
    return Error{Code::kCorrupt, "no images, annotations and categories: not a COCO label file"};
  }
  names->clear();
  Ids category_ids("categories");
  for (size_t i = 0; i < categories->size(); ++i) {
    std::string name;
    const bool is_new = PAWL_TRY(category_ids.add((*categories)[i], i, "name", &name));
    if (is_new) names->push_back(std::move(name));
  }
  CocoLabels labels;
  Ids image_ids("images");
  for (size_t i = 0; i < images->size(); ++i) {
    const Json& entry = (*images)[i];
    CocoImage image;
    const bool is_new = PAWL_TRY(image_ids.add(entry, i, "file_name", &image.file_name));
    image.size = {get_size(entry, "width"), get_size(entry, "height")};
    if (is_new) labels.images.push_back(std::move(image));
  }
  const Annotations reader(image_ids, category_ids);
  for (size_t i = 0; i < annotations->size(); ++i) {
    Status added = reader.add((*annotations)[i], &labels);
    if (!added.ok()) {
      return std::move(added).context(place_of("annotations", i, (*annotations)[i])).error();
    }
  }
  const int64_t left_out = labels.of_unlisted_images + labels.of_unlisted_categories;
  if (left_out > 0 && left_out == static_cast<int64_t>(annotations->size())) {
    return Error{Code::kCorrupt, "no annotation has an image_id and a category_id that are listed"};
  }
  return labels;
}

}  // namespace pawl::program
