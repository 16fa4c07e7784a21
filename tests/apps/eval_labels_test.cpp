// Proves that VOC, YOLO and COCO labels give the boxes they mean, that classes are matched by name,
// and that every broken file is refused with a message that says where.
#include "apps/pawl/eval_labels.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "apps/pawl/coco_names.h"

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
  StatedSize size;
  const auto boxes =
      parse_voc(voc("<size><width>300</width><height>200</height></size>" +
                    voc_object("dent", voc_box(8, 16, 200, 111)) +
                    voc_object("stain", "<difficult>1</difficult>" + voc_box(1, 2, 3, 4))),
                &names, &size);
  ASSERT_TRUE(boxes.ok()) << boxes.error().message;
  ASSERT_EQ(boxes.value().size(), 2U);
  EXPECT_EQ(names, (std::vector<std::string>{"stain", "dent"}));
  EXPECT_EQ(boxes.value()[0].class_id, 1);
  EXPECT_EQ(boxes.value()[0].x2, 200.0F);
  EXPECT_FALSE(boxes.value()[0].ignore);
  EXPECT_EQ(boxes.value()[1].class_id, 0);
  EXPECT_TRUE(boxes.value()[1].ignore);
  EXPECT_EQ(size.width, 300);
  EXPECT_EQ(size.height, 200);
  for (const auto& [flag, ignored] :
       {std::pair{"0", false}, {"1", true}, {"true", true}, {"True", true}, {"false", false}}) {
    const std::string object = std::string("<difficult>") + flag + "</difficult>";
    const auto one =
        parse_voc(voc(voc_object("dent", object + voc_box(1, 2, 3, 4))), &names, &size);
    EXPECT_EQ(one.value()[0].ignore, ignored) << flag;
    EXPECT_EQ(size.width, 0);
  }
}

TEST(ParseVoc, RefusesBrokenFiles) {
  std::vector<std::string> names;
  const auto error_of = [&names](const std::string& text) {
    StatedSize size;
    const auto result = parse_voc(text, &names, &size);
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

// Lines end as on any system; numbers are what Python's float() takes.
TEST(ParseYolo, LineEndsAndNumbers) {
  for (const char* text : {"1 .5 .25 .5 .125\n2 .5 .5 1 1\n", "1 .5 .25 .5 .125\r\n2 .5 .5 1 1\r\n",
                           "1 .5 .25 .5 .125\r2 .5 .5 1 1",
                           "\r\n\n1\t0.5  2.5e-1 5E-1 +0.125  \n\n \t\n2.0 .5 .5 1 1.",
                           "1 0.5 0.25 0.5 0.125\r2 .5 .5 1 1\r\r"}) {
    const auto boxes = parse_yolo(text);
    ASSERT_TRUE(boxes.ok()) << text << boxes.error().message;
    ASSERT_EQ(boxes.value().size(), 2U) << text;
    EXPECT_EQ(boxes.value()[0].class_id, 1);
    EXPECT_EQ(boxes.value()[0].x1, 0.25F);
    EXPECT_EQ(boxes.value()[0].y2, 0.3125F);
    EXPECT_EQ(boxes.value()[1].class_id, 2);
    EXPECT_EQ(boxes.value()[1].x2, 1.0F);
  }
}

TEST(ParseYolo, RefusesBrokenLines) {
  const auto error_of = [](const std::string& text) {
    const auto result = parse_yolo(text);
    return result.ok() ? platform::Error{platform::Code::kIo, "accepted"} : result.error();
  };
  for (const char* line :
       {"0 0.5 0.5 0.2", "0", "0.5 0.5 0.5 0.1 0.1", "-1 0.5 0.5 0.1 0.1", "0 0.5 0.5 x 0.1",
        "0 320 240 10 10", "0 0.5 0.5 0.1 -0.1", "0 nan 0.5 0.1 0.1", "0 0.5 0.5 0.1 0.1 0.2",
        "0,0.5,0.5,0.1,0.1", "0 inf 0.5 0.1 0.1", "0 +-0.5 0.5 0.1 0.1"}) {
    expect_error(error_of(std::string("1 0.5 0.5 0.1 0.1\n") + line), platform::Code::kCorrupt,
                 "line 2");
  }
  expect_error(error_of("0 0.5 0.5 0.1 0.1 0.9"), platform::Code::kCorrupt, "score");
  expect_error(error_of("0 0,5 0,5 0,1 0,1"), platform::Code::kCorrupt, "point");
}

const char* const kCoco =
    R"({"images":[{"id":7,"file_name":"sub/a.jpg"},{"id":9,"file_name":"b.jpg"}],
 "categories":[{"id":18,"name":"stain"},{"id":1,"name":"dent"},{"id":90,"name":"toothbrush"}],
 "annotations":[{"image_id":9,"category_id":1,"bbox":[10,20,30,40],"iscrowd":0},
                {"image_id":9,"category_id":18,"bbox":[1.5,2.5,3,4],"iscrowd":1}]})";

