#include "engine/artifact/head_record.h"

#include <algorithm>
#include <iterator>

namespace pawl::engine {

PreprocessSpec preprocess_spec(const HeadRecord& record) {
  PreprocessSpec preprocess{.width = record.width,
                            .height = record.height,
                            .channels = record.channels,
                            .fit = static_cast<Fit>(record.fit),
                            .rgb = record.rgb != 0,
                            .pad_value = static_cast<uint8_t>(record.pad_value)};
  std::copy(std::begin(record.mean), std::end(record.mean), preprocess.mean);
  std::copy(std::begin(record.scale), std::end(record.scale), preprocess.scale);
  return preprocess;
}

HeadSpec head_spec(const HeadRecord& record) {
  return HeadSpec{.layout = static_cast<OutputLayout>(record.layout),
                  .box = static_cast<BoxCode>(record.box),
                  .classes = record.classes,
                  .bins = record.bins,
                  .cell_offset = record.cell_offset,
                  .objectness = record.objectness != 0,
                  .scores_are_logits = record.scores_are_logits != 0,
                  .nms = record.nms != 0};
}

void set_preprocess(const PreprocessSpec& preprocess, HeadRecord* record) {
  record->fit = static_cast<uint8_t>(preprocess.fit);
  record->rgb = preprocess.rgb ? 1 : 0;
  record->width = preprocess.width;
  record->height = preprocess.height;
  record->channels = preprocess.channels;
  record->pad_value = preprocess.pad_value;
  std::copy(std::begin(preprocess.mean), std::end(preprocess.mean), record->mean);
  std::copy(std::begin(preprocess.scale), std::end(preprocess.scale), record->scale);
}

void set_head(const HeadSpec& head, HeadRecord* record) {
  record->present = 1;
  record->layout = static_cast<uint8_t>(head.layout);
  record->box = static_cast<uint8_t>(head.box);
  record->objectness = head.objectness ? 1 : 0;
  record->scores_are_logits = head.scores_are_logits ? 1 : 0;
  record->nms = head.nms ? 1 : 0;
  record->classes = head.classes;
  record->bins = head.bins;
  record->cell_offset = head.cell_offset;
}

}  // namespace pawl::engine
