/* SPDX-License-Identifier: MIT
 * L3.  What an agent is shown before a reply is posted. */
#ifndef FLOW_PREVIEW_H
#define FLOW_PREVIEW_H

#include "flow/plain.h"

#include "base/text.h"

struct preview {
        const struct plain *plain;       /* for what was changed */
        const char *const *parts;        /* as they will be posted */
        const uint64_t *lengths;         /* of each, as the network counts it */
        size_t n_parts;
        uint64_t max;                    /* of each; 0: unbounded */
        enum text_unit unit;
        int64_t hold_usec;               /* until it is posted; 0: at once */
};

/* Plain text for a note. */
const char *preview_text(struct arena *a, const struct preview *p);

#endif