TEST(ParseCoco, BoxesAndCrowds) {
  std::vector<std::string> names;
  const auto labels = parse_coco(kCoco, &names);
  ASSERT_TRUE(labels.ok()) << labels.error().message;
  const auto& images = labels.value().images;
  ASSERT_EQ(images.size(), 2U);
  EXPECT_TRUE(images[0].truth.empty());
  const auto& truth = images[1].truth;
  ASSERT_EQ(truth.size(), 2U);
  EXPECT_EQ(names[static_cast<size_t>(truth[0].class_id)], "dent");
  EXPECT_EQ(truth[0].x2, 40.0F);
  EXPECT_EQ(truth[0].y2, 60.0F);
  EXPECT_FALSE(truth[0].ignore);
  EXPECT_TRUE(truth[1].crowd && truth[1].ignore);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// What other tools write for the same: the same boxes, and nothing left out.
TEST(ParseCoco, FlagsIdsAndNumbersInOtherForms) {
  const std::string crowd = "\"iscrowd\":1";
  const std::string bare = "\"iscrowd\":0";
  const std::vector<std::vector<std::pair<std::string, std::string>>> forms = {
      {{crowd, "\"iscrowd\":true"}, {bare, "\"iscrowd\":false"}},
      {{crowd, "\"iscrowd\":1.0"}, {bare, "\"iscrowd\":0.0"}},
      {{crowd, "\"iscrowd\":\"1\""}, {bare, "\"iscrowd\":\"0\""}},
      {{crowd, "\"iscrowd\":\"true\""}, {bare, "\"iscrowd\":null"}},
      {{crowd, "\"iscrowd\":true"}, {"," + bare, ""}},
      {{"_id\":9", "_id\":9.0"}},
      {{"_id\":9", "_id\":\"9\""}},
      {{"\"id\":9,", "\"id\":\"9\","}},
      {{"\"id\":9,", "\"id\":\"im-9\","}, {"_id\":9", "_id\":\"im-9\""}},
      {{"\"id\":18", "\"id\":\"18\""}},
      {{"\"id\":9,", "\"id\":9007199254740993,"}, {"_id\":9", "_id\":9007199254740993"}},
      {{crowd, crowd + ",\"area\":NaN"}, {bare, bare + ",\"area\":-Infinity,\"s\":[Infinity]"}},
      {{"b.jpg", "Infinity \\\"NaN.jpg"}, {crowd, crowd + ",\"area\":NaN"}},
  };
  std::vector<std::string> names;
  const auto wanted = parse_coco(kCoco, &names).value();
  for (const auto& form : forms) {
    std::string text = kCoco;
    for (const auto& [from, to] : form) text = replaced(text, from, to);
    std::vector<std::string> found_names;
    const auto found = parse_coco(text, &found_names);
    ASSERT_TRUE(found.ok()) << found.error().message << text;
    EXPECT_EQ(found_names, names);
    EXPECT_EQ(found.value().of_unlisted_images + found.value().of_unlisted_categories, 0) << text;
    ASSERT_EQ(found.value().images.size(), 2U);
    const auto& truth = found.value().images[1].truth;
    ASSERT_EQ(truth.size(), 2U) << text;
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(truth[i].crowd, wanted.images[1].truth[i].crowd) << text;
      EXPECT_EQ(truth[i].class_id, wanted.images[1].truth[i].class_id);
      EXPECT_EQ(truth[i].x2, wanted.images[1].truth[i].x2);
    }
  }
  EXPECT_EQ(
      parse_coco(replaced(replaced(kCoco, "b.jpg", "Infinity \\\"NaN.jpg"), crowd, "\"a\":NaN"),
                 &names)
          .value()
          .images[1]
          .file_name,
      "Infinity \"NaN.jpg");
}

