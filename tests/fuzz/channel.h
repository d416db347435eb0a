/* SPDX-License-Identifier: MIT
 * The targets that call a plugin for channels: what they have in common.  A target says what is its network's own.
 *
 * The first line of the input says which operations are called, a letter each: s(tart), p(oll), f(etch), o (post), m, w (post in
 * other ways), l(ook: find), k (find of w), e(dit), d (remove), r(eread), g (download), and those of reactions; n: the first poll
 * is yet to come.  The rest are answers (http.c). */
#ifndef FUZZ_CHANNEL_H
#define FUZZ_CHANNEL_H

#include "world.h"

#include <mentiond/channel.h>

struct channel_target {
        const char *const *settings;     /* of the channel */
        const char *operations;          /* those that there are, but n */
        const char *reactions;           /* the letters of like, repost and hide, of these; a blank for none */
        const char *base;                /* what each URL begins with */
        const char *signs;               /* that may stand in a URL behind that, besides letters, digits and -._~%/?&= */
        const char *ids[3];              /* that are read again, the newest first; the first of them is fetched */
        const char *own, *theirs;        /* the one is changed and removed, the other reacted to */
        unsigned posts_max;              /* requests in one post */
        bool tells_own_only;             /* reread() emits of what it was not asked for only what the account wrote */

        /* A request.  1: it posts something. */
        bool (*on_request)(const struct http_request *q);
        struct mentiond_post (*part)(void);
        /* Optional. */
        void (*on_begin)(void);
        void (*on_letter)(char letter);  /* that is no operation */
        void (*on_item)(const struct store_item *item, struct json_object *payload);
        void (*on_end)(struct mentiond_op *op, int verdict);
};

extern char channel_operation;
extern unsigned channel_posts;           /* requests of this operation that post */
extern unsigned channel_confirmations;   /* answers of 2xx from the first of them on */

/* To be changed where it differs: an unlisted answer to 100. */
struct mentiond_post channel_part(void);

/* Of each input. */
int channel_run(const struct channel_target *t, const uint8_t *data, size_t size);

#endif
