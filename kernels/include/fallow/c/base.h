// Of the C interface, fallow/fallow.h: versions, statuses, instruction sets, threads, arrays.
#ifndef FALLOW_C_BASE_H_
#define FALLOW_C_BASE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// While this number stays, what is here keeps its meaning and its layout, and programs run with newer libraries:
//   - structs that are passed by value, and fallow_mask_key, never change;
//   - structs that are passed by address end in `reserved`, which must be zeros: what a field made of it later does at
//     zero is what is done now, and an older library names the field instead of ignoring what it does not know;
//   - fallow_call_record, which only the library writes, may grow at its end;
//   - enumerations are integers of a fixed size; values and functions may be added.
// Compare it with fallow_abi_version() where the library is found at run time. (The name of a shared library changes
// more often: with C++'s interface.)
#define FALLOW_ABI_VERSION 1
uint32_t fallow_abi_version(void);

// What became of a call. The strings are the library's and valid for ever.
typedef struct fallow_status {
  const char* argument;  // Null if the call succeeded, else the argument at fault.
  const char* expected;  // What it had to be.
  double value;          // What it was: for arrays their size, or how much is shared; for pointers 0.
} fallow_status;

static inline int fallow_ok(fallow_status status) { return !status.argument; }

// One line for people, such as "rate: got 1.5, expected a number in [0, 1]", or "ok", into `text` of `size` bytes: cut
// to fit, and ended by a zero. Returns its whole length without the zero. `text` may be null if `size` is 0.
size_t fallow_status_message(fallow_status status, char* text, size_t size);

// An instruction set, such as AVX2. The numbers belong to the library that is loaded: keep names, not numbers. 0 stands
// for the default.
typedef int64_t fallow_target;

// Those that the library holds and this CPU runs, best first: writes at most `capacity`, returns how many there are.
// `targets` may be null if `capacity` is 0.
size_t fallow_supported_targets(fallow_target* targets, size_t capacity);
// What 0 stands for: fallow::DefaultTarget of fallow/target.h.
fallow_target fallow_default_target(void);
// "AVX3", "AVX2", "SSE4", "NEON", ...; "default" for 0, "unknown" for a number that is none.
const char* fallow_target_name(fallow_target target);
// Sets *target to the one called `name`. Errors: the library holds none of that name.
fallow_status fallow_find_target(const char* name, fallow_target* target);

// What one call did; fallow/profile.h has the details.
typedef struct fallow_call_record {
  const char* operation;  // The function's name in C++, such as "DropoutForward". Valid for ever.
  size_t elements;
  fallow_target target;        // The one that was used.
  int64_t start;               // Nanoseconds, of the steady clock,
  int64_t nanoseconds;         // and from there to the end.
  int64_t thread_nanoseconds;  // What all threads spent on the call, summed,
  int64_t mask_nanoseconds;    // and what of that went into masks and random words.
  int32_t dtype;               // A fallow_dtype, or -1 for calls without elements.
  int32_t threads;             // The most that the call may have used.
} fallow_call_record;

// Called once by each call that succeeds, on the caller's thread, right before it returns, with a record that is gone
// afterwards. Calls at the same time record at the same time. Must not throw; may call the library.
typedef void (*fallow_profile_function)(void* context, const fallow_call_record* record);

// How a call may use the machine. No field changes a result, but for last digits where a C++ header says so.
typedef struct fallow_execution {
  // Most threads one call may use, the caller's included. 0 or less: all of the oneTBB arena that the caller is in.
  // 1, and for calls of up to 32,768 elements whatever it says: the caller's alone, without touching oneTBB.
  int32_t max_threads;
  int32_t reserved_threads;
  fallow_target target;             // Used, or if this CPU lacks it, the best one below. Errors: not a known one.
  fallow_profile_function profile;  // Null: nobody hears of the call.
  void* profile_context;
  uint64_t reserved[4];
} fallow_execution;

enum { FALLOW_F32 = 0, FALLOW_F64 = 1, FALLOW_BF16 = 2, FALLOW_F16 = 3 };
typedef int32_t fallow_dtype;

// rows x cols elements: element (r, c) is number r * cols + c, at data + (r * row_stride + c) elements. What lies
// between the rows is neither read nor written. All zeros where an array may be left out.
typedef struct fallow_array {
  void* data;
  size_t rows, cols, row_stride;
  fallow_dtype dtype;
} fallow_array;

typedef struct fallow_const_array {
  const void* data;
  size_t rows, cols, row_stride;
  fallow_dtype dtype;
} fallow_const_array;

// `count` elements that follow each other.
static inline fallow_array fallow_elements(void* data, fallow_dtype dtype, size_t count) {
  fallow_array array = {data, 1, count, count, dtype};
  return array;
}
static inline fallow_const_array fallow_const_elements(const void* data, fallow_dtype dtype, size_t count) {
  fallow_const_array array = {data, 1, count, count, dtype};
  return array;
}

#ifdef __cplusplus
}
#endif

#endif  // FALLOW_C_BASE_H_