TEST(ParseCoco, UnlistedImagesAndCategoriesAreLeftOut) {
  std::vector<std::string> names;
  const auto counts = [&names](const std::string& text) {
    const auto found = parse_coco(text, &names);
    EXPECT_TRUE(found.ok()) << found.error().message;
    const CocoLabels labels = found.ok() ? found.value() : CocoLabels{};
    size_t boxes = 0;
    for (const CocoImage& image : labels.images) boxes += image.truth.size();
    return std::vector<int64_t>{static_cast<int64_t>(boxes), labels.of_unlisted_images,
                                labels.of_unlisted_categories};
  };
  EXPECT_EQ(counts(replaced(kCoco, "9,\"category_id\":1,", "8,\"category_id\":1,")),
            (std::vector<int64_t>{1, 1, 0}));
  EXPECT_EQ(counts(replaced(kCoco, "\"category_id\":18", "\"category_id\":19")),
            (std::vector<int64_t>{1, 0, 1}));
  // Not even looked at.
  EXPECT_EQ(counts(replaced(kCoco, "9,\"category_id\":1,\"bbox\":[10",
                            "8,\"category_id\":1,\"bbox\":[NaN")),
            (std::vector<int64_t>{1, 1, 0}));
  const auto none = parse_coco(replaced(kCoco, "_id\":9", "_id\":8"), &names);
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message.find("no annotation"), std::string::npos);
}

TEST(ParseCoco, SameIdTwice) {
  std::vector<std::string> names;
  const std::string b = R"({"id":9,"file_name":"b.jpg"})";
  const auto repeated = parse_coco(replaced(kCoco, b, b + "," + b), &names);
  ASSERT_TRUE(repeated.ok()) << repeated.error().message;
  EXPECT_EQ(repeated.value().images.size(), 2U);
  EXPECT_EQ(repeated.value().images[1].truth.size(), 2U);
  const auto image = parse_coco(replaced(kCoco, "\"id\":9", "\"id\":7"), &names);
  ASSERT_FALSE(image.ok());
  expect_error(image.error(), platform::Code::kCorrupt, "images[1] (id 7)");
  const auto category = parse_coco(replaced(kCoco, "\"id\":1,", "\"id\":18,"), &names);
  ASSERT_FALSE(category.ok());
  expect_error(category.error(), platform::Code::kCorrupt, "categories[1] (id 18)");
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
           {"[10,20,30,40]", "[10,20,NaN,40]"},
           {"[10,20,30,40]", "[10,Infinity,30,40]"},
           {"[10,20,30,40]", "[10,20,null,40]"},
           {"[10,20,30,40]", "[10,20,xNaN,40]"},
           {"\"iscrowd\":0", "\"iscrowd\":[]"},
           {"\"iscrowd\":0", "\"iscrowd\":\"maybe\""},
           {"\"category_id\":1,", "\"category_id\":null,"},
           {"\"image_id\":9,\"category_id\":1,", "\"image_id\":true,\"category_id\":1,"},
           {"\"image_id\":9,\"category_id\":1,", "\"category_id\":1,"},
           {"\"name\":\"dent\"", "\"name\":5"},
           {"\"id\":7", "\"id\":NaN"}}) {
    std::string broken = whole;
    broken.replace(broken.find(from), from.size(), to);
    EXPECT_FALSE(parse_coco(broken, &names).ok()) << broken;
  }
  const auto nan = parse_coco(replaced(whole, "[10,20,30,40]", "[NaN,20,30,40],\"id\":31"), &names);
  ASSERT_FALSE(nan.ok());
  expect_error(nan.error(), platform::Code::kCorrupt, "annotations[0] (id 31): a bbox");
}

int64_t entry(const std::vector<std::string>& names, const std::string& image) {
  const auto found = CocoNames(names).find(image);
  EXPECT_TRUE(found.ok()) << image;
  return found.ok() ? found.value() : -2;
}

