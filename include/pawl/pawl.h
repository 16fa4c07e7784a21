/* Pawl for C and everything that can call C: run an artifact on camera frames.
 *
 * The interface is stable. Functions, enumerator values and struct fields stay as they are; a
 * struct with `struct_size` may grow at its end, and its init function fills in the defaults of
 * what the caller's header knows, so old programs run with a new libpawl and the other way round (a
 * field set to something an older library does not know is refused with PAWL_UNSUPPORTED).
 *
 * Errors   A function that can fail returns a pawl_status, 0 when all went well, and then
 *          pawl_last_error() has one line: what failed, where, what to do about it. Null where an
 *          argument is needed gives PAWL_INVALID_ARGUMENT. Out-parameters are set to null or 0 on
 *          failure. Threads that cannot start and memory that is missing in pawl_session_create are
 *          PAWL_EXHAUSTED; running out of memory elsewhere ends the program.
 *
 * Handles  A handle lives from the function that made it to the one that ends it: open to close,
 *          create to destroy. One thread ends it, once, while no call with it is in progress; after
 *          that it must not be passed to anything, and what it handed out (names, detections) is
 *          gone. Handles end in any order: a session keeps what it needs of its artifact and pool.
 *          Nothing ends by itself, not even with the thread that made it.
 *
 * Threads  An artifact may be used by any number of threads at once. A session serves one call at
 *          a time, from any thread; use one session for each camera. A pool serves any number of
 *          sessions, whose frames take turns in the order of the calls. pawl_last_error() is of
 *          the calling thread. After fork() the child must not use the parent's sessions and
 *          pools: their threads do not exist there.
 *
 * Strings  UTF-8, closed by a zero byte, owned by the library.
 */
#ifndef PAWL_PAWL_H
#define PAWL_PAWL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PAWL_EXPORT __attribute__((visibility("default")))
#else
#define PAWL_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when functions or fields are added. */
#define PAWL_API_VERSION 3
PAWL_EXPORT int32_t pawl_api_version(void); /* of the library, where the macro is the header's */
PAWL_EXPORT const char* pawl_version(void); /* "0.1.0" */
/* Of this thread's last failure, valid until its next one; "" before the first. */
PAWL_EXPORT const char* pawl_last_error(void);

/* Frozen values. A later version may add some: treat what you do not know as a failure. */
typedef int32_t pawl_status;
enum {
  PAWL_OK = 0,
  PAWL_INVALID_ARGUMENT = 1, /* the caller asked for something that cannot be */
  PAWL_NOT_FOUND = 2,        /* no such file */
  PAWL_CORRUPT = 3,          /* a damaged artifact */
  PAWL_UNSUPPORTED = 4,      /* not something this library or machine does */
  PAWL_IO = 5,               /* the operating system refused */
  PAWL_EXHAUSTED = 6         /* no memory, no thread, or a stated limit */
};

/* Frozen values. */
typedef int32_t pawl_pixel_format;
enum {
  PAWL_BGR8 = 0,  /* 3 bytes a pixel, interleaved */
  PAWL_RGB8 = 1,  /* 3 bytes a pixel, interleaved */
  PAWL_GRAY8 = 2, /* 1 byte a pixel */
  PAWL_NV12 = 3   /* Y plane, then interleaved UV at half resolution; even sizes */
};

/* A compiled model, mapped from its file and verified. The file must stay as it is while it is
 * mapped: update it by renaming a new file over it. Where it is truncated or written into instead,
 * the process may end (SIGBUS). */
typedef struct pawl_artifact pawl_artifact;
PAWL_EXPORT pawl_status pawl_artifact_open(const char* path, pawl_artifact** artifact);
/* Since version 3. The same, read into memory of this process's own, where nothing that happens to
 * the file later is noticed: for files that are updated in place. At most 4 GiB. */
