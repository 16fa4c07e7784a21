// Proves that VOC, YOLO and COCO labels give the boxes they mean, that classes are matched by name,
// and that every broken file is refused with a message that says where.
#include "apps/pawl/eval_labels.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace pawl::program {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    path_ = fs::temp_directory_path() / ("pawl_labels_" + std::to_string(::getpid()));
    fs::remove_all(path_);
    fs::create_directories(path_ / "labels");
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }
  fs::path labels() const { return path_ / "labels"; }

 private:
  fs::path path_;
};

const ModelClasses kClasses = {3, {"dent", "scratch", "stain"}};

std::string voc_object(const std::string& name, const std::string& box) {
  return "<object><name>" + name + "</name>" + box + "</object>";
}
std::string voc_box(int x1, int y1, int x2, int y2) {
  return "<bndbox><xmin>" + std::to_string(x1) + "</xmin><ymin>" + std::to_string(y1) +
         "</ymin><xmax>" + std::to_string(x2) + "</xmax><ymax>" + std::to_string(y2) +
         "</ymax></bndbox>";
}
std::string voc(const std::string& objects) {
  return "<annotation>" + objects + "</annotation>";
}

void expect_error(const platform::Error& error, platform::Code code, const std::string& part) {
  EXPECT_EQ(error.code, code) << error.message;
  EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
}

TEST(ParseVoc, BoxesNamesAndDifficult) {
  std::vector<std::string> names = {"stain"};
  const auto boxes =
      parse_voc(voc(voc_object("dent", voc_box(8, 16, 200, 111)) +
                    voc_object("stain", "<difficult>1</difficult>" + voc_box(1, 2, 3, 4))),
                &names);
  ASSERT_TRUE(boxes.ok()) << boxes.error().message;
  ASSERT_EQ(boxes.value().size(), 2U);
  EXPECT_EQ(names, (std::vector<std::string>{"stain", "dent"}));
  EXPECT_EQ(boxes.value()[0].class_id, 1);
  EXPECT_EQ(boxes.value()[0].x2, 200.0F);
  EXPECT_FALSE(boxes.value()[0].ignore);
  EXPECT_EQ(boxes.value()[1].class_id, 0);
  EXPECT_TRUE(boxes.value()[1].ignore);
}

TEST(ParseVoc, RefusesBrokenFiles) {
  std::vector<std::string> names;
  const auto error_of = [&names](const std::string& text) {
    const auto result = parse_voc(text, &names);
    return result.ok() ? platform::Error{platform::Code::kIo, "accepted"} : result.error();
  };
  expect_error(error_of("<annotation><object>"), platform::Code::kCorrupt, "well-formed");
  expect_error(error_of("<html/>"), platform::Code::kCorrupt, "<annotation>");
  expect_error(error_of(voc("<object/>")), platform::Code::kCorrupt, "<name>");
  expect_error(error_of(voc(voc_object("dent", "<bndbox><xmin>1</xmin></bndbox>"))),
               platform::Code::kCorrupt, "<ymin>");
  expect_error(error_of(voc(voc_object("dent", voc_box(9, 1, 2, 4)))), platform::Code::kCorrupt,
               "below its minimum");
  expect_error(error_of(voc(voc_object("dent", "<bndbox><xmin>nan</xmin></bndbox>"))),
               platform::Code::kCorrupt, "<xmin>");
}

TEST(ParseYolo, BoxesPolygonsAndBlankLines) {
  const auto boxes = parse_yolo("2 0.5 0.5 0.2 0.4\r\n\n  1 0.1 0.1 0.3 0.2 0.2 0.4");
  ASSERT_TRUE(boxes.ok()) << boxes.error().message;
  ASSERT_EQ(boxes.value().size(), 2U);
  EXPECT_EQ(boxes.value()[0].class_id, 2);
  EXPECT_FLOAT_EQ(boxes.value()[0].x1, 0.4F);
  EXPECT_FLOAT_EQ(boxes.value()[0].y2, 0.7F);
  EXPECT_FLOAT_EQ(boxes.value()[1].x1, 0.1F);
  EXPECT_FLOAT_EQ(boxes.value()[1].x2, 0.3F);
  EXPECT_FLOAT_EQ(boxes.value()[1].y2, 0.4F);
  EXPECT_TRUE(parse_yolo("").value().empty());
}

TEST(ParseYolo, RefusesBrokenLines) {
  const auto error_of = [](const std::string& text) {
    const auto result = parse_yolo(text);
    return result.ok() ? platform::Error{platform::Code::kIo, "accepted"} : result.error();
  };
  for (const char* line :
       {"0 0.5 0.5 0.2", "0", "0.5 0.5 0.5 0.1 0.1", "-1 0.5 0.5 0.1 0.1", "0 0.5 0.5 x 0.1",
        "0 320 240 10 10", "0 0.5 0.5 0.1 -0.1", "0 nan 0.5 0.1 0.1", "0 0.5 0.5 0.1 0.1 0.2"}) {
    expect_error(error_of(std::string("1 0.5 0.5 0.1 0.1\n") + line), platform::Code::kCorrupt,
                 "line 2");
  }
}

const char* const kCoco =
    R"({"images":[{"id":7,"file_name":"sub/a.jpg"},{"id":9,"file_name":"b.jpg"}],
 "categories":[{"id":18,"name":"stain"},{"id":1,"name":"dent"},{"id":90,"name":"toothbrush"}],
 "annotations":[{"image_id":9,"category_id":1,"bbox":[10,20,30,40],"iscrowd":0},
                {"image_id":9,"category_id":18,"bbox":[1.5,2.5,3,4],"iscrowd":1}]})";

