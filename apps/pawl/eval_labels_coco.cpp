// COCO instances: one json for the whole set.
#include <cmath>
#include <map>
#include <utility>

#include "apps/pawl/eval_labels.h"
#include "apps/pawl/json.h"

namespace pawl::program {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;

// The array under `key`, or null.
const Json* array_of(const Json& root, const char* key) {
  const auto found = root.find(key);
  return found != root.end() && found->is_array() ? &*found : nullptr;
}

bool get_integer(const Json& object, const char* key, int64_t* value) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return false;
  *value = found->get<int64_t>();
  return true;
}

bool get_text(const Json& object, const char* key, std::string* value) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return false;
  *value = found->get<std::string>();
  return true;
}

bool get_box(const Json& annotation, TruthBox* truth) {
  const Json* box = array_of(annotation, "bbox");
  if (box == nullptr || box->size() != 4) return false;
  float numbers[4];
  for (size_t i = 0; i < 4; ++i) {
    if (!(*box)[i].is_number()) return false;
    numbers[i] = (*box)[i].get<float>();
    if (!(std::fabs(numbers[i]) < 1e6F)) return false;
  }
  if (numbers[2] < 0.0F || numbers[3] < 0.0F) return false;
  truth->x1 = numbers[0];
  truth->y1 = numbers[1];
  truth->x2 = numbers[0] + numbers[2];
  truth->y2 = numbers[1] + numbers[3];
  return true;
}

Error bad_entry(const char* list, size_t index, const char* wanted) {
  return {Code::kCorrupt,
          std::string(list) + "[" + std::to_string(index) + "]: expected " + wanted};
}

}  // namespace

Result<std::vector<CocoImage>> parse_coco(std::string_view text, std::vector<std::string>* names) {
  const Json root = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!root.is_object()) return Error{Code::kCorrupt, "not a JSON object"};
  const Json* categories = array_of(root, "categories");
  const Json* images = array_of(root, "images");
  const Json* annotations = array_of(root, "annotations");
  if (categories == nullptr || images == nullptr || annotations == nullptr) {
    return Error{Code::kCorrupt, "no images, annotations and categories: not a COCO label file"};
  }
  std::map<int64_t, int32_t> class_of;
  for (size_t i = 0; i < categories->size(); ++i) {
    int64_t id = 0;
    std::string name;
    if (!get_integer((*categories)[i], "id", &id) || !get_text((*categories)[i], "name", &name)) {
      return bad_entry("categories", i, "id and name");
    }
    class_of[id] = static_cast<int32_t>(names->size());
    names->push_back(std::move(name));
  }
  std::vector<CocoImage> found;
  std::map<int64_t, size_t> image_of;
  for (size_t i = 0; i < images->size(); ++i) {
    int64_t id = 0;
    CocoImage image;
    if (!get_integer((*images)[i], "id", &id) ||
        !get_text((*images)[i], "file_name", &image.file_name)) {
      return bad_entry("images", i, "id and file_name");
    }
    image_of[id] = found.size();
    found.push_back(std::move(image));
  }
  for (size_t i = 0; i < annotations->size(); ++i) {
    const Json& annotation = (*annotations)[i];
    int64_t image_id = 0;
    int64_t category_id = 0;
    TruthBox truth;
    if (!get_integer(annotation, "image_id", &image_id) ||
        !get_integer(annotation, "category_id", &category_id) || !get_box(annotation, &truth)) {
      return bad_entry("annotations", i, "image_id, category_id and bbox of four numbers");
    }
    const auto image = image_of.find(image_id);
    const auto category = class_of.find(category_id);
    if (image == image_of.end() || category == class_of.end()) {
      return bad_entry("annotations", i, "an image_id and a category_id that exist");
    }
    int64_t crowd = 0;
    truth.crowd = get_integer(annotation, "iscrowd", &crowd) && crowd != 0;
    truth.ignore = truth.crowd;
    truth.class_id = category->second;
    found[image->second].truth.push_back(truth);
  }
  return found;
}

}  // namespace pawl::program