PAWL_EXPORT pawl_status pawl_artifact_open_copy(const char* path, pawl_artifact** artifact);
/* Reads the whole file once more and compares its SHA-256: slow, for acceptance after a copy. */
PAWL_EXPORT pawl_status pawl_artifact_verify(const pawl_artifact* artifact);
/* Ends the handle; null is allowed. Sessions made from the artifact go on. */
PAWL_EXPORT void pawl_artifact_close(pawl_artifact* artifact);
/* Name of a class, "" where the artifact has none. Valid until the artifact is closed. */
PAWL_EXPORT const char* pawl_label(const pawl_artifact* artifact, int32_t class_id);

/* Since version 2. Threads that several sessions share: those of a box with several cameras.
 * threads  the calling one included; 0: one for each core this process may use
 * pin      1: each of the pool's own threads keeps to a core, the fastest first, and one is left
 * for the caller. For machines that do nothing else. Ignored with fewer cores than threads. */
typedef struct pawl_pool pawl_pool;
PAWL_EXPORT pawl_status pawl_pool_create(int32_t threads, int32_t pin, pawl_pool** pool);
/* Ends the handle; null is allowed. Sessions made with the pool go on; the last one ends the
 * threads. */
PAWL_EXPORT void pawl_pool_destroy(pawl_pool* pool);

typedef struct pawl_session_options {
  uint32_t struct_size;   /* sizeof(pawl_session_options), set by pawl_session_options_init */
  int32_t threads;        /* as of a pool; the session then has one of its own */
  float confidence;       /* keep scores above this; 0.25 */
  float iou;              /* suppress overlaps of more than this; 0.45 */
  int32_t detections_max; /* in a frame; 300 */
  int32_t multi_label;    /* 1: every class above the threshold, 0: the best one */
  /* Since version 2. */
  int32_t pin;       /* as of a pool; 0 */
  uint32_t reserved; /* 0 */
  pawl_pool* pool;   /* null, or instead of `threads` and `pin` */
} pawl_session_options;
/* Defaults: pawl_session_options_init(&options, sizeof options). */
PAWL_EXPORT void pawl_session_options_init(pawl_session_options* options, size_t struct_size);

/* An artifact being run for one camera. `options` null: the defaults. */
typedef struct pawl_session pawl_session;
PAWL_EXPORT pawl_status pawl_session_create(const pawl_artifact* artifact,
                                            const pawl_session_options* options,
                                            pawl_session** session);
/* Ends the handle, its threads and the detections it gave last; null is allowed. Waits for no call:
 * none may be in progress. */
PAWL_EXPORT void pawl_session_destroy(pawl_session* session);

/* Pixels, borrowed for the call. */
typedef struct pawl_frame {
  uint32_t struct_size; /* sizeof(pawl_frame), set by pawl_frame_init */
  pawl_pixel_format format;
  int32_t width, height;
  const uint8_t* data; /* top row */
  int64_t stride;      /* bytes from one row to the next, a row to 2^30; negative: bottom-up */
  const uint8_t* uv;   /* PAWL_NV12: the UV plane */
  int64_t uv_stride;
} pawl_frame;
/* All zero, format PAWL_BGR8: pawl_frame_init(&frame, sizeof frame). */
PAWL_EXPORT void pawl_frame_init(pawl_frame* frame, size_t struct_size);

/* Corners in frame pixels, inside the frame; score 0 to 1. Never grows. */
typedef struct pawl_detection {
  int32_t class_id;
  float score;
  float x1, y1, x2, y2;
} pawl_detection;

/* Frame to detections, best score first; *detections is valid until the session's next call.
 * Allocates nothing. */
PAWL_EXPORT pawl_status pawl_session_detect(pawl_session* session, const pawl_frame* frame,
                                            const pawl_detection** detections, size_t* count);

/* Nanoseconds of the last pawl_session_detect. */
typedef struct pawl_times {
  uint32_t struct_size; /* sizeof(pawl_times), set by the caller */
  uint32_t reserved;
  int64_t preprocess_ns;
  int64_t infer_ns;
  int64_t postprocess_ns;
} pawl_times;
PAWL_EXPORT pawl_status pawl_session_times(const pawl_session* session, pawl_times* times);

#ifdef __cplusplus
}
#endif

#endif /* PAWL_PAWL_H */