TEST(ParseCoco, BoxesAndCrowds) {
  std::vector<std::string> names;
  const auto images = parse_coco(kCoco, &names);
  ASSERT_TRUE(images.ok()) << images.error().message;
  ASSERT_EQ(images.value().size(), 2U);
  EXPECT_TRUE(images.value()[0].truth.empty());
  const auto& truth = images.value()[1].truth;
  ASSERT_EQ(truth.size(), 2U);
  EXPECT_EQ(names[static_cast<size_t>(truth[0].class_id)], "dent");
  EXPECT_EQ(truth[0].x2, 40.0F);
  EXPECT_EQ(truth[0].y2, 60.0F);
  EXPECT_FALSE(truth[0].ignore);
  EXPECT_TRUE(truth[1].crowd && truth[1].ignore);
}

// Every beginning of a good file, and single fields gone wrong.
TEST(ParseCoco, RefusesBrokenFiles) {
  const std::string whole = kCoco;
  std::vector<std::string> names;
  for (size_t length = 0; length + 1 < whole.size(); ++length) {
    EXPECT_FALSE(parse_coco(std::string_view(whole).substr(0, length), &names).ok()) << length;
  }
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"[10,20,30,40]", "[10,20,30]"},
           {"[10,20,30,40]", "[10,20,-30,40]"},
           {"[10,20,30,40]", "[10,20,1e30,40]"},
           {"[10,20,30,40]", "\"box\""},
           {"\"category_id\":1,", "\"category_id\":2,"},
           {"\"image_id\":9,\"category_id\":1,", "\"image_id\":8,\"category_id\":1,"},
           {"\"name\":\"dent\"", "\"name\":5"},
           {"\"id\":7", "\"id\":\"x\""}}) {
    std::string broken = whole;
    broken.replace(broken.find(from), from.size(), to);
    EXPECT_FALSE(parse_coco(broken, &names).ok()) << broken;
  }
}

TEST(MatchNames, UnknownNamesAreListed) {
  const std::vector<std::string> names = {"stain", "rust", "dent", "hole"};
  const auto matched = match_names(names, kClasses);
  ASSERT_FALSE(matched.ok());
  expect_error(matched.error(), platform::Code::kInvalidArgument, "rust, hole");
  EXPECT_EQ(match_names(std::vector<std::string>{"stain", "dent"}, kClasses).value(),
            (std::vector<int32_t>{2, 0}));
  expect_error(match_names(names, ModelClasses{3, {}}).error(), platform::Code::kInvalidArgument,
               "--labels");
}

TEST(LoadLabels, TellsFormatsApartAndFollowsTheImages) {
  const std::vector<fs::path> images = {"x/a.jpg", "x/b.jpg", "x/c.png"};
  {
    const Folder folder;
    folder.write("labels/a.txt", "");
    folder.write("labels/c.txt", "2 0.5 0.5 0.1 0.1\n");
    const auto set = load_labels(folder.labels(), images, kClasses);
    ASSERT_TRUE(set.ok()) << set.error().message;
    EXPECT_EQ(set.value().format, LabelFormat::kYolo);
    EXPECT_TRUE(set.value().relative);
    EXPECT_EQ(set.value().boxes, 1);
    EXPECT_EQ(set.value().images_without_labels, 1);
    EXPECT_EQ(set.value().truth[2][0].class_id, 2);
    // The set's own numbering, told by its classes.txt.
    folder.write("classes.txt", "stain\nscratch\ndent\n");
    EXPECT_EQ(load_labels(folder.labels(), images, kClasses).value().truth[2][0].class_id, 0);
    folder.write("classes.txt", "stain\nscratch\nrust\n");
    expect_error(load_labels(folder.labels(), images, kClasses).error(),
                 platform::Code::kInvalidArgument, "rust");
  }
  {
    const Folder folder;
    folder.write("labels/b.xml", voc(voc_object("scratch", voc_box(1, 2, 3, 4))));
    const auto set = load_labels(folder.labels(), images, kClasses);
    ASSERT_TRUE(set.ok()) << set.error().message;
    EXPECT_EQ(set.value().format, LabelFormat::kVoc);
    EXPECT_FALSE(set.value().relative);
    EXPECT_EQ(set.value().truth[1][0].class_id, 1);
  }
  {
    const Folder folder;
    const fs::path file = folder.write("labels/instances.json", kCoco);
    const auto set = load_labels(file, images, kClasses);
    ASSERT_TRUE(set.ok()) << set.error().message;
    EXPECT_EQ(set.value().format, LabelFormat::kCoco);
    EXPECT_EQ(set.value().truth[1][0].class_id, 0);
    EXPECT_EQ(set.value().truth[1][1].class_id, 2);
    EXPECT_TRUE(load_labels(folder.labels(), images, kClasses).ok());
  }
}

TEST(LoadLabels, RefusesWhatDoesNotBelong) {
  const std::vector<fs::path> images = {"x/a.jpg"};
  const Folder folder;
  expect_error(load_labels(folder.labels(), images, kClasses).error(), platform::Code::kNotFound,
               "no label files");
  expect_error(load_labels(folder.labels() / "none", images, kClasses).error(),
               platform::Code::kNotFound, "no such");
  folder.write("labels/other.txt", "0 0.5 0.5 0.1 0.1\n");
  expect_error(load_labels(folder.labels(), images, kClasses).error(),
               platform::Code::kInvalidArgument, "no image");
  folder.write("labels/a.txt", "3 0.5 0.5 0.1 0.1\n");
  expect_error(load_labels(folder.labels(), images, kClasses).error(),
               platform::Code::kInvalidArgument, "class 3");
}

}  // namespace
}  // namespace pawl::program
