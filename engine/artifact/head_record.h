// HeadRecord, the form in a file, to and from HeadSpec and PreprocessSpec, the form in memory.
#pragma once

#include "engine/artifact/format.h"
#include "engine/detect/head.h"

namespace pawl::engine {

// Enumerators are taken as they stand in the record: validated by the reader, or ours.
PreprocessSpec preprocess_spec(const HeadRecord& record);
HeadSpec head_spec(const HeadRecord& record);

// Fill their fields and leave the others alone. set_head marks the head as present.
void set_preprocess(const PreprocessSpec& preprocess, HeadRecord* record);
void set_head(const HeadSpec& head, HeadRecord* record);

}  // namespace pawl::engine
