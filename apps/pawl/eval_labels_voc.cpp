// PASCAL VOC annotations.
#include <tinyxml2.h>

#include <algorithm>

#include "apps/pawl/eval_labels.h"

namespace pawl::program {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;

Result<float> corner(const tinyxml2::XMLElement& box, const char* name) {
  const tinyxml2::XMLElement* element = box.FirstChildElement(name);
  float value = 0.0F;
  if (element == nullptr || element->QueryFloatText(&value) != tinyxml2::XML_SUCCESS ||
      !(value > -1e6F && value < 1e6F)) {
    return Error{Code::kCorrupt, "line " + std::to_string(box.GetLineNum()) + ": <" + name +
                                     "> is missing or not a number"};
  }
  return value;
}

int32_t index_of(const std::string& name, std::vector<std::string>* names) {
  const auto found = std::find(names->begin(), names->end(), name);
  const auto index = static_cast<int32_t>(found - names->begin());
  if (found == names->end()) names->push_back(name);
  return index;
}

// A number, "true" or "True".
bool flag(const tinyxml2::XMLElement& object, const char* name) {
  const tinyxml2::XMLElement* element = object.FirstChildElement(name);
  return element != nullptr && element->BoolText(false);
}

StatedSize stated_size(const tinyxml2::XMLElement& root) {
  const tinyxml2::XMLElement* size = root.FirstChildElement("size");
  const auto number = [size](const char* name) {
    const tinyxml2::XMLElement* element = size == nullptr ? nullptr : size->FirstChildElement(name);
    return element == nullptr ? int64_t{0} : element->Int64Text(0);
  };
  return {number("width"), number("height")};
}

}  // namespace

Result<std::vector<TruthBox>> parse_voc(std::string_view text, std::vector<std::string>* names,
                                        StatedSize* size) {
  tinyxml2::XMLDocument document;
  if (document.Parse(text.data(), text.size()) != tinyxml2::XML_SUCCESS) {
    return Error{Code::kCorrupt,
                 "line " + std::to_string(document.ErrorLineNum()) + ": not well-formed XML"};
  }
  const tinyxml2::XMLElement* root = document.FirstChildElement("annotation");
  if (root == nullptr) return Error{Code::kCorrupt, "no <annotation>: not a VOC label file"};
  *size = stated_size(*root);
  std::vector<TruthBox> boxes;
  for (const tinyxml2::XMLElement* object = root->FirstChildElement("object"); object != nullptr;
       object = object->NextSiblingElement("object")) {
    const std::string line = "line " + std::to_string(object->GetLineNum()) + ": ";
    const tinyxml2::XMLElement* name = object->FirstChildElement("name");
    const tinyxml2::XMLElement* box = object->FirstChildElement("bndbox");
    if (name == nullptr || name->GetText() == nullptr || box == nullptr) {
      return Error{Code::kCorrupt, line + "an <object> without <name> or <bndbox>"};
    }
    TruthBox truth;
    truth.class_id = index_of(name->GetText(), names);
    truth.x1 = PAWL_TRY(corner(*box, "xmin"));
    truth.y1 = PAWL_TRY(corner(*box, "ymin"));
    truth.x2 = PAWL_TRY(corner(*box, "xmax"));
    truth.y2 = PAWL_TRY(corner(*box, "ymax"));
    if (truth.x2 < truth.x1 || truth.y2 < truth.y1) {
      return Error{Code::kCorrupt, line + "a box whose maximum is below its minimum"};
    }
    truth.ignore = flag(*object, "difficult");
    boxes.push_back(truth);
  }
  return boxes;
}

}  // namespace pawl::program