TEST(CocoNames, NamesFromOtherMachines) {
  const std::vector<std::string> names = {"val\\im0.png", "C:\\data\\im1.PNG",
                                          "a b/im 2.png", "my%20im%2B3.png",
                                          "50%.png",      "http://h/x/im4.jpg"};
  EXPECT_EQ(entry(names, "/photos/im0.png"), 0);
  EXPECT_EQ(entry(names, "/photos/val\\im0.png"), 0);
  EXPECT_EQ(entry(names, "/photos/im1.png"), 1);
  EXPECT_EQ(entry(names, "/photos/im 2.png"), 2);
  EXPECT_EQ(entry(names, "/photos/my im+3.png"), 3);
  EXPECT_EQ(entry(names, "/photos/my%20im%2B3.png"), 3);
  EXPECT_EQ(entry(names, "/photos/50%.png"), 4);
  EXPECT_EQ(entry(names, "/photos/im4.jpg"), 5);
  EXPECT_EQ(entry(names, "/photos/im5.jpg"), -1);
  EXPECT_EQ(entry(names, "/photos/m0.png"), -1);
  EXPECT_EQ(entry({""}, "/photos/a.png"), -1);
}

// Folders decide first, then the letters; what nothing decides is an error, not the last entry.
TEST(CocoNames, SeveralOfOneName) {
  const std::vector<std::string> folders = {"train/a.jpg", "val/a.jpg", "x/val/a.jpg"};
  EXPECT_EQ(entry(folders, "/d/train/a.jpg"), 0);
  EXPECT_EQ(entry(folders, "/d/x/val/a.jpg"), 2);
  const std::vector<std::string> letters = {"A.jpg", "a.JPG", "a.jpg"};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(entry(letters, "/d/" + letters[i]), static_cast<int64_t>(i));
  }
  const auto unclear = CocoNames(folders).find("/d/test/a.jpg");
  ASSERT_FALSE(unclear.ok());
  expect_error(unclear.error(), platform::Code::kInvalidArgument, "train/a.jpg");
  EXPECT_FALSE(CocoNames(std::vector<std::string>{"a.jpg", "b.jpg", "a.jpg"}).find("a.jpg").ok());
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

// UTF-8 with the mark of Windows programs is read in every format and file, UTF-16 named.
TEST(LoadLabels, ByteOrderMarks) {
  const std::vector<fs::path> images = {"x/a.jpg", "x/b.JPG"};
  const std::string mark = "\xEF\xBB\xBF";
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"a.txt", "2 0.5 0.5 0.1 0.1\r\n"},
           {"a.TXT", "2 0.5 0.5 0.1 0.1\r\n"},
           {"a.xml", voc(voc_object("stain", voc_box(1, 2, 3, 4)))},
           {"all.json",
            replaced(replaced(kCoco, "b.jpg", "sub\\\\a.JPG"), "sub/a.jpg", "b.jpg")}}) {
    for (const std::string& start : {std::string(), mark}) {
      const Folder folder;
      folder.write("labels/" + name, start + text);
      folder.write("labels/._a.txt", "another system's");
      folder.write("labels/data.yaml", "names: [one, two]\n");
      folder.write("labels/notes.txt", "some words\n");
      const auto set = load_labels(folder.labels(), images, kClasses);
      ASSERT_TRUE(set.ok()) << name << set.error().message;
      ASSERT_GE(set.value().truth[0].size(), 1U) << name;
      EXPECT_EQ(set.value().truth[0].back().class_id, 2) << name;
      EXPECT_EQ(set.value().sizes.size(), 2U);
      EXPECT_TRUE(set.value().remarks.empty());
    }
    const Folder folder;
    std::string wide = "\xFF\xFE";
    for (const char c : text) wide += {c, '\0'};
    folder.write("labels/" + name, wide);
    expect_error(load_labels(folder.labels(), images, kClasses).error(), platform::Code::kCorrupt,
                 "UTF-16");
  }
  const Folder folder;
  folder.write("labels/a.txt", mark);  // nothing here
  EXPECT_EQ(load_labels(folder.labels(), images, kClasses).value().boxes, 0);
}

TEST(LoadLabels, SaysWhatItLeftOut) {
  const std::vector<fs::path> images = {"x/b.jpg"};
  const Folder folder;
  const auto file =
      folder.write("all.json", replaced(kCoco, "9,\"category_id\":1,", "8,\"category_id\":1,"));
  const auto set = load_labels(file, images, kClasses);
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set.value().boxes, 1);
  ASSERT_EQ(set.value().remarks.size(), 1U);
  EXPECT_NE(set.value().remarks[0].find("left out 1 annotation of images"), std::string::npos);
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
