/* SPDX-License-Identifier: MIT
 * L0.  What may be given to json-c. */
#ifndef BASE_JSONGUARD_H
#define BASE_JSONGUARD_H

#include "base/util.h"

#define JSONGUARD_DEPTH_MAX 60           /* the deepest reply of a known API is under 20 */

/* json-c makes 760 bytes of "{}", and about 200 of a member: of 8 MiB it can make 2 GiB.  So the values of a text are
 * counted, arrays and objects fourfold: 100 MiB at most.  The longest list of answers that Mastodon gives, 8 MiB, has
 * 420 000. */
#define JSONGUARD_COST_MAX 500000

/* Whether it may be parsed: false if it is no JSON, or costs too much.  Where there is something in it that json-c cannot
 * bear, *ret is a malloced copy, of *ret_size, in which that is changed, so that the rest can be read; else NULL:
 *
 *  - what is nested deeper is null
 *  - an integer of 20 digits or more, which json-c would take for another, is a string
 *  - NUL, as a byte or escaped, is U+FFFD in a string, where it would end it, and a blank elsewhere
 *
 * Whether the text is well-formed is left to the parser. */
bool jsonguard(const char *text, size_t size, char **ret, size_t *ret_size);

#endif
