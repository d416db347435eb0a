/* SPDX-License-Identifier: MIT
 * L0.  What may be given to gumbo, for html.c alone. */
#ifndef BASE_HTMLGUARD_H
#define BASE_HTMLGUARD_H

#include "base/util.h"

#include <gumbo.h>

/* Where gumbo takes longest for what is allowed, 0.3 us a byte: "<a>" without end. */
#define HTMLGUARD_SIZE_MAX (64 * 1024)

/* Whether gumbo reads it in linear time: small enough, and well-formed but for what HTML itself completes:
 * </p>, </li>, </dd> left out, end tags too many, blocks that end what is open in them. */
bool htmlguard_allows(const char *html, size_t size);

/* The same without tags, as one text in <pre>, which gumbo reads in linear time whatever it was: line ends for
 * br and blocks, alt for img, without the content of what is not shown.  A tag, comment or <script> that never
 * ends is text, but for a tag at the end of what was cut.  Malloced. */
char *htmlguard_flatten(const char *html, size_t size, bool cut);

bool htmlguard_is_shown(GumboTag tag);               /* false: dropped with its content */
unsigned htmlguard_line_ends(GumboTag tag);          /* around it: 0, 1, or 2: set apart by an empty line */

#endif
