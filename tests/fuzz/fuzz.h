/* SPDX-License-Identifier: MIT
 * What fuzz targets share: reading the input piece by piece, and saying what must hold.
 *
 * A target is one file with LLVMFuzzerTestOneInput().  libFuzzer calls it (make fuzz), or replay.c does with each file of
 * tests/fuzz/corpus/TARGET (make check). */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts, and says so, unless the condition holds. */
#define MUST(condition) ((condition) ? (void) 0 : fuzz_broken(#condition, __FILE__, __LINE__))
_noreturn_ void fuzz_broken(const char *condition, const char *file, int line);

/* What of the input has not been read yet. */
struct input {
        const char *data;
        size_t size;
};

/* Up to the separator, which is skipped, or to the end; malloced in its exact size, so that a read beyond it is found. */
char *input_until(struct input *in, const char *separator, size_t *ret_size);
char *input_line(struct input *in);                  /* as a string: ends at its first NUL */
char *input_rest(struct input *in);                  /* the same of all that is left */
unsigned input_byte(struct input *in);               /* 0 at the end */

bool fuzz_is_utf8(const char *s);
bool fuzz_has(const char *s, const char *characters);    /* one of them */

#endif
