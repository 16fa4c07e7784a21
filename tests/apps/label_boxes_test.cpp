// Proves that the corners of a labelled box are each read from their own place and that a box is
// refused where either side runs backwards, in every label format.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "apps/pawl/eval_labels.h"

namespace pawl::program {
namespace {

std::string voc(const std::string& x1, const std::string& y1, const std::string& x2,
                const std::string& y2) {
  return "<annotation><object><name>dent</name><bndbox><xmin>" + x1 + "</xmin><ymin>" + y1 +
         "</ymin><xmax>" + x2 + "</xmax><ymax>" + y2 + "</ymax></bndbox></object></annotation>";
}

std::string coco(const std::string& box) {
  return R"({"categories":[{"id":7,"name":"dent"}],"images":[{"id":3,"file_name":"a.png"}],)"
         R"("annotations":[{"image_id":3,"category_id":7,"bbox":)" +
         box + "}]}";
}

void expect_box(const TruthBox& box, float x1, float y1, float x2, float y2) {
  EXPECT_FLOAT_EQ(box.x1, x1);
  EXPECT_FLOAT_EQ(box.y1, y1);
  EXPECT_FLOAT_EQ(box.x2, x2);
  EXPECT_FLOAT_EQ(box.y2, y2);
}

TEST(LabelBoxes, Voc) {
  std::vector<std::string> names;
  StatedSize size;
  const auto box = parse_voc(voc("1.5", "20", "300", "4000"), &names, &size);
  ASSERT_TRUE(box.ok()) << box.error().message;
  ASSERT_EQ(box.value().size(), 1U);
  expect_box(box.value()[0], 1.5F, 20.0F, 300.0F, 4000.0F);
  EXPECT_TRUE(parse_voc(voc("5", "6", "5", "6"), &names, &size).ok());  // empty, but not backwards
  EXPECT_FALSE(parse_voc(voc("6", "6", "5", "7"), &names, &size).ok());
  EXPECT_FALSE(parse_voc(voc("5", "7", "6", "6"), &names, &size).ok());
}

TEST(LabelBoxes, Coco) {
  std::vector<std::string> names;
  const auto images = parse_coco(coco("[1.5,20,300,4000]"), &names);
  ASSERT_TRUE(images.ok()) << images.error().message;
  ASSERT_EQ(images.value().images[0].truth.size(), 1U);
  expect_box(images.value().images[0].truth[0], 1.5F, 20.0F, 301.5F, 4020.0F);
  EXPECT_TRUE(parse_coco(coco("[1,2,0,0]"), &names).ok());
  EXPECT_FALSE(parse_coco(coco("[1,2,-3,4]"), &names).ok());
  EXPECT_FALSE(parse_coco(coco("[1,2,3,-4]"), &names).ok());
}

TEST(LabelBoxes, Yolo) {
  const auto boxes = parse_yolo("2 0.5 0.25 0.1 0.3\n1 0.1 0.2 0.9 0.3 0.4 0.8 0.2 0.1\n");
  ASSERT_TRUE(boxes.ok()) << boxes.error().message;
  ASSERT_EQ(boxes.value().size(), 2U);
  expect_box(boxes.value()[0], 0.45F, 0.1F, 0.55F, 0.4F);
  expect_box(boxes.value()[1], 0.1F, 0.1F, 0.9F, 0.8F);  // a polygon's bounds, last corner included
  EXPECT_FALSE(parse_yolo("0 0.5 0.5 -0.1 0.1\n").ok());
  EXPECT_FALSE(parse_yolo("0 0.5 0.5 0.1 -0.1\n").ok());
}

}  // namespace
}  // namespace pawl::program
