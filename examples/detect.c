/* Boxes in one image, in C: detect_c MODEL.pawl [IMAGE.ppm]
 *
 * Without an image, a gray ramp is looked at: enough to see the model load and run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pawl/pawl.h"

enum { kSideMax = 16384 };

/* Pixels of a gray ramp, RGB; null without memory. */
static uint8_t* gray_ramp(int32_t* width, int32_t* height) {
  *width = 1280;
  *height = 720;
  uint8_t* pixels = malloc((size_t)*width * (size_t)*height * 3);
  if (pixels == NULL) return NULL;
  for (int32_t y = 0; y < *height; ++y) {
    for (int32_t x = 0; x < *width; ++x) {
      memset(pixels + ((size_t)y * (size_t)*width + (size_t)x) * 3, (x + y) / 8, 3);
    }
  }
  return pixels;
}

/* Pixels of a binary PPM with 8 bits a channel; null if it is none. */
static uint8_t* read_ppm(const char* path, int32_t* width, int32_t* height) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  uint8_t* pixels = NULL;
  int largest = 0;
  if (fscanf(file, "P6 %5d %5d %3d", width, height, &largest) == 3 && fgetc(file) != EOF &&
      *width >= 1 && *width <= kSideMax && *height >= 1 && *height <= kSideMax && largest == 255) {
    const size_t bytes = (size_t)*width * (size_t)*height * 3;
    pixels = malloc(bytes);
    if (pixels != NULL && fread(pixels, 1, bytes, file) != bytes) {
      free(pixels);
      pixels = NULL;
    }
  }
  fclose(file);
  return pixels;
}

static pawl_status print_detections(pawl_session* session, const pawl_artifact* artifact,
                                    const pawl_frame* frame) {
  const pawl_detection* found = NULL;
  size_t count = 0;
  pawl_status status = pawl_session_detect(session, frame, &found, &count);
  if (status != PAWL_OK) return status;
  for (size_t i = 0; i < count; ++i) {
    const pawl_detection* d = &found[i];
    printf("%s %.3f [%.1f %.1f %.1f %.1f]\n", pawl_label(artifact, d->class_id), d->score, d->x1,
           d->y1, d->x2, d->y2);
  }
  pawl_times times = {.struct_size = sizeof times};
  status = pawl_session_times(session, &times);
  if (status != PAWL_OK) return status;
  const int64_t total = times.preprocess_ns + times.infer_ns + times.postprocess_ns;
  printf("%zu detections in %.2f ms\n", count, (double)total / 1e6);
  return PAWL_OK;
}

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: %s MODEL.pawl [IMAGE.ppm]\n", argv[0]);
    return 2;
  }
  pawl_frame frame;
  pawl_frame_init(&frame, sizeof frame);
  uint8_t* pixels = argc == 3 ? read_ppm(argv[2], &frame.width, &frame.height)
                              : gray_ramp(&frame.width, &frame.height);
  if (pixels == NULL) {
    fprintf(stderr, "%s: not an 8-bit binary PPM\n", argc == 3 ? argv[2] : "no memory");
    return 1;
  }
  frame.format = PAWL_RGB8;
  frame.stride = (int64_t)frame.width * 3;
  frame.data = pixels;

  pawl_session_options options;
  pawl_session_options_init(&options, sizeof options);
  options.confidence = 0.25F;

  pawl_artifact* artifact = NULL;
  pawl_session* session = NULL;
  pawl_status status = pawl_artifact_open(argv[1], &artifact);
  if (status == PAWL_OK) status = pawl_session_create(artifact, &options, &session);
  if (status == PAWL_OK) status = print_detections(session, artifact, &frame);
  if (status != PAWL_OK) fprintf(stderr, "%s\n", pawl_last_error());

  pawl_session_destroy(session);
  pawl_artifact_close(artifact);
  free(pixels);
  return status == PAWL_OK ? 0 : 1;
}
