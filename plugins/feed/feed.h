/* SPDX-License-Identifier: MIT
 * Channel "feed": what its files share. */
#ifndef FEED_H
#define FEED_H

#include <mentiond/channel.h>

/* What is not there is "". */
struct feed_item {
        const char *guid, *link, *author;        /* link: an address of the Web; author: if need be the whole feed's */
        const char *title, *body;                /* HTML */
        int64_t date_usec;
};

struct feed_list {
        struct feed_item *items;
        int n;
};

/* Called for each of many, with its number: who works for long lets others have their turn, and learns whether it is to end.
 * Then it is not OK. */
static inline int feed_breathe(struct mentiond_op *op, int k)
{
        return k % 32 == 31 ? mentiond_sleep(op, 0) : MENTIOND_OK;
}

/* --- feed_xml.c --- */

/* A verdict.  *ret lives as long as the operation. */
int feed_read(struct mentiond_op *op, const char *url, const struct mentiond_response *response, struct feed_list *ret);

#endif
